#include "pages/pages.h"
#include <string.h>

/* What the operator configured, for administrators: the table of settings, without secrets. */

static struct value *entry_value(struct visit *visit, const struct config_entry *entry)
{
	struct value *value = value_object(visit->pool);
	value_set_string(value, "section", entry->section);
	value_set_string(value, "key", entry->key);
	value_set_string(value, "value", entry->value);
	value_set_bool(value, "is_secret", entry->is_secret);
	value_set_bool(value, "is_default", entry->is_default);
	value_set_string(value, "help", entry->help);
	return value;
}

static enum outcome config_show(struct visit *visit)
{
	struct value *all = value_array(visit->pool), *sections = value_array(visit->pool);
	struct value *entries = NULL;
	const char *section = "";
	for (size_t i = 0; i < config_entry_count(); i++) {
		const struct config_entry entry = config_entry(visit->pool, visit->app->config, i);
		struct value *value = entry_value(visit, &entry);
		value_append(all, value);
		if (strcmp(section, entry.section) != 0) {
			struct value *one = value_object(visit->pool);
			section = entry.section;
			entries = value_array(visit->pool);
			value_set_string(one, "name", section);
			value_set(one, "entries", entries);
			value_append(sections, one);
		}
		value_append(entries, value);
	}
	value_set(visit->data, "settings", all);
	value_set(visit->page, "sections", sections);
	return visit_show(visit, "config.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/config", ADMIN, config_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table config_page = { "config", routes, false };
