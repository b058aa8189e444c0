/* Templates: the specification's own tests, then what Gatehouse adds or promises. */
#include "base/file.h"
#include "base/json.h"
#include "web/template.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOURCES_MAX = 16 };

/* Compile these sources and render the first, or say why not. */
static const char *render_sources(struct pool *pool, const struct template_source *sources,
				  size_t count, const struct value *data)
{
	struct buffer errors = buffer_new(pool, 0), out = buffer_new(pool, 0);
	struct template_set *set = template_set_compile(pool, sources, count, &errors);
	if (set == NULL)
		return errors.bytes;
	if (template_render(set, sources[0].name, &data, 1, &out) != OK)
		return "(not rendered)";
	return out.bytes;
}

static struct value *json(struct pool *pool, const char *text)
{
	struct value *value = json_read(pool, text, strlen(text), SIZE_MAX);
	assert_non_null(value);
	return value;
}

/* ---- The specification ---- */

static struct value *read_specification(struct pool *pool, const char *file)
{
	const char *corpora = getenv("GATEHOUSE_CORPORA");
	const char *path = pool_printf(pool, "%s/mustache/%s.json",
				       corpora != NULL ? corpora : "../shared/corpora", file);
	size_t length;
	const char *text = file_read(pool, path, 1 << 20, &length);
	if (text == NULL) {
		print_message("skipped: %s cannot be read (set GATEHOUSE_CORPORA)\n", path);
		return NULL;
	}
	return json_read(pool, text, length, SIZE_MAX);
}

static bool specification_case_passes(const struct value *test)
{
	struct pool *pool = pool_new(NULL);
	struct template_source sources[SOURCES_MAX] = { { "test",
							  value_get_string(test, "template") } };
	const struct value *partials = value_get(test, "partials");
	size_t count = 1;
	for (size_t i = 0; i < value_count(partials); i++)
		sources[count++] = (struct template_source){ value_key(partials, i),
							     value_text(value_item(partials, i)) };
	const char *actual = render_sources(pool, sources, count, value_get(test, "data"));
	const char *expected = value_get_string(test, "expected");
	bool passes = strcmp(actual, expected) == 0;
	if (!passes)
		print_error("%s\n--- template ---\n%s\n--- expected ---\n%s\n--- actual ---\n%s\n",
			    value_get_string(test, "name"), sources[0].text, expected, actual);
	pool_free(pool);
	return passes;
}

/* Run these files of the specification; together they must hold `expected` tests. */
static void run_specification(const char *const files[], size_t expected)
{
	struct pool *pool = pool_new(NULL);
	size_t passed = 0, seen = 0;
	for (size_t f = 0; files[f] != NULL; f++) {
		const struct value *document = read_specification(pool, files[f]);
		if (document == NULL) {
			pool_free(pool);
			skip();
		}
		const struct value *tests = value_get(document, "tests");
		seen += value_count(tests);
		for (size_t i = 0; i < value_count(tests); i++)
			passed += specification_case_passes(value_item(tests, i));
	}
	print_message("%zu of %zu\n", passed, seen);
	pool_free(pool);
	assert_int_equal(seen, expected);
	assert_int_equal(passed, expected);
}

static void test_the_core_of_the_specification(void **state)
{
	(void)state;
	static const char *const files[] = { "comments", "delimiters", "interpolation",
					     "inverted", "partials",   "sections",
					     NULL };
	run_specification(files, 136);
}

static void test_inheritance_of_the_specification(void **state)
{
	(void)state;
	run_specification((const char *const[]){ "~inheritance", NULL }, 27);
}

static void test_dynamic_names_of_the_specification(void **state)
{
	(void)state;
	run_specification((const char *const[]){ "~dynamic-names", NULL }, 21);
}

/* ---- What authors rely on ---- */

