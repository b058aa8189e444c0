#include "base/config.h"
#include "base/config_table.h"
#include "base/file.h"
#include "base/ini.h"
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum {
	FILE_MAX_BYTES = 1 << 20,
	SECRET_FILE_MAX_BYTES = 64 << 10,
	PASSWD_MAX_BYTES = 4096,
};

/* Where a setting's text came from, for messages: "FILE:LINE" or the variable's name. */
struct source {
	const char *text;
	const char *place;
	bool from_file; /* text is the path of a file that holds the value */
};

struct reader {
	struct pool *pool;
	struct buffer *errors;
	const char *path;
	struct source *sources; /* one for each setting */
	bool failed;
	bool unreadable; /* the file: then nothing can be said of what it lacks */
};

static void complain(struct reader *reader, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct reader *reader, const char *place, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	buffer_printf(reader->errors, "%s: %s\n", place,
		      pool_vprintf(reader->pool, format, arguments));
	va_end(arguments);
	reader->failed = true;
}

/* The setting that a key means; `*from_file` when it is the KEY_file form of a secret. */
static const struct setting *find_setting(const char *section, const char *key, bool *from_file)
{
	*from_file = false;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		if (strcmp(setting->section, section) != 0)
			continue;
		if (strcmp(setting->key, key) == 0)
			return setting;
		size_t length = strlen(setting->key);
		if (setting->type == SETTING_SECRET && strncmp(key, setting->key, length) == 0 &&
		    strcmp(key + length, "_file") == 0) {
			*from_file = true;
			return setting;
		}
	}
	return NULL;
}

static const char *file_place(struct reader *reader, int line)
{
	return line > 0 ? pool_printf(reader->pool, "%s:%d", reader->path, line) : reader->path;
}

static void take_pair(void *user, const struct ini_pair *pair)
{
	struct reader *reader = user;
	const char *place = file_place(reader, pair->line);
	bool from_file;
	const struct setting *setting = find_setting(pair->section, pair->key, &from_file);
	if (setting == NULL) {
		complain(reader, place, "unknown setting %s in section [%s]", pair->key,
			 pair->section);
		return;
	}
	struct source *source = &reader->sources[setting - settings];
	if (source->text != NULL)
		complain(reader, place, "%s is set twice, first at %s", pair->key, source->place);
	*source = (struct source){ .text = pool_strdup(reader->pool, pair->value),
				   .place = place,
				   .from_file = from_file };
}

static void complain_line(void *user, int line, const char *reason)
{
	struct reader *reader = user;
	complain(reader, file_place(reader, line), "%s", reason);
}

/* What holds a secret is for one account and its group. */
static void check_mode(struct reader *reader, const char *place, const char *path)
{
	struct stat about;
	if (stat(path, &about) == 0 && (about.st_mode & (S_IROTH | S_IWOTH)) != 0)
		complain(reader, place,
			 "other users can read %s; it holds secrets, so run: chmod o-rwx %s", path,
			 path);
}

static void read_file(struct reader *reader)
{
	check_mode(reader, reader->path, reader->path);
	size_t length = 0;
	const char *bytes = file_read(reader->pool, reader->path, FILE_MAX_BYTES, &length);
	if (bytes == NULL) {
		complain(reader, reader->path, "cannot be read: %s", strerror(errno));
		reader->unreadable = true;
		return;
	}
	ini_read(bytes, length,
		 &(struct ini_reader){
			 .take = take_pair, .complain = complain_line, .user = reader });
}

static char *variable_name(struct pool *pool, const struct setting *setting, const char *suffix)
{
	char *name = pool_printf(pool, "GATEHOUSE_%s_%s%s", setting->section, setting->key, suffix);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return name;
}

