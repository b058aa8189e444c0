#include "base/config_table.h"
#include <string.h>

/* Help sentences as comment lines of at most 78 bytes. */
static void write_comment(struct buffer *out, const char *text)
{
	size_t column = 0;
	while (*text != '\0') {
		size_t word = strcspn(text, " ");
		if (column > 0 && column + 1 + word > 78) {
			buffer_byte(out, '\n');
			column = 0;
		}
		buffer_puts(out, column == 0 ? "# " : " ");
		column += column == 0 ? 2 : 1;
		buffer_add(out, text, word);
		column += word;
		text += word + (text[word] == ' ');
	}
	buffer_byte(out, '\n');
}

static void write_limits(struct buffer *out, const struct setting *setting)
{
	if (setting->type == SETTING_INTEGER)
		buffer_printf(out, "# From %lld to %lld.\n", (long long)setting->minimum,
			      (long long)setting->maximum);
	else if (setting->type == SETTING_BOOLEAN)
		buffer_puts(out, "# on or off.\n");
	else if (setting->type == SETTING_CHOICE)
		buffer_printf(out, "# One of %s.\n", setting->choices);
	else if (setting->type == SETTING_SECRET)
		buffer_printf(out,
			      "# A secret: it can stand in a file of its own, named by %s_file.\n",
			      setting->key);
}

void config_write_example(struct buffer *out)
{
	buffer_puts(
		out,
		"# Configuration of Gatehouse. Every setting with what it does and its default.\n"
		"# Printed by: gatehousectl config example\n"
		"#\n"
		"# The programs look for this file at $GATEHOUSE_CONF, then at\n"
		"# ~/.config/gatehouse/gatehouse.conf, then at /etc/gatehouse/gatehouse.conf.\n"
		"# Not everybody may read it (chmod 600, or 640 with the service's group), and it\n"
		"# must lie outside the document root. A comment stands on a line of its own. "
		"Every\n"
		"# setting can be overridden in the environment: [site] url is "
		"GATEHOUSE_SITE_URL.\n");
	const char *section = "";
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		if (strcmp(section, setting->section) != 0) {
			section = setting->section;
			buffer_printf(out, "\n[%s]\n", section);
		}
		buffer_byte(out, '\n');
		write_comment(out, setting->help);
		write_limits(out, setting);
		if (setting->fallback == NULL)
			buffer_printf(out, "# Required.\n%s =\n", setting->key);
		else
			buffer_printf(out, "# %s =%s%s\n", setting->key,
				      *setting->fallback != '\0' ? " " : "", setting->fallback);
	}
}

static void write_choice(struct buffer *out, const struct setting *setting, int64_t index)
{
	const char *choice = setting->choices;
	while (index-- > 0 && strchr(choice, '|') != NULL)
		choice = strchr(choice, '|') + 1;
	buffer_add(out, choice, strcspn(choice, "|"));
}

static void write_value(struct buffer *out, const struct setting *setting,
			const struct config *config)
{
	const char *at = (const char *)config + setting->offset;
	switch (setting->type) {
	case SETTING_INTEGER:
		buffer_printf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
		break;
	case SETTING_BOOLEAN:
		buffer_puts(out, *(const bool *)(const void *)at ? "on" : "off");
		break;
	case SETTING_CHOICE:
		write_choice(out, setting, *(const int64_t *)(const void *)at);
		break;
	case SETTING_SECRET:
		buffer_puts(out, **(const char *const *)(const void *)at != '\0' ? "(set)"
										 : "(not set)");
		break;
	case SETTING_TEXT:
		buffer_puts(out, *(const char *const *)(const void *)at);
		break;
	}
}

void config_write_settings(struct buffer *out, const struct config *config)
{
	for (size_t i = 0; i < setting_count; i++) {
		buffer_printf(out, "%s.%s = ", settings[i].section, settings[i].key);
		write_value(out, &settings[i], config);
		buffer_byte(out, '\n');
	}
}

size_t config_entry_count(void)
{
	return setting_count;
}

struct config_entry config_entry(struct pool *pool, const struct config *config, size_t place)
{
	const struct setting *setting = &settings[place];
	struct buffer value = buffer_new(pool, 64);
	write_value(&value, setting, config);
	bool is_secret = setting->type == SETTING_SECRET;
	const char *fallback = setting->fallback;
	if (is_secret && fallback != NULL)
		fallback = *fallback != '\0' ? "(set)" : "(not set)";
	return (struct config_entry){
		.section = setting->section,
		.key = setting->key,
		.help = setting->help,
		.value = value.bytes,
		.is_secret = is_secret,
		.is_default = fallback != NULL && strcmp(fallback, value.bytes) == 0,
	};
}
