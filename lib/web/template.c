#include "base/file.h"
#include "web/template_private.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder inside itself (a symbolic link) must end somewhere. */
enum { FOLDER_DEPTH_MAX = 16 };

static const char *const extensions[] = { ".html", ".txt", ".mustache" };

static const char *extension_of(const char *name)
{
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
		if (text_ends_with(name, extensions[i]))
			return extensions[i];
	return NULL;
}

static int slice_compare(struct slice left, struct slice right)
{
	size_t shorter = left.length < right.length ? left.length : right.length;
	int order = memcmp(left.bytes, right.bytes, shorter);
	return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}

static struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

/* ---- Collecting ---- */

static void add_template(struct template_set *set, struct compiled_template template)
{
	if (set->count == set->capacity) {
		size_t capacity = set->capacity == 0 ? 64 : set->capacity * 2;
		struct compiled_template *more = pool_alloc(set->pool, capacity * sizeof *more);
		if (set->count > 0)
			memcpy(more, set->templates, set->count * sizeof *more);
		set->templates = more;
		set->capacity = capacity;
	}
	set->templates[set->count++] = template;
}

struct folder {
	const char *path;
	const char *prefix; /* of the names of what is in it: "" or "partials/" */
	size_t precedence;
	int depth;
};

static bool load_folder(struct template_set *set, struct folder folder, struct buffer *errors);

static bool cannot_read(const char *path, struct buffer *errors)
{
	const char *reason = errno == EFBIG ? "it is larger than a template may be"
					    : strerror(errno);
	buffer_printf(errors, "%s:1: cannot be read: %s\n", path, reason);
	return false;
}

static bool load_entry(struct template_set *set, struct folder folder, const char *entry,
		       struct buffer *errors)
{
	const char *path = pool_printf(set->pool, "%s/%s", folder.path, entry);
	const char *name = pool_printf(set->pool, "%s%s", folder.prefix, entry);
	struct stat status;
	if (stat(path, &status) != 0)
		return cannot_read(path, errors);
	if (S_ISDIR(status.st_mode)) {
		struct folder inner = { .path = path,
					.prefix = pool_printf(set->pool, "%s/", name),
					.precedence = folder.precedence,
					.depth = folder.depth + 1 };
		return load_folder(set, inner, errors);
	}
	if (extension_of(name) == NULL)
		return true;
	struct slice source;
	source.bytes = file_read(set->pool, path, TEMPLATE_SIZE_MAX, &source.length);
	if (source.bytes == NULL)
		return cannot_read(path, errors);
	add_template(set, (struct compiled_template){ .name = name,
						      .file = path,
						      .source = source,
						      .precedence = folder.precedence });
	return true;
}

static bool load_folder(struct template_set *set, struct folder folder, struct buffer *errors)
{
	if (folder.depth == FOLDER_DEPTH_MAX) {
		buffer_printf(errors, "%s:1: folders are nested too deeply here\n", folder.path);
		return false;
	}
	DIR *directory = opendir(folder.path);
	if (directory == NULL)
		return cannot_read(folder.path, errors);
	bool loaded = true;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		if (entry->d_name[0] != '.')
			loaded = load_entry(set, folder, entry->d_name, errors) && loaded;
	closedir(directory);
	return loaded;
}

/* ---- Making a set of what was collected ---- */

static int by_name_and_precedence(const void *left, const void *right)
{
	const struct compiled_template *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order
			  : (a->precedence > b->precedence) - (a->precedence < b->precedence);
}

static void drop_overridden(struct template_set *set)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->count; i++)
		if (kept == 0 || strcmp(set->templates[kept - 1].name, set->templates[i].name) != 0)
			set->templates[kept++] = set->templates[i];
	set->count = kept;
}

static bool compile_one(struct template_set *set, struct compiled_template *template,
			struct buffer *errors)
{
	if (text_is_utf8(template->source.bytes, template->source.length))
		return template_compile(set, template, errors);
	buffer_printf(errors, "%s:1: this file is not UTF-8 text\n", template->file);
	return false;
}