static const char *find_variable(const char *const *environment, const char *name)
{
	size_t length = strlen(name);
	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static void read_environment(struct reader *reader, const char *const *environment)
{
	for (size_t i = 0; i < setting_count; i++) {
		const char *const suffixes[] = { "", "_FILE" };
		size_t forms = settings[i].type == SETTING_SECRET ? 2 : 1;
		for (size_t j = 0; j < forms; j++) {
			const char *name = variable_name(reader->pool, &settings[i], suffixes[j]);
			const char *text = find_variable(environment, name);
			if (text != NULL)
				reader->sources[i] = (struct source){ .text = text,
								      .place = name,
								      .from_file = j == 1 };
		}
	}
}

static bool is_section(const char *name, size_t length)
{
	for (size_t i = 0; i < setting_count; i++)
		if (strlen(settings[i].section) == length &&
		    strncasecmp(settings[i].section, name, length) == 0)
			return true;
	return false;
}

static bool is_known_variable(struct reader *reader, const char *name)
{
	for (size_t i = 0; i < setting_count; i++)
		if (strcmp(name, variable_name(reader->pool, &settings[i], "")) == 0 ||
		    (settings[i].type == SETTING_SECRET &&
		     strcmp(name, variable_name(reader->pool, &settings[i], "_FILE")) == 0))
			return true;
	return false;
}

/* A misspelt override is as much a mistake as a misspelt line. */
static void check_names(struct reader *reader, const char *const *environment)
{
	static const char prefix[] = "GATEHOUSE_";
	for (; environment != NULL && *environment != NULL; environment++) {
		if (!text_starts_with(*environment, prefix))
			continue;
		const char *section = *environment + strlen(prefix);
		const char *name = pool_strndup(reader->pool, *environment,
						strcspn(*environment, "="));
		size_t length = strcspn(section, "_=");
		if (section[length] == '_' && is_section(section, length) &&
		    !is_known_variable(reader, name))
			complain(reader, name, "there is no such setting");
	}
}

static const char *read_secret_file(struct reader *reader, const struct source *source)
{
	size_t length = 0;
	check_mode(reader, source->place, source->text);
	char *text = file_read(reader->pool, source->text, SECRET_FILE_MAX_BYTES, &length);
	if (text == NULL) {
		complain(reader, source->place, "cannot read %s: %s", source->text,
			 strerror(errno));
		return NULL;
	}
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	pool_wipe_at_end(reader->pool, text, length);
	return text;
}

static void store_integer(struct reader *reader, const struct setting *setting,
			  const struct source *source, int64_t *target)
{
	if (!text_to_integer(source->text, setting->minimum, setting->maximum, target))
		complain(reader, source->place, "%s must be a whole number from %lld to %lld",
			 setting->key, (long long)setting->minimum, (long long)setting->maximum);
}

static void store_boolean(struct reader *reader, const struct setting *setting,
			  const struct source *source, bool *target)
{
	*target = strcmp(source->text, "on") == 0;
	if (!*target && strcmp(source->text, "off") != 0)
		complain(reader, source->place, "%s must be on or off", setting->key);
}

static void store_choice(struct reader *reader, const struct setting *setting,
			 const struct source *source, int64_t *target)
{
	int64_t index = 0;
	for (const char *choice = setting->choices; choice != NULL; index++) {
		const char *bar = strchr(choice, '|');
		size_t length = bar != NULL ? (size_t)(bar - choice) : strlen(choice);
		if (strlen(source->text) == length && strncmp(source->text, choice, length) == 0) {
			*target = index;
			return;
		}
		choice = bar != NULL ? bar + 1 : NULL;
	}
	complain(reader, source->place, "%s must be one of %s", setting->key, setting->choices);
}

static void store_text(struct reader *reader, const struct setting *setting,
		       const struct source *source, const char **target)
{
	const char *text = source->text;
	if (source->from_file)
		text = read_secret_file(reader, source);
	if (text != NULL && !text_is_plain(text, strlen(text), false)) {
		complain(reader, source->place, "%s holds control characters", setting->key);
		return;
	}
	*target = text != NULL ? text : "";
}

static void store(struct reader *reader, const struct setting *setting, struct config *config)
{
	struct source source = reader->sources[setting - settings];
	void *target = (char *)config + setting->offset;
	if (source.text == NULL) {
		source.text = setting->fallback;
		source.place = "default";
	}
	if (source.text == NULL) {
		complain(reader, reader->path != NULL ? reader->path : "configuration",
			 "%s in section [%s] is required. %s", setting->key, setting->section,
			 setting->help);
		source.text = "";
	}
	switch (setting->type) {
	case SETTING_INTEGER:
		store_integer(reader, setting, &source, target);
		break;
	case SETTING_BOOLEAN:
		store_boolean(reader, setting, &source, target);
		break;
	case SETTING_CHOICE:
		store_choice(reader, setting, &source, target);
		break;
	case SETTING_TEXT:
	case SETTING_SECRET:
		store_text(reader, setting, &source, target);
		break;
	}
}

static const char *place_of(struct reader *reader, size_t offset)
{
	for (size_t i = 0; i < setting_count; i++)
		if (settings[i].offset == offset && reader->sources[i].place != NULL)
			return reader->sources[i].place;
	return reader->path != NULL ? reader->path : "configuration";
}

static void complain_at(void *user, size_t offset, const char *reason)
{
	complain(user, place_of(user, offset), "%s", reason);
}

static bool lies_in(const char *path, const char *folder)
{
	if (path == NULL || text_is_empty(folder) || strcmp(folder, "/") == 0)
		return false;
	char *file = realpath(path, NULL), *root = realpath(folder, NULL);
	bool inside = file != NULL && root != NULL && text_starts_with(file, root) &&
		      (file[strlen(root)] == '/' || strcmp(root, "/") == 0);
	free(file);
	free(root);
	return inside;
}

/* A file inside the document root is one missing rule away from being served. As plain CGI the
 * environment says where that is. */
static void check_document_root(struct reader *reader, const char *const *environment)
{
	const char *root = find_variable(environment, "DOCUMENT_ROOT");
	if (lies_in(reader->path, root))
		complain(reader, reader->path, "lies inside the document root %s; move it out",
			 root);
}

const struct config *config_load_from(struct pool *pool, const char *path,
				      const char *const *environment, struct buffer *errors)
{
	struct reader reader = {
		.pool = pool,
		.errors = errors,
		.path = path,
		.sources = pool_zalloc(pool, setting_count * sizeof *reader.sources),
	};
	struct config *config = pool_zalloc(pool, sizeof *config);
	if (path != NULL)
		read_file(&reader);
	if (reader.unreadable)
		return NULL;
	read_environment(&reader, environment);
	check_names(&reader, environment);
	for (size_t i = 0; i < setting_count; i++)
		store(&reader, &settings[i], config);
	if (!reader.failed) {
		config_check(pool, config, complain_at, &reader);
		check_document_root(&reader, environment);
	}
	return reader.failed ? NULL : config;
}

/* Where the configuration may be, after $GATEHOUSE_CONF. Under mod_fcgid a program has no HOME; then
 * the account's own folder counts. */
enum { PLACES = 2 };

static void find_places(struct pool *pool, const char *places[static PLACES])
{
	const char *home = getenv("HOME");
	struct passwd account, *found = NULL;
	char *texts = pool_alloc(pool, PASSWD_MAX_BYTES);
	if (text_is_empty(home) &&
	    getpwuid_r(geteuid(), &account, texts, PASSWD_MAX_BYTES, &found) == 0 && found != NULL)
		home = account.pw_dir;
	places[0] = pool_printf(pool, "%s/.config/gatehouse/gatehouse.conf",
				home != NULL ? home : "");
	places[1] = "/etc/gatehouse/gatehouse.conf";
}

const char *config_path(struct pool *pool)
{
	const char *named = getenv("GATEHOUSE_CONF");
	if (!text_is_empty(named))
		return pool_strdup(pool, named);
	const char *places[PLACES];
	find_places(pool, places);
	for (size_t i = 0; i < PLACES; i++)
		if (access(places[i], F_OK) == 0)
			return places[i];
	return NULL;
}

bool config_lies_in(struct pool *pool, const char *folder)
{
	return lies_in(config_path(pool), folder);
}

const struct config *config_load(struct pool *pool, struct buffer *errors)
{
	const char *path = config_path(pool);
	const struct config *config = config_load_from(pool, path, (const char *const *)environ,
						       errors);
	if (config == NULL && path == NULL) {
		const char *places[PLACES];
		find_places(pool, places);
		buffer_printf(errors,
			      "There is no configuration file: GATEHOUSE_CONF is not set, and "
			      "neither %s nor %s is there.\n",
			      places[0], places[1]);
	}
	return config;
}

const char *const *config_list(struct pool *pool, const char *setting)
{
	size_t count = 1;
	for (const char *c = setting; *c != '\0'; c++)
		count += *c == ',';
	const char **items = pool_zalloc(pool, (count + 1) * sizeof *items);
	size_t filled = 0;
	while (*setting != '\0') {
		size_t length = strcspn(setting, ",");
		const char *item = text_trim(pool, pool_strndup(pool, setting, length));
		if (*item != '\0')
			items[filled++] = item;
		setting += length + (setting[length] == ',');
	}
	return items;
}