/* A template of that name with this text, rendered with this JSON. */
static const char *render_as(struct pool *pool, const char *name, const char *text,
			     const char *data)
{
	struct template_source source = { name, text };
	return render_sources(pool, &source, 1, json(pool, data));
}

static int setup_pool(void **state)
{
	*state = pool_new(NULL);
	return 0;
}

static int teardown_pool(void **state)
{
	pool_free(*state);
	return 0;
}

static void test_values_are_escaped_in_pages_and_left_alone_in_text(void **state)
{
	struct pool *pool = *state;
	const char *data = "{\"x\": \"<a b='c'>\\\"&\"}";
	assert_string_equal(render_as(pool, "page.html", "{{x}}", data),
			    "&lt;a b=&#39;c&#39;&gt;&quot;&amp;");
	assert_string_equal(render_as(pool, "page.mustache", "{{x}}", data),
			    "&lt;a b=&#39;c&#39;&gt;&quot;&amp;");
	assert_string_equal(render_as(pool, "page.html", "{{{x}}}{{&x}}", data),
			    "<a b='c'>\"&<a b='c'>\"&");
	assert_string_equal(render_as(pool, "mail.txt", "{{x}}", data), "<a b='c'>\"&");
}

static void test_a_text_partial_does_not_switch_escaping_off_in_a_page(void **state)
{
	struct pool *pool = *state;
	const struct template_source sources[] = { { "page.html", "{{> mail.txt}}" },
						   { "mail.txt", "{{x}}" } };
	const struct value *data = json(pool, "{\"x\": \"<\"}");
	assert_string_equal(render_sources(pool, sources, 2, data), "&lt;");
}

