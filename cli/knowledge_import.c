#include "knowledge.h"
#include <stdio.h>
#include <string.h>

enum { CHANGES = KNOWLEDGE_EDITED + 1 };

struct options {
	const char *path;
	bool delete_missing, dry_run, keep_edited, overwrite, yes;
};

/* An import under way. */
struct import {
	struct command_context *context;
	struct options options;
	const char **slugs; /* of the files so far */
	size_t slug_count;
	size_t counts[CHANGES];
	size_t refused, removed;
};

static bool read_options(struct command_context *context, struct options *options)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "--delete-missing", &options->delete_missing },
		{ "--dry-run", &options->dry_run },
		{ "--keep-edited", &options->keep_edited },
		{ "--overwrite", &options->overwrite },
		{ "--yes", &options->yes },
	};
	for (int i = 1; i < context->argc; i++) {
		const char *word = context->argv[i];
		bool is_flag = false;
		for (size_t j = 0; j < sizeof flags / sizeof *flags; j++)
			if (strcmp(flags[j].name, word) == 0)
				*flags[j].flag = is_flag = true;
		if (!is_flag && (word[0] == '-' || options->path != NULL))
			return false;
		if (!is_flag)
			options->path = word;
	}
	return options->path != NULL && !(options->keep_edited && options->overwrite);
}

static bool has_slug(const struct import *import, const char *slug)
{
	for (size_t i = 0; i < import->slug_count; i++)
		if (strcmp(import->slugs[i], slug) == 0)
			return true;
	return false;
}

static void say_change(const struct import *import, const char *path, enum knowledge_change change)
{
	static const char *const words[] = {
		[KNOWLEDGE_CREATED] = "new",
		[KNOWLEDGE_UPDATED] = "changed",
		[KNOWLEDGE_EDITED] = "edited here, left as it is",
	};
	if (change == KNOWLEDGE_EDITED && !import->options.keep_edited)
		fprintf(stderr,
			"%s: the stored article was edited here and is not the same; --overwrite "
			"takes the file, --keep-edited leaves it without a word\n",
			path);
	else if (change != KNOWLEDGE_UNCHANGED)
		printf("%s: %s\n", path, words[change]);
}

/* One file, in a transaction of its own. An exit status; 1 only when the database fails. */
static int take(struct import *import, const char *path)
{
	struct pool *pool = pool_new(import->context->pool);
	const struct article_file *article = article_path_read(pool, path);
	const struct knowledge_act act = {
		.mode = import->options.overwrite ? KNOWLEDGE_OVERWRITE : KNOWLEDGE_IMPORT,
		.dry_run = import->options.dry_run,
	};
	enum knowledge_change change = KNOWLEDGE_UNCHANGED;
	enum outcome outcome = BAD_REQUEST;
	if (article != NULL && has_slug(import, article->slug))
		fprintf(stderr, "%s: another file has this name already\n", path);
	else if (article != NULL)
		outcome = knowledge_store(import->context->app->postgresql, pool, article, &act,
					  &change);
	if (outcome == OK) {
		import->slugs[import->slug_count++] = pool_strdup(import->context->pool,
								  article->slug);
		import->counts[change]++;
		say_change(import, path, change);
	}
	import->refused += outcome == BAD_REQUEST;
	pool_free(pool);
	return outcome == OK || outcome == BAD_REQUEST
		       ? 0
		       : command_fail("%s: %s", path, outcome_meaning(outcome)->message);
}

/* ---- What is no longer among the files ---- */

/* Articles that came from files; those that were written or edited here stay, unless told so. */
static bool goes(const struct import *import, const struct knowledge_listed *listed)
{
	return !has_slug(import, listed->slug) &&
	       (import->options.overwrite || !(listed->is_edited || listed->is_own));
}

static bool is_confirmed(const struct import *import, size_t count)
{
	char answer[16] = "";
	if (import->options.yes)
		return true;
	printf("Remove these %zu articles? Type yes: ", count);
	fflush(stdout);
	return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static int remove_missing(struct import *import)
{
	struct command_context *context = import->context;
	struct knowledge_listing listing;
	size_t count = 0;
	if (knowledge_list_all(context, &listing) != 0)
		return 1;
	for (size_t i = 0; i < listing.count; i++)
		if (goes(import, &listing.articles[i])) {
			printf("%s: no longer among the files\n", listing.articles[i].slug);
			count++;
		}
	if (count == 0 || import->options.dry_run)
		return 0;
	if (!is_confirmed(import, count))
		return command_fail("nothing was removed");
	for (size_t i = 0; i < listing.count; i++) {
		if (!goes(import, &listing.articles[i]))
			continue;
		enum outcome outcome = knowledge_remove(context->app->postgresql, context->pool,
							listing.articles[i].slug, "", NULL);
		if (outcome != OK && outcome != NOT_FOUND)
			return command_fail("%s", outcome_meaning(outcome)->message);
		import->removed += outcome == OK;
	}
	return 0;
}

/* ---- All together ---- */

static void print_counts(const struct import *import, size_t files)
{
	const size_t *counts = import->counts;
	printf("%zu articles: %zu new, %zu changed, %zu as before, %zu refused", files,
	       counts[KNOWLEDGE_CREATED], counts[KNOWLEDGE_UPDATED], counts[KNOWLEDGE_UNCHANGED],
	       import->refused);
	if (counts[KNOWLEDGE_EDITED] > 0)
		printf(", %zu edited here and left", counts[KNOWLEDGE_EDITED]);
	if (import->removed > 0)
		printf(", %zu removed", import->removed);
	puts(import->options.dry_run ? "; nothing was stored" : "");
}

/* One entry for the whole import, with what it changed. */
static void write_trail(const struct import *import)
{
	struct command_context *context = import->context;
	struct value *detail = command_detail(context, "from", import->options.path);
	const size_t *counts = import->counts;
	value_set_integer(detail, "created", (int64_t)counts[KNOWLEDGE_CREATED]);
	value_set_integer(detail, "updated", (int64_t)counts[KNOWLEDGE_UPDATED]);
	value_set_integer(detail, "removed", (int64_t)import->removed);
	const struct audit_entry entry = { .event = AUDIT_KNOWLEDGE_CHANGED,
					   .reason = "imported",
					   .actor = "operator",
					   .detail = detail };
	if (!import->options.dry_run &&
	    counts[KNOWLEDGE_CREATED] + counts[KNOWLEDGE_UPDATED] + import->removed > 0)
		audit_write(context->app->postgresql, context->pool, &entry);
}

int knowledge_command_import(struct command_context *context)
{
	struct import import = { .context = context };
	struct article_paths files;
	if (!read_options(context, &import.options))
		return 2;
	if (article_paths_find(context, import.options.path, &files) != 0)
		return 1;
	import.slugs = pool_alloc(context->pool, (files.count + 1) * sizeof *import.slugs);
	int status = 0;
	for (size_t i = 0; i < files.count && status == 0; i++)
		status = take(&import, files.paths[i]);
	/* An article whose file is broken today is not missing. */
	if (status == 0 && import.options.delete_missing && import.refused > 0)
		status = command_fail("nothing was removed, because some files were refused");
	else if (status == 0 && import.options.delete_missing)
		status = remove_missing(&import);
	write_trail(&import);
	print_counts(&import, files.count);
	bool has_conflict = import.counts[KNOWLEDGE_EDITED] > 0 && !import.options.keep_edited;
	return status != 0 || import.refused > 0 || has_conflict;
}
