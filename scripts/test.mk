# make test    everything, on servers of its own
# make check   the quick part of it: unit tests, guards, HTTP tests against one server

.PHONY: test check

test:
	@scripts/test

check:
	@scripts/test quick