static void test_empty_things_are_false_and_zero_is_not(void **state)
{
	struct pool *pool = *state;
	const char *text = "{{#x}}yes{{/x}}{{^x}}no{{/x}}";
	static const struct {
		const char *data, *expected;
	} cases[] = {
		{ "{}", "no" },
		{ "{\"x\": null}", "no" },
		{ "{\"x\": false}", "no" },
		{ "{\"x\": \"\"}", "no" },
		{ "{\"x\": []}", "no" },
		{ "{\"x\": {}}", "yes" },
		{ "{\"x\": 0}", "yes" },
		{ "{\"x\": true}", "yes" },
		{ "{\"x\": [0, \"\"]}", "yesyes" },
		{ "{\"x\": \"0\"}", "yes" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(render_as(pool, "t.html", text, cases[i].data),
				    cases[i].expected);
}

static void test_numbers_and_truth_values_are_written_plainly(void **state)
{
	assert_string_equal(
		render_as(*state, "t.html", "{{#x}}{{.}} {{/x}}",
			  "{\"x\": [-9223372036854775808, 0.1, 1e300, 2.5, true, 3, {}, null]}"),
		"-9223372036854775808 0.1 1e+300 2.5 true 3   ");
}

static void test_the_last_context_is_the_innermost(void **state)
{
	struct pool *pool = *state;
	struct template_source source = { "t.html", "{{a}} {{b}} {{c}}{{#d}} {{a}}{{/d}}" };
	struct buffer errors = buffer_new(pool, 0), out = buffer_new(pool, 0);
	struct template_set *set = template_set_compile(pool, &source, 1, &errors);
	const struct value *contexts[] = { json(pool, "{\"a\": 1, \"b\": 2, \"d\": {\"a\": 9}}"),
					   NULL, json(pool, "{\"b\": 3, \"c\": 4}") };
	assert_int_equal(template_render(set, "t.html", contexts, 3, &out), OK);
	assert_string_equal(out.bytes, "1 3 4 9");
	buffer_clear(&out);
	assert_int_equal(template_render(set, "t.html", NULL, 0, &out), OK);
	assert_string_equal(out.bytes, "  ");
}

static void test_a_page_fills_the_blocks_of_its_layout(void **state)
{
	struct pool *pool = *state;
	const struct template_source sources[] = {
		{ "login.html", "{{< layout}}\n"
				"{{$title}}Sign in{{/title}}\n"
				"{{$main}}\n"
				"\t<h1>{{heading}}</h1>\n"
				"\t{{#fields}}\n"
				"\t{{> partials/field}}\n"
				"\t{{/fields}}\n"
				"{{/main}}\n"
				"{{/ layout}}\n" },
		{ "layout.html", "<title>{{$title}}Gatehouse{{/title}}</title>\n"
				 "<main>\n"
				 "\t{{$main}}\n"
				 "\t{{/main}}\n"
				 "</main>\n"
				 "{{$foot}}<p>Bye</p>{{/foot}}\n" },
		{ "partials/field.html", "<label>\n\t{{label}}\n</label>\n" },
	};
	const struct value *data = json(pool, "{\"heading\": \"Hello\", \"fields\": "
					      "[{\"label\": \"Name\"}, {\"label\": \"a\\nb\"}]}");
	assert_string_equal(render_sources(pool, sources, 3, data),
			    "<title>Sign in</title>\n"
			    "<main>\n"
			    "\t<h1>Hello</h1>\n"
			    "\t<label>\n\t\tName\n\t</label>\n"
			    "\t<label>\n\t\ta\nb\n\t</label>\n"
			    "</main>\n"
			    "<p>Bye</p>\n");
}

static void test_a_block_may_hold_a_block_of_the_same_name(void **state)
{
	struct pool *pool = *state;
	const struct template_source sources[] = {
		{ "page.html", "{{<middle}}{{$main}}new{{/main}}{{/middle}}" },
		{ "middle.html", "{{<layout}}{{$main}}<div>{{$main}}old{{/main}}</div>{{/main}}"
				 "{{/layout}}" },
		{ "layout.html", "<main>{{$main}}{{/main}}</main>" },
	};
	/* The page's own block stands in for that of `middle`, wrapper and all … */
	assert_string_equal(render_sources(pool, sources, 3, NULL), "<main>new</main>");
	/* … and `middle` by itself must not look for its inner block in itself for ever. */
	assert_string_equal(render_sources(pool, sources + 1, 2, NULL),
			    "<main><div>old</div></main>");
}

static void test_a_deep_tree_renders_and_endless_recursion_is_refused(void **state)
{
	struct pool *pool = *state;
	struct template_source sources[] = { { "t.html", "{{#a}}({{> t.html}}){{/a}}" } };
	char text[1024] = "";
	for (int i = 0; i < 40; i++)
		strcat(text, "{\"a\":");
	strcat(text, "false");
	for (int i = 0; i < 40; i++)
		strcat(text, "}");
	/* The inner contexts hide the outer ones, so that the tree ends. */
	assert_string_equal(render_sources(pool, sources, 1, json(pool, text)) + 39,
			    ")))))))))))))))))))))))))))))))))))))))");

	sources[0].text = "kept {{> t.html}}{{> t.html}}";
	struct buffer errors = buffer_new(pool, 0), out = buffer_new(pool, 0);
	struct template_set *set = template_set_compile(pool, sources, 1, &errors);
	buffer_puts(&out, "before");
	assert_int_equal(template_render(set, "t.html", NULL, 0, &out), INTERNAL_ERROR);
	assert_string_equal(out.bytes, "before");
}

static void test_an_unknown_template_is_an_error_of_the_program(void **state)
{
	struct pool *pool = *state;
	struct buffer errors = buffer_new(pool, 0), out = buffer_new(pool, 0);
	struct template_set *set = template_set_compile(pool, NULL, 0, &errors);
	assert_non_null(set);
	assert_false(template_exists(set, "t.html"));
	assert_int_equal(template_render(set, "t.html", NULL, 0, &out), INTERNAL_ERROR);
}

static void test_a_syntax_error_names_the_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "a\n{{#b}}\n", "t.html:2: \"b\" is opened here and never closed\n" },
		{ "a\n\n{{/b}}", "t.html:3: {{/b}} closes nothing\n" },
		{ "{{#a}}\n{{^b}}\n{{/a}}",
		  "t.html:3: {{/a}} does not close \"b\", opened in line 2\n" },
		{ "\n{{name", "t.html:2: this tag is never closed: \"}}\" is missing\n" },
		{ "\n{{{name}}", "t.html:2: this tag is never closed: \"}}\" is missing\n" },
		{ "{{", "t.html:1: this tag is never closed: \"}}\" is missing\n" },
		{ "{{=", "t.html:1: this tag is never closed: \"}}\" is missing\n" },
		{ "{{=<%=}}", "t.html:1: \"<%\" is not a pair of delimiters, as in {{=<% %>=}}\n" },
		{ "{{=a b c=}}",
		  "t.html:1: \"a b c\" is not a pair of delimiters, as in {{=<% %>=}}\n" },
		{ "{{}}", "t.html:1: this tag has no name\n" },
		{ "{{> }}", "t.html:1: this tag has no name\n" },
		{ "{{a b}}", "t.html:1: the name \"a b\" has a space in it\n" },
		{ "{{a..b}}", "t.html:1: the name \"a..b\" has a dot too many\n" },
		{ "{{#.a}}{{/.a}}", "t.html:1: the name \".a\" has a dot too many\n" },
		{ "{{$a}}", "t.html:1: \"a\" is opened here and never closed\n" },
		{ "{{<a}}{{$b}}{{/a}}{{/b}}",
		  "t.html:1: {{/a}} does not close \"b\", opened in line 1\n" },
		{ "{{! a\nb }}{{/c}}", "t.html:2: {{/c}} closes nothing\n" },
		{ "\xff", "t.html:1: this file is not UTF-8 text\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(render_as(*state, "t.html", cases[i].text, "{}"),
				    cases[i].error);
}

