# make test    everything, on servers of its own
# make check   the quick part of it: unit tests, guards, HTTP tests against one server

.PHONY: test check

test:
	@scripts/test

check:
	@scripts/test quick

# make soak    people who chat for ten minutes, while clients vanish and programs die; see tests/soak/soak.py
#
# Variables: SOAK_OPTIONS="--people 200 --seconds 600 --server nginx|apache-proxy"

SOAK_OPTIONS ?=

.PHONY: soak

soak:
	@scripts/packages build databases apache nginx test
	@$(MAKE) -s --no-print-directory all
	@$(PYTHON) -W ignore tests/soak/soak.py $(SOAK_OPTIONS)

# make screenshots   a picture of every page at three widths, light and dark; see tests/browser/screenshots.py
#
# Variables: SCREENSHOTS=build/screenshots, and ONLY="words" for the pages with one of these in their name

.PHONY: screenshots

screenshots:
	@scripts/packages build databases nginx test
	@$(MAKE) -s --no-print-directory all
	@SCREENSHOTS='$(SCREENSHOTS)' ONLY='$(ONLY)' $(PYTHON) -m pytest -q -s -p no:cacheprovider -W ignore \
		-o python_files=screenshots.py tests/browser/screenshots.py
