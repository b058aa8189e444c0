# make run    start everything on this machine; Ctrl-C stops it
# make stop   stop it, wherever it was started
#
# Variables: SERVER=apache|apache-proxy|lighttpd|nginx  PORT=8080  STATE=.run  DETACH=1  MODEL=demo
# Any GATEHOUSE_SECTION_KEY variable overrides that key of the configuration.

SERVER ?= apache
PORT ?= 8080
STATE ?= .run
DETACH ?=
MODEL ?=

.PHONY: run stop

# The packages come first, because the build needs them too; hence a second make.
run:
	@SERVER='$(SERVER)' PORT='$(PORT)' MODEL='$(MODEL)' scripts/run check
	@scripts/packages build databases $(SERVER)
	@echo "Building"
	@$(MAKE) -s --no-print-directory all
	@SERVER='$(SERVER)' PORT='$(PORT)' STATE='$(STATE)' DETACH='$(DETACH)' MODEL='$(MODEL)' exec scripts/run

stop:
	@STATE='$(STATE)' exec scripts/run stop