static void test_nesting_has_a_limit_that_is_named(void **state)
{
	char text[TEMPLATE_NESTING_MAX * 6 + 16] = "";
	for (int i = 0; i <= TEMPLATE_NESTING_MAX; i++)
		strcat(text, "{{#a}}");
	assert_string_equal(render_as(*state, "t.html", text, "{}"),
			    "t.html:1: \"a\" is nested too deeply\n");
}

/* ---- Files ---- */

struct folders {
	struct pool *pool;
	char root[64];
	const char *own, *shipped;
};

static void write_file(struct folders *folders, const char *folder, const char *name,
		       const char *text)
{
	const char *path = pool_printf(folders->pool, "%s/%s", folder, name);
	for (char *c = strchr(path + strlen(folder) + 1, '/'); c != NULL; c = strchr(c + 1, '/')) {
		*c = '\0';
		mkdir(path, 0700);
		*c = '/';
	}
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup_folders(void **state)
{
	struct pool *pool = pool_new(NULL);
	struct folders *folders = pool_zalloc(pool, sizeof *folders);
	folders->pool = pool;
	const char *base = getenv("TMPDIR");
	snprintf(folders->root, sizeof folders->root, "%s/templates-XXXXXX",
		 base != NULL && strlen(base) < 40 ? base : "/tmp");
	if (mkdtemp(folders->root) == NULL)
		return -1;
	folders->own = pool_printf(pool, "%s/own", folders->root);
	folders->shipped = pool_printf(pool, "%s/shipped", folders->root);
	mkdir(folders->own, 0700);
	mkdir(folders->shipped, 0700);
	*state = folders;
	return 0;
}

static int teardown_folders(void **state)
{
	struct folders *folders = *state;
	const char *command = pool_printf(folders->pool, "rm -rf '%s'", folders->root);
	int status = system(command);
	pool_free(folders->pool);
	return status;
}

/* Load both folders and render `name`, or return the errors without the path of the folder. */
static const char *load_and_render(struct folders *folders, const char *name)
{
	struct pool *pool = folders->pool;
	struct buffer errors = buffer_new(pool, 0), out = buffer_new(pool, 0);
	const char *const paths[] = { folders->own, NULL, folders->shipped };
	struct template_set *set = template_set_load(pool, paths, 3, &errors);
	if (set == NULL) {
		char *at = strstr(errors.bytes, folders->root);
		return at != NULL ? at + strlen(folders->root) : errors.bytes;
	}
	assert_int_equal(errors.length, 0);
	return template_render(set, name, NULL, 0, &out) == OK ? out.bytes : "(not rendered)";
}

static void test_an_operators_file_overrides_the_shipped_one(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "login.html", "{{> partials/logo.html}} shipped");
	write_file(folders, folders->shipped, "partials/logo.html", "old logo");
	write_file(folders, folders->shipped, "mail/reset.txt", "{{> logo}}{{> sign.txt}}");
	write_file(folders, folders->shipped, "logo.txt", "text logo ");
	write_file(folders, folders->shipped, "sign.txt", "Bye");
	assert_string_equal(load_and_render(folders, "login.html"), "old logo shipped");
	write_file(folders, folders->own, "partials/logo.html", "new logo");
	assert_string_equal(load_and_render(folders, "login.html"), "new logo shipped");
	assert_string_equal(load_and_render(folders, "mail/reset.txt"), "text logo Bye");
}

