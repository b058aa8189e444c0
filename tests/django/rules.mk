# How the helper of the Django tests is built:
#   make -s -f tests/django/rules.mk session-text
include Makefile

$(BUILD)/tests/django/%: $(BUILD)/tests/django/%.o $(LIBRARY)
	$(call link)

.PHONY: session-text
session-text: $(BUILD)/tests/django/session_text
	@echo $<
