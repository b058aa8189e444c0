# Gatehouse. `make` builds, `make run` starts it all, `make test` proves it; see README.md.

VERSION    := 0.1
PREFIX     ?= /usr/local
BUILD      ?= build
CC         ?= cc
PYTHON     := /usr/bin/python3
PROGRAMS   := login register logout chat account gate app

PACKAGES   := apr-1 libpq libmariadb
WARNINGS   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
HARDENED   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
OPTIMISED  := -O2 -D_FORTIFY_SOURCE=3
CFLAGS     ?= -g
# Expanded once, and only when something is compiled: the packages may not be there yet.
PKG_CFLAGS  = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE -DGATEHOUSE_VERSION='"$(VERSION)"' $(WARNINGS) \
              $(OPTIMISED) $(HARDENED) $(SANITIZERS) $(CFLAGS) -Ilib -I$(BUILD)/generated $(PKG_CFLAGS)
LDLIBS     := -lapr-1 -lpq -lmariadb -lfcgi -lssl -lcrypto -lcrypt -ljansson -linih -lmd4c -lmaxminddb -lcurl -lz -lpthread
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections $(SANITIZERS) $(LDFLAGS)

# `make SANITIZE=1` builds everything once more, under AddressSanitizer and UBSan, in its own folder.
ifeq ($(SANITIZE),1)
BUILD      := $(BUILD)/sanitized
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPTIMISED  := -O1
endif

