/* What every unit test needs: cmocka with its prerequisites, and a pool for the test. */
#pragma once
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants the headers above to be there already. */
#include <cmocka.h>

static inline int harness_setup(void **state)
{
	*state = pool_new(NULL);
	return 0;
}

static inline int harness_teardown(void **state)
{
	pool_free(*state);
	return 0;
}

/* Third-party test data; NULL, and the test skipped, where it is absent. */
static inline const char *harness_corpora(struct pool *pool, const char *name)
{
	const char *folder = getenv("GATEHOUSE_CORPORA");
	if (folder == NULL)
		folder = "../shared/corpora";
	return pool_printf(pool, "%s/%s", folder, name);
}

/* A JSON file of the corpora. Our texts hold no NUL, so another control byte stands for it. */
static inline const struct value *harness_read_corpus(struct pool *pool, const char *name)
{
	size_t length;
	const char *path = harness_corpora(pool, name);
	char *text = file_read(pool, path, 4 << 20, &length);
	if (text == NULL) {
		print_message("skipped: %s cannot be read (set GATEHOUSE_CORPORA)\n", path);
		return NULL;
	}
	for (char *nul = strstr(text, "\\u0000"); nul != NULL; nul = strstr(nul, "\\u0000"))
		nul[5] = '1';
	const struct value *corpus = json_read(pool, text, length, SIZE_MAX);
	if (corpus == NULL)
		fail_msg("%s is no JSON that we read", path);
	return corpus;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)
