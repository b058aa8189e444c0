# make bench    Gatehouse against the least that could do the same, as ratios; see bench/README.md
#
# Variables: SERVER=lighttpd|nginx|apache-proxy  BENCH_OPTIONS="--rounds 7 --seconds 3 --only pages"

BENCH_SERVER = $(if $(filter-out apache,$(SERVER)),$(SERVER),lighttpd)
BENCH_OPTIONS ?=

.PHONY: bench bench-programs bench-chat

bench-programs: $(BUILD)/bench/floor $(BUILD)/bench/hash_floor

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/generated/db/postgresql_statements.o
	$(call link)

# The packages come first, because the build needs them too; hence a second make.
bench:
	@scripts/packages build databases apache lighttpd nginx bench
	@$(MAKE) -s --no-print-directory all bench-programs
	@BUILD='$(BUILD)' $(PYTHON) bench/run.py --server $(BENCH_SERVER) $(BENCH_OPTIONS)

# What a streamed answer costs beyond the model's own time: first words, memory, messages a second.
bench-chat:
	@scripts/packages build databases apache lighttpd nginx bench
	@$(MAKE) -s --no-print-directory all
	@$(PYTHON) -W ignore bench/chat.py $(BENCH_OPTIONS)
