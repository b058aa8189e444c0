#include "chat/knowledge.h"
#include "base/file.h"
#include "chat/article_file.h"
#include "commands.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_article(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_ends_with(entry->d_name, ".md");
}

/* 0 done; 1 refused, with the reasons on standard error. */
static int take(struct command_context *context, struct pool *pool, const char *path,
		const char *name, bool only_check, int counts[static 3])
{
	size_t length;
	const char *bytes = file_read(pool, path, ARTICLE_FILE_MAX, &length);
	if (bytes == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	if (only_check) {
		const char *problems = "";
		if (article_file_read(pool, name, bytes, length, &problems) != NULL)
			return 0;
		fputs(problems, stderr);
		fputc('\n', stderr);
		return 1;
	}
	struct knowledge_import result = { .problems = NULL };
	enum outcome outcome = knowledge_import_article(context->app->postgresql, pool, name, bytes,
							length, &result);
	if (outcome == OK) {
		counts[result.change]++;
		return 0;
	}
	if (!text_is_empty(result.problems)) {
		fputs(result.problems, stderr);
		fputc('\n', stderr);
		return 1;
	}
	return command_fail("%s: %s", name, outcome_meaning(outcome)->message);
}

static int take_folder(struct command_context *context, const char *folder, bool only_check)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_article, alphasort);
	if (count < 0)
		return command_fail("cannot read %s: %s", folder, strerror(errno));
	int refused = 0, counts[3] = { 0, 0, 0 };
	for (int i = 0; i < count; i++) {
		struct pool *pool = pool_new(context->pool);
		const char *path = pool_printf(pool, "%s/%s", folder, names[i]->d_name);
		refused += take(context, pool, path, names[i]->d_name, only_check, counts);
		pool_free(pool);
		free(names[i]);
	}
	free(names);
	if (only_check)
		printf("%d articles: %d good, %d not\n", count, count - refused, refused);
	else
		printf("%d articles: %d new, %d changed, %d as before, %d refused\n", count,
		       counts[KNOWLEDGE_CREATED], counts[KNOWLEDGE_UPDATED],
		       counts[KNOWLEDGE_UNCHANGED], refused);
	return refused > 0;
}

int command_knowledge(struct command_context *context)
{
	const char *what = context->argc == 2 ? context->argv[0] : "";
	bool only_check = strcmp(what, "check") == 0;
	if (!only_check && strcmp(what, "import") != 0)
		return 2;
	return take_folder(context, context->argv[1], only_check);
}