static void test_an_overridden_file_need_not_be_sound(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "a.html", "{{#never}}");
	write_file(folders, folders->own, "a.html", "mine");
	assert_string_equal(load_and_render(folders, "a.html"), "mine");
}

static void test_other_files_are_not_read(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "a.html", "fine");
	write_file(folders, folders->shipped, "a.html~", "{{#");
	write_file(folders, folders->shipped, "readme.md", "{{#");
	write_file(folders, folders->shipped, ".hidden.html", "{{#");
	write_file(folders, folders->shipped, ".git/b.html", "{{#");
	assert_string_equal(load_and_render(folders, "a.html"), "fine");
}

static void test_a_missing_partial_or_parent_stops_the_start(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "a.html", "x\n{{> nowhere.html}}");
	assert_string_equal(load_and_render(folders, "a.html"),
			    "/shipped/a.html:2: \"nowhere.html\" is not the name of a template\n");
	write_file(folders, folders->shipped, "a.html", "{{< layout}}{{/ layout}}");
	assert_string_equal(load_and_render(folders, "a.html"),
			    "/shipped/a.html:1: \"layout\" is not the name of a template\n");
	/* A name without extension is looked for among templates of the same type only. */
	write_file(folders, folders->shipped, "layout.txt", "x");
	assert_string_equal(load_and_render(folders, "a.html"),
			    "/shipped/a.html:1: \"layout\" is not the name of a template\n");
}

static void test_an_ambiguous_name_stops_the_start(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "a.html", "{{> b}}");
	write_file(folders, folders->shipped, "b.html", "");
	write_file(folders, folders->shipped, "b.mustache", "");
	assert_string_equal(load_and_render(folders, "a.html"),
			    "/shipped/a.html:1: \"b\" may be two templates; give its extension\n");
}

static void test_every_broken_file_is_reported(void **state)
{
	struct folders *folders = *state;
	write_file(folders, folders->shipped, "a.html", "\n{{#x}}");
	write_file(folders, folders->shipped, "b/c.txt", "{{> d}}\n{{> e}}");
	struct buffer errors = buffer_new(folders->pool, 0);
	const char *const paths[] = { folders->shipped };
	assert_null(template_set_load(folders->pool, paths, 1, &errors));
	assert_non_null(strstr(errors.bytes, "/shipped/a.html:2: \"x\" is opened"));
	assert_non_null(strstr(errors.bytes, "/shipped/b/c.txt:1: \"d\" is not"));
	assert_non_null(strstr(errors.bytes, "/shipped/b/c.txt:2: \"e\" is not"));
}