static int name_against_template(const void *key, const void *element)
{
	const struct slice *name = key;
	const struct compiled_template *template = element;
	return slice_compare(*name, slice_of(template->name));
}

const struct compiled_template *template_find(const struct template_set *set, struct slice name)
{
	if (set->count == 0)
		return NULL;
	return bsearch(&name, set->templates, set->count, sizeof *set->templates,
		       name_against_template);
}

static const struct compiled_template *find_with_extension(const struct template_set *set,
							   struct slice name, const char *extension)
{
	char full[512];
	size_t length = strlen(extension);
	if (name.length + length > sizeof full)
		return NULL;
	memcpy(full, name.bytes, name.length);
	memcpy(full + name.length, extension, length);
	return template_find(set, (struct slice){ full, name.length + length });
}

/* A name without extension means the template of the same type as the one that uses it, or the
 * .mustache file, which is of no type. */
static const struct compiled_template *find_related(const struct template_set *set,
						    const struct compiled_template *user,
						    struct slice name, bool *is_ambiguous)
{
	const struct compiled_template *exact = template_find(set, name);
	const char *extension = extension_of(user->name);
	*is_ambiguous = false;
	if (exact != NULL || extension == NULL)
		return exact;
	const struct compiled_template *same = find_with_extension(set, name, extension);
	const struct compiled_template *neutral = find_with_extension(set, name, ".mustache");
	*is_ambiguous = same != NULL && neutral != NULL && same != neutral;
	return same != NULL ? same : neutral;
}

/* Point each partial and parent at its template. */
static bool link_template(const struct template_set *set, struct compiled_template *template,
			  bool strict, struct buffer *errors)
{
	bool linked = true;
	for (struct inclusion *use = template->inclusions; use != NULL; use = use->next) {
		if (use->is_dynamic)
			continue;
		bool is_ambiguous;
		use->target = find_related(set, template, use->name, &is_ambiguous);
		if (!strict || (use->target != NULL && !is_ambiguous))
			continue;
		const char *reason = is_ambiguous ? "may be two templates; give its extension"
						  : "is not the name of a template";
		buffer_printf(errors, "%s:%u: \"%.*s\" %s\n", template->file, use->line,
			      (int)(use->name.length < 80 ? use->name.length : 80), use->name.bytes,
			      reason);
		linked = false;
	}
	return linked;
}

static struct template_set *set_new(struct pool *pool)
{
	struct template_set *set = pool_zalloc(pool, sizeof *set);
	set->pool = pool;
	return set;
}

/* The set, or NULL when something in it is broken. */
static struct template_set *set_finish(struct template_set *set, bool strict, struct buffer *errors)
{
	if (set->count > 0)
		qsort(set->templates, set->count, sizeof *set->templates, by_name_and_precedence);
	drop_overridden(set);
	bool sound = true;
	for (size_t i = 0; i < set->count; i++)
		sound = compile_one(set, &set->templates[i], errors) && sound;
	for (size_t i = 0; i < set->count; i++)
		sound = link_template(set, &set->templates[i], strict, errors) && sound;
	return sound ? set : NULL;
}

struct template_set *template_set_load(struct pool *pool, const char *const folders[],
				       size_t folder_count, struct buffer *errors)
{
	struct template_set *set = set_new(pool);
	bool loaded = true;
	for (size_t i = 0; i < folder_count; i++) {
		if (folders[i] == NULL)
			continue;
		struct folder folder = { .path = folders[i], .prefix = "", .precedence = i };
		loaded = load_folder(set, folder, errors) && loaded;
	}
	set = set_finish(set, true, errors);
	return loaded ? set : NULL;
}

struct template_set *template_set_compile(struct pool *pool, const struct template_source *sources,
					  size_t source_count, struct buffer *errors)
{
	struct template_set *set = set_new(pool);
	for (size_t i = 0; i < source_count; i++)
		add_template(set, (struct compiled_template){ .name = sources[i].name,
							      .file = sources[i].name,
							      .source = slice_of(sources[i].text),
							      .precedence = i });
	return set_finish(set, false, errors);
}

bool template_exists(const struct template_set *set, const char *name)
{
	return template_find(set, slice_of(name)) != NULL;
}
