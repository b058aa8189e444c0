#include "knowledge.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDERS_DEEP = 20 };

/* ---- Files ---- */

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_path(struct pool *pool, struct article_paths *found, const char *path)
{
	/* Doubled at each power of two. */
	if ((found->count & (found->count - 1)) == 0) {
		size_t room = found->count == 0 ? 1 : found->count * 2;
		const char **paths = pool_alloc(pool, room * sizeof *paths);
		if (found->count > 0)
			memcpy(paths, found->paths, found->count * sizeof *paths);
		found->paths = paths;
	}
	found->paths[found->count++] = path;
}

static int find_in(struct command_context *context, const char *folder, int depth,
		   struct article_paths *found)
{
	struct dirent **names;
	int status = 0,
	    count = depth > FOLDERS_DEEP ? 0 : scandir(folder, &names, is_visible, alphasort);
	if (count < 0)
		return command_fail("cannot read %s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *path = pool_printf(context->pool, "%s/%s", folder, names[i]->d_name);
		struct stat state;
		bool is_folder = stat(path, &state) == 0 && S_ISDIR(state.st_mode);
		if (is_folder)
			status |= find_in(context, path, depth + 1, found);
		else if (text_ends_with(path, ".md"))
			add_path(context->pool, found, path);
		free(names[i]);
	}
	if (depth <= FOLDERS_DEEP)
		free(names);
	return status;
}

int article_paths_find(struct command_context *context, const char *path,
		       struct article_paths *found)
{
	struct stat state;
	*found = (struct article_paths){ .count = 0 };
	if (stat(path, &state) != 0)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(state.st_mode))
		return find_in(context, path, 0, found);
	add_path(context->pool, found, path);
	return 0;
}

const struct article_file *article_path_read(struct pool *pool, const char *path)
{
	size_t length;
	const char *problems = "";
	const char *bytes = file_read(pool, path, ARTICLE_FILE_MAX, &length);
	if (bytes == NULL) {
		command_fail("cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	const struct article_file *article = article_file_read(pool, path, bytes, length,
							       &problems);
	if (article == NULL)
		fputs(problems, stderr);
	return article;
}

/* ---- What is stored ---- */

int knowledge_list_all(struct command_context *context, struct knowledge_listing *listing)
{
	const struct knowledge_filter filter = { .limit = INT32_MAX };
	enum outcome outcome = knowledge_list(context->app->postgresql, context->pool, &filter,
					      listing);
	return outcome == OK ? 0 : command_fail("%s", outcome_meaning(outcome)->message);
}

static int list(struct command_context *context)
{
	struct knowledge_listing listing;
	if (context->argc != 1)
		return 2;
	if (knowledge_list_all(context, &listing) != 0)
		return 1;
	for (size_t i = 0; i < listing.count; i++) {
		const struct knowledge_listed *one = &listing.articles[i];
		const char *state = one->is_own      ? "  (written here)"
				    : one->is_edited ? "  (edited here)"
						     : "";
		printf("%-40s %-20s %-20s %-10s %s%s\n", one->slug, one->country, one->service,
		       one->language, one->title, state);
	}
	printf("%zu articles\n", listing.count);
	return 0;
}

static int remove_one(struct command_context *context)
{
	if (context->argc != 2)
		return 2;
	const char *slug = context->argv[1];
	const struct audit_entry entry = { .event = AUDIT_KNOWLEDGE_CHANGED,
					   .reason = "removed",
					   .actor = "operator",
					   .detail = command_detail(context, "slug", slug) };
	const struct pg_call call = audit_call(context->pool, &entry);
	enum outcome outcome = knowledge_remove(context->app->postgresql, context->pool, slug, "",
						&call);
	if (outcome == NOT_FOUND)
		return command_fail("there is no article %s", slug);
	if (outcome != OK)
		return command_fail("%s", outcome_meaning(outcome)->message);
	printf("%s is removed.\n", slug);
	return 0;
}

/* ---- Export ---- */

/* Written beside and renamed, so that a file is there whole or not at all. An exit status. */
static int write_file(struct pool *pool, const char *path, const char *text)
{
	const char *new = pool_printf(pool, "%s.new", path);
	FILE *file = fopen(new, "w");
	if (file == NULL)
		return command_fail("cannot write %s: %s", new, strerror(errno));
	bool is_written = fputs(text, file) >= 0;
	is_written = fclose(file) == 0 && is_written;
	if (!is_written || rename(new, path) != 0)
		return command_fail("cannot write %s: %s", path, strerror(errno));
	return 0;
}

static int export_one(struct command_context *context, const char *folder, const char *slug)
{
	struct pool *pool = pool_new(context->pool);
	struct knowledge_article article;
	enum outcome outcome = knowledge_article_load(context->app->postgresql, pool, slug,
						      &article);
	int status = 0;
	if (outcome == OK)
		status = write_file(pool, pool_printf(pool, "%s/%s.md", folder, slug),
				    knowledge_article_file(pool, &article));
	else if (outcome != NOT_FOUND) /* removed meanwhile */
		status = command_fail("%s: %s", slug, outcome_meaning(outcome)->message);
	pool_free(pool);
	return status;
}

static int export_all(struct command_context *context)
{
	struct knowledge_listing listing;
	if (context->argc != 2)
		return 2;
	const char *folder = context->argv[1];
	if (mkdir(folder, 0777) != 0 && errno != EEXIST)
		return command_fail("cannot make %s: %s", folder, strerror(errno));
	if (knowledge_list_all(context, &listing) != 0)
		return 1;
	for (size_t i = 0; i < listing.count; i++)
		if (export_one(context, folder, listing.articles[i].slug) != 0)
			return 1;
	printf("%zu articles written to %s\n", listing.count, folder);
	return 0;
}

int command_knowledge(struct command_context *context)
{
	static const struct {
		const char *name;
		int (*run)(struct command_context *context);
	} acts[] = {
		{ "import", knowledge_command_import },
		{ "export", export_all },
		{ "check", knowledge_command_check },
		{ "list", list },
		{ "remove", remove_one },
	};
	const char *what = context->argc > 0 ? context->argv[0] : "";
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].name, what) == 0)
			return acts[i].run(context);
	return 2;
}