static void test_a_missing_folder_and_a_folder_in_itself_stop_the_start(void **state)
{
	struct folders *folders = *state;
	const char *loop = pool_printf(folders->pool, "%s/loop", folders->shipped);
	assert_int_equal(symlink(folders->shipped, loop), 0);
	assert_non_null(
		strstr(load_and_render(folders, "a.html"), "folders are nested too deeply"));
	unlink(loop);
	assert_int_equal(rmdir(folders->own), 0);
	assert_string_equal(load_and_render(folders, "a.html"),
			    "/own:1: cannot be read: No such file or directory\n");
}

/* ---- Threads ---- */

struct race {
	const struct template_set *set;
	const struct value *data;
	const char *expected;
	size_t wrong;
};

static void *render_many(void *argument)
{
	struct race *race = argument;
	struct pool *pool = pool_new(NULL);
	struct buffer out = buffer_new(pool, 256);
	for (int i = 0; i < 2000; i++) {
		buffer_clear(&out);
		template_render(race->set, "a.html", &race->data, 1, &out);
		race->wrong += strcmp(out.bytes, race->expected) != 0;
	}
	pool_free(pool);
	return NULL;
}

static void test_threads_may_share_a_set(void **state)
{
	struct pool *pool = *state;
	const struct template_source sources[] = {
		{ "a.html", "{{<b}}{{$x}}{{#list}}<{{.}}>{{/list}}{{/x}}{{/b}}" },
		{ "b.html", "[\n  {{$x}}{{/x}}]" },
	};
	struct buffer errors = buffer_new(pool, 0);
	struct race races[4];
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		races[i] = (struct race){ .expected = "[\n  <1><2>]" };
	races[0].set = template_set_compile(pool, sources, 2, &errors);
	races[0].data = json(pool, "{\"list\": [1, 2]}");
	for (size_t i = 0; i < 4; i++) {
		races[i].set = races[0].set;
		races[i].data = races[0].data;
		assert_int_equal(pthread_create(&threads[i], NULL, render_many, &races[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(races[i].wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_core_of_the_specification),
		cmocka_unit_test(test_inheritance_of_the_specification),
		cmocka_unit_test(test_dynamic_names_of_the_specification),
#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, setup_pool, teardown_pool)
		WITH_POOL(test_values_are_escaped_in_pages_and_left_alone_in_text),
		WITH_POOL(test_a_text_partial_does_not_switch_escaping_off_in_a_page),
		WITH_POOL(test_empty_things_are_false_and_zero_is_not),
		WITH_POOL(test_numbers_and_truth_values_are_written_plainly),
		WITH_POOL(test_the_last_context_is_the_innermost),
		WITH_POOL(test_a_page_fills_the_blocks_of_its_layout),
		WITH_POOL(test_a_block_may_hold_a_block_of_the_same_name),
		WITH_POOL(test_a_deep_tree_renders_and_endless_recursion_is_refused),
		WITH_POOL(test_an_unknown_template_is_an_error_of_the_program),
		WITH_POOL(test_a_syntax_error_names_the_line),
		WITH_POOL(test_nesting_has_a_limit_that_is_named),
		WITH_POOL(test_threads_may_share_a_set),
#define WITH_FOLDERS(test) cmocka_unit_test_setup_teardown(test, setup_folders, teardown_folders)
		WITH_FOLDERS(test_an_operators_file_overrides_the_shipped_one),
		WITH_FOLDERS(test_an_overridden_file_need_not_be_sound),
		WITH_FOLDERS(test_other_files_are_not_read),
		WITH_FOLDERS(test_a_missing_partial_or_parent_stops_the_start),
		WITH_FOLDERS(test_an_ambiguous_name_stops_the_start),
		WITH_FOLDERS(test_every_broken_file_is_reported),
		WITH_FOLDERS(test_a_missing_folder_and_a_folder_in_itself_stop_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
