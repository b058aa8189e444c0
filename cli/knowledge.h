/* The parts of `gatehousectl knowledge`. */
#pragma once
#include "chat/knowledge.h"
#include "commands.h"

/* Articles in a folder and the folders in it, sorted by path; hidden ones are left out. */
struct article_paths {
	const char **paths;
	size_t count;
};

/* The files of a folder, or the one file that `path` is. An exit status. */
int article_paths_find(struct command_context *context, const char *path,
		       struct article_paths *found);

/* Read one: NULL when it is no article, which is said on standard error. Lives in `pool`. */
const struct article_file *article_path_read(struct pool *pool, const char *path);

/* All stored articles. An exit status. */
int knowledge_list_all(struct command_context *context, struct knowledge_listing *listing);

int knowledge_command_import(struct command_context *context);
int knowledge_command_check(struct command_context *context);