SOURCES    := $(sort $(wildcard lib/*/*.c))
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/generated/db/postgresql_statements.o \
              $(BUILD)/generated/db/mysql_statements.o
GENERATED  := $(BUILD)/generated/db/postgresql_statements.h $(BUILD)/generated/db/mysql_statements.h
LIBRARY    := $(BUILD)/libgatehouse.a
BINARIES   := $(PROGRAMS:%=$(BUILD)/cgi-bin/%) $(BUILD)/gatehouse-answerd $(BUILD)/gatehousectl
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

.PHONY: all clean install unit-tests format lint help
all: $(BINARIES)

help:
	@echo 'make              build                        make install PREFIX=  install'
	@echo 'make run          start everything here        make stop             stop what runs in the background'
	@echo 'make check        the quick tests              make test             all of them'
	@echo 'make bench        measure against floors       make fuzz             search for inputs that break a parser'
	@echo 'make lint         static analysis              make format           clang-format'
	@echo 'make soak         people chat, things break    make bench-chat       what a streamed answer costs'
	@echo 'make screenshots  pictures of every page'
	@echo 'Variables of make run: SERVER PORT STATE DETACH MODEL, and any GATEHOUSE_SECTION_KEY.'

unit-tests: $(UNIT_TESTS)

define statements
$(BUILD)/generated/db/$(1)_statements.h: scripts/statements.awk $(sort $(wildcard sql/$(1)/queries/*.sql))
	@mkdir -p $$(@D)
	@awk -v engine=$(1) -v output=header -f $$^ > $$@.new && mv $$@.new $$@
$(BUILD)/generated/db/$(1)_statements.c: scripts/statements.awk $(sort $(wildcard sql/$(1)/queries/*.sql))
	@mkdir -p $$(@D)
	@awk -v engine=$(1) -v output=source -f $$^ > $$@.new && mv $$@.new $$@
endef
$(eval $(call statements,postgresql))
$(eval $(call statements,mysql))

$(BUILD)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c | $(GENERATED)
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# Keep what was compiled, also where a rule chain would count it as intermediate.
.SECONDARY:

# A running binary is replaced by renaming: writing into it would fail or break it.
define link
	@mkdir -p $(@D)
	@echo "  link    $@" >&2
	@$(CC) $(ALL_LDFLAGS) -o $@.new $(filter %.o %.a,$^) $(LDLIBS) $(1) && mv $@.new $@
endef

$(BUILD)/cgi-bin/%: $(BUILD)/cgi-bin/%.o $(LIBRARY)
	$(call link)

$(BUILD)/gatehousectl: $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard cli/*.c))) $(LIBRARY)
	$(call link)

$(BUILD)/gatehouse-answerd: $(BUILD)/worker/answerd.o $(LIBRARY)
	$(call link)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(call link,-lcmocka)

# Fuzzing: `make fuzz` searches for inputs that break a parser, FUZZ_SECONDS for each (needs clang
# and its libFuzzer, package libclang-rt-14-dev). `make test` only runs the corpus, built as usual.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzz-targets
fuzz-targets: $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/main.o $(LIBRARY)
	$(call link)
fuzz:
	@$(MAKE) -s BUILD=build/fuzzer CC=clang HARDENED= OPTIMISED=-O1 \
		SANITIZERS='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' build/fuzzer/libgatehouse.a
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p build/fuzzer/corpus/$$target && \
		clang -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -Ilib -Ibuild/fuzzer/generated \
			$(PKG_CFLAGS) -o build/fuzzer/$$target tests/fuzz/fuzz_$$target.c build/fuzzer/libgatehouse.a $(LDLIBS) && \
		echo "== $$target" && \
		build/fuzzer/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=5 -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=build/fuzzer/$$target- build/fuzzer/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

# What the tests of Django's format ask; prints where it is.
$(BUILD)/tests/django/%: $(BUILD)/tests/django/%.o $(LIBRARY)
	$(call link)
.PHONY: django-test-helper
django-test-helper: $(BUILD)/tests/django/session_text
	@echo $<

# Without symbols, which are most of a program; `make install STRIP=` keeps them.
STRIP ?= $(if $(SANITIZERS),,-s)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/gatehouse/cgi-bin $(DESTDIR)$(PREFIX)/share/gatehouse
	install $(STRIP) -m 755 $(PROGRAMS:%=$(BUILD)/cgi-bin/%) $(DESTDIR)$(PREFIX)/lib/gatehouse/cgi-bin/
	install $(STRIP) -m 755 $(BUILD)/gatehouse-answerd $(DESTDIR)$(PREFIX)/lib/gatehouse/
	install $(STRIP) -m 755 $(BUILD)/gatehousectl $(DESTDIR)$(PREFIX)/bin/
	for folder in templates static sql apache-conf lighttpd-conf nginx-conf conf demo django docs; do \
		[ ! -d $$folder ] || cp -R $$folder $(DESTDIR)$(PREFIX)/share/gatehouse/ || exit 1; \
	done
	chmod -R u=rwX,go=rX $(DESTDIR)$(PREFIX)/share/gatehouse

C_FILES = $(wildcard lib/*/*.[ch] cgi-bin/*.c worker/*.c cli/*.[ch] bench/*.c tests/unit/*.[ch] tests/fuzz/*.[ch] tests/django/*.c)
format:
	@clang-format -i $(C_FILES)

# Generated sources have to be there for the analysers to see the whole.
lint: $(GENERATED)
	@clang-format --dry-run --Werror $(C_FILES)
	@printf '%s\n' $(SOURCES) | xargs -P "$$(nproc)" -n 8 sh -c \
		'clang-tidy --quiet "$$@" -- -std=c17 -D_GNU_SOURCE -DGATEHOUSE_VERSION=\"$(VERSION)\" -Ilib \
			-I$(BUILD)/generated $(PKG_CFLAGS) 2>/dev/null' lint
	@cppcheck --quiet --error-exitcode=1 --enable=warning,portability --suppress=varFuncNullUB \
		-Ilib -I$(BUILD)/generated lib cgi-bin cli

clean:
	rm -rf $(BUILD)

include scripts/run.mk scripts/test.mk
-include scripts/bench.mk
-include $(OBJECTS:.o=.d) $(wildcard $(BUILD)/cgi-bin/*.d $(BUILD)/cli/*.d $(BUILD)/tests/unit/*.d $(BUILD)/tests/django/*.d \
	$(BUILD)/worker/*.d $(BUILD)/bench/*.d $(BUILD)/tests/fuzz/*.d)
