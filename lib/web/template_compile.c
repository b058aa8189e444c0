/* From the text of a template to its instructions.
 *
 * White space is the hard part. A tag that stands alone on its line takes the line with it; a
 * partial or parent that stands alone hands its indentation on; the content of a block loses the
 * indentation of where it is written (`dedent`) and gets that of where it is used. The rules are
 * those of the tests of the specification (mustache/spec, partials and inheritance). */
#include "web/template_scan.h"
#include <string.h>

/* A tag that waits for its closing tag. */
struct scope {
	char kind;
	struct slice label;
	unsigned line;
	size_t instruction;
	size_t dedent; /* to go back to */
	bool blank_before;
	struct slice blanks;         /* '<': the white space before the tag */
	struct inclusion *inclusion; /* '<' */
};

struct parser {
	struct template_set *set;
	struct compiled_template *template;
	struct pool *work; /* lives as long as the parser */
	struct buffer *errors;
	struct scanner scanner;
	size_t at;
	struct buffer literal; /* text since the last instruction */
	struct instruction *instructions;
	size_t count, capacity;
	struct scope scopes[TEMPLATE_NESTING_MAX];
	size_t depth;
	size_t dedent;      /* blanks to drop from the begin of each line */
	bool at_line_begin; /* no text of this line has been taken yet */
};

/* ---- Errors ---- */

/* What a message may quote of a template. */
static const char *quote(struct parser *parser, struct slice text)
{
	return pool_strndup(parser->work, text.bytes, text.length < 80 ? text.length : 80);
}

static bool __attribute__((format(printf, 3, 4)))
fail(struct parser *parser, unsigned line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const char *sentence = pool_vprintf(parser->work, format, arguments);
	va_end(arguments);
	buffer_printf(parser->errors, "%s:%u: %s\n", parser->template->file, line, sentence);
	return false;
}

/* ---- Output: instructions and literal text ---- */

static struct instruction *emit(struct parser *parser, enum operation operation)
{
	if (parser->count == parser->capacity) {
		size_t capacity = parser->capacity == 0 ? 32 : parser->capacity * 2;
		struct instruction *more = pool_alloc(parser->set->pool, capacity * sizeof *more);
		if (parser->count > 0)
			memcpy(more, parser->instructions, parser->count * sizeof *more);
		parser->instructions = more;
		parser->capacity = capacity;
	}
	struct instruction *instruction = &parser->instructions[parser->count++];
	*instruction = (struct instruction){ .operation = operation };
	return instruction;
}

static struct slice keep(struct parser *parser, const char *bytes, size_t length)
{
	return (struct slice){ pool_strndup(parser->set->pool, bytes, length), length };
}

static void flush_literal(struct parser *parser)
{
	if (parser->literal.length == 0)
		return;
	struct slice text = keep(parser, parser->literal.bytes, parser->literal.length);
	emit(parser, LITERAL)->text = text;
	buffer_clear(&parser->literal);
}

static void add_literal(struct parser *parser, size_t begin, size_t end)
{
	while (begin < end) {
		if (parser->at_line_begin)
			for (size_t i = 0; i < parser->dedent && begin < end; i++, begin++)
				if (!slice_is_blank(parser->scanner.source[begin]))
					break;
		const char *newline = memchr(parser->scanner.source + begin, '\n', end - begin);
		size_t stop = newline != NULL ? (size_t)(newline - parser->scanner.source) + 1
					      : end;
		buffer_add(&parser->literal, parser->scanner.source + begin, stop - begin);
		parser->at_line_begin = newline != NULL;
		begin = stop;
	}
}

/* Take the blanks at the end of the literal text away: the indentation of a tag that stands
 * alone. */
static struct slice take_blanks(struct parser *parser)
{
	struct buffer *literal = &parser->literal;
	size_t length = literal->length;
	while (length > 0 && slice_is_blank(literal->bytes[length - 1]))
		length--;
	struct slice blanks = keep(parser, literal->bytes + length, literal->length - length);
	literal->length = length;
	literal->bytes[length] = '\0';
	return blanks;
}

/* ---- Names ---- */

static bool name_is_valid(struct parser *parser, const struct tag *tag, struct slice name)
{
	if (name.length == 0)
		return fail(parser, tag->line, "this tag has no name");
	for (size_t i = 0; i < name.length; i++)
		if (slice_is_space(name.bytes[i]))
			return fail(parser, tag->line, "the name \"%s\" has a space in it",
				    quote(parser, name));
	return true;
}

/* False when a part is empty, as in "a..b". */
static bool split_path(struct parser *parser, const struct tag *tag, struct slice name,
		       struct path *path)
{
	*path = (struct path){ 0 };
	if (!name_is_valid(parser, tag, name))
		return false;
	if (name.length == 1 && name.bytes[0] == '.')
		return true;
	size_t dots = 0;
	for (size_t i = 0; i < name.length; i++)
		dots += name.bytes[i] == '.';
	struct slice *parts = pool_alloc(parser->set->pool, (dots + 1) * sizeof *parts);
	const char *at = name.bytes, *end = name.bytes + name.length;
	for (size_t i = 0; i <= dots; i++) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		parts[i] = (struct slice){ at, (size_t)((dot != NULL ? dot : end) - at) };
		if (parts[i].length == 0)
			return fail(parser, tag->line, "the name \"%s\" has a dot too many",
				    quote(parser, name));
		at = dot != NULL ? dot + 1 : end;
	}
	*path = (struct path){ parts, dots + 1 };
	return true;
}

static size_t number_of_block(struct template_set *set, struct slice name)
{
	for (size_t i = 0; i < set->block_count; i++)
		if (slice_equal(set->block_names[i], name))
			return i;
	if (set->block_count == set->block_capacity) {
		size_t capacity = set->block_capacity == 0 ? 16 : set->block_capacity * 2;
		struct slice *names = pool_alloc(set->pool, capacity * sizeof *names);
		if (set->block_count > 0)
			memcpy(names, set->block_names, set->block_count * sizeof *names);
		set->block_names = names;
		set->block_capacity = capacity;
	}
	set->block_names[set->block_count] = name;
	return set->block_count++;
}

/* Go on after a tag; with the next line if the tag stood alone. */
static void continue_after(struct parser *parser, const struct tag *tag, bool alone)
{
	parser->at = alone ? tag->next_line : tag->end;
	parser->at_line_begin = alone;
}

/* Go on after a tag that leaves no trace on a line of its own. */
static void skip_tag(struct parser *parser, const struct tag *tag)
{
	bool alone = tag->blank_before && tag->blank_after;
	if (alone)
		take_blanks(parser);
	continue_after(parser, tag, alone);
}

/* ---- One function for each kind of tag ---- */

static struct scope *open_scope(struct parser *parser, const struct tag *tag)
{
	if (parser->depth == TEMPLATE_NESTING_MAX) {
		fail(parser, tag->line, "\"%s\" is nested too deeply", quote(parser, tag->content));
		return NULL;
	}
	struct scope *scope = &parser->scopes[parser->depth++];
	*scope = (struct scope){ .kind = tag->kind,
				 .label = tag->content,
				 .line = tag->line,
				 .instruction = parser->count,
				 .dedent = parser->dedent,
				 .blank_before = tag->blank_before };
	return scope;
}

static bool variable(struct parser *parser, const struct tag *tag)
{
	struct path path;
	if (!split_path(parser, tag, tag->content, &path))
		return false;
	flush_literal(parser);
	emit(parser, tag->kind == 'v' ? VARIABLE : RAW)->path = path;
	continue_after(parser, tag, false);
	return true;
}

static bool section(struct parser *parser, const struct tag *tag)
{
	struct path path;
	if (!split_path(parser, tag, tag->content, &path))
		return false;
	skip_tag(parser, tag);
	flush_literal(parser);
	if (open_scope(parser, tag) == NULL)
		return false;
	emit(parser, tag->kind == '#' ? SECTION : INVERTED)->path = path;
	return true;
}

static bool delimiters(struct parser *parser, const struct tag *tag)
{
	struct slice first = tag->content;
	size_t middle = 0;
	while (middle < first.length && !slice_is_space(first.bytes[middle]))
		middle++;
	struct slice second = { first.bytes + middle, first.length - middle };
	first.length = middle;
	second = slice_trim(second);
	bool valid = first.length > 0 && second.length > 0;
	for (size_t i = 0; i < tag->content.length; i++)
		valid = valid && tag->content.bytes[i] != '=';
	for (size_t i = 0; i < second.length; i++)
		valid = valid && !slice_is_space(second.bytes[i]);
	if (!valid)
		return fail(parser, tag->line,
			    "\"%s\" is not a pair of delimiters, as in {{=<%% %%>=}}",
			    quote(parser, tag->content));
	skip_tag(parser, tag);
	parser->scanner.open = first;
	parser->scanner.close = second;
	return true;
}

/* What partials and parents have in common. NULL when the name is wrong. */
static struct inclusion *inclusion_new(struct parser *parser, const struct tag *tag)
{
	struct inclusion *inclusion = pool_zalloc(parser->set->pool, sizeof *inclusion);
	inclusion->name = tag->content;
	inclusion->line = tag->line;
	inclusion->is_dynamic = tag->content.length > 0 && tag->content.bytes[0] == '*';
	if (inclusion->is_dynamic) {
		struct slice path = { tag->content.bytes + 1, tag->content.length - 1 };
		if (!split_path(parser, tag, slice_trim(path), &inclusion->path))
			return NULL;
	} else if (!name_is_valid(parser, tag, tag->content)) {
		return NULL;
	}
	inclusion->next = parser->template->inclusions;
	parser->template->inclusions = inclusion;
	return inclusion;
}

static bool partial(struct parser *parser, const struct tag *tag)
{
	struct inclusion *inclusion = inclusion_new(parser, tag);
	if (inclusion == NULL)
		return false;
	bool alone = tag->blank_before && tag->blank_after;
	inclusion->is_alone = alone;
	if (alone)
		inclusion->indentation = take_blanks(parser);
	flush_literal(parser);
	emit(parser, PARTIAL)->inclusion = inclusion;
	continue_after(parser, tag, alone);
	return true;
}

/* Whether the parent stands alone is known when its closing tag is found, so that the blanks
 * before it get an instruction of their own, which close_parent can empty. */
static bool parent(struct parser *parser, const struct tag *tag)
{
	struct inclusion *inclusion = inclusion_new(parser, tag);
	if (inclusion == NULL)
		return false;
	struct slice blanks = { "", 0 };
	if (tag->blank_before)
		blanks = take_blanks(parser);
	flush_literal(parser);
	if (blanks.length > 0)
		emit(parser, LITERAL)->text = blanks;
	struct scope *scope = open_scope(parser, tag);
	if (scope == NULL)
		return false;
	scope->inclusion = inclusion;
	scope->blanks = blanks;
	emit(parser, PARENT)->inclusion = inclusion;
	continue_after(parser, tag, tag->blank_after);
	return true;
}

static bool is_in_parent(const struct parser *parser)
{
	return parser->depth > 0 && parser->scopes[parser->depth - 1].kind == '<';
}

/* A block inside a parent tag is an argument: what it holds is moved to where the parent has a
 * block of that name, so that its own indentation must go. Anywhere else it is such a place, and
 * the indentation there is what must be put on. */
static bool block(struct parser *parser, const struct tag *tag)
{
	if (!name_is_valid(parser, tag, tag->content))
		return false;
	bool is_argument = is_in_parent(parser);
	bool alone = tag->blank_after && (tag->blank_before || is_argument);
	struct slice indentation = { "", 0 }, inside = { "", 0 };
	if (tag->blank_before)
		indentation = take_blanks(parser);
	if (alone) {
		inside = template_scan_indentation(&parser->scanner, tag->next_line);
		size_t dropped = inside.length < parser->dedent ? inside.length : parser->dedent;
		indentation = (struct slice){ inside.bytes + dropped, inside.length - dropped };
	} else {
		buffer_add(&parser->literal, indentation.bytes, indentation.length);
	}
	flush_literal(parser);
	if (open_scope(parser, tag) == NULL)
		return false;
	struct instruction *instruction = emit(parser, BLOCK);
	instruction->block.number = number_of_block(parser->set, tag->content);
	instruction->block.indentation = indentation;
	if (is_argument && inside.length > parser->dedent)
		parser->dedent = inside.length;
	continue_after(parser, tag, alone);
	return true;
}

static void close_parent(struct parser *parser, const struct tag *tag, const struct scope *scope)
{
	bool alone = scope->blank_before && tag->blank_after;
	scope->inclusion->is_alone = alone;
	if (alone) {
		scope->inclusion->indentation = scope->blanks;
		if (scope->blanks.length > 0)
			parser->instructions[scope->instruction - 1].text.length = 0;
	}
	continue_after(parser, tag, alone || (tag->blank_before && tag->blank_after));
}

static void close_argument(struct parser *parser, const struct tag *tag, const struct scope *scope)
{
	const struct instruction *opening = &parser->instructions[scope->instruction];
	struct inclusion *inclusion = parser->scopes[parser->depth - 1].inclusion;
	struct argument *argument = pool_alloc(parser->set->pool, sizeof *argument);
	*argument = (struct argument){ .next = inclusion->arguments,
				       .block = opening->block.number,
				       .begin = scope->instruction + 1,
				       .end = parser->count };
	inclusion->arguments = argument;
	continue_after(parser, tag, tag->blank_before && tag->blank_after);
}

static bool closing(struct parser *parser, const struct tag *tag)
{
	if (parser->depth == 0)
		return fail(parser, tag->line, "{{/%s}} closes nothing",
			    quote(parser, tag->content));
	const struct scope *scope = &parser->scopes[parser->depth - 1];
	if (!slice_equal(scope->label, tag->content))
		return fail(parser, tag->line, "{{/%s}} does not close \"%s\", opened in line %u",
			    quote(parser, tag->content), quote(parser, scope->label), scope->line);
	parser->depth--;
	bool is_argument = scope->kind == '$' && is_in_parent(parser);
	if (tag->blank_before && (tag->blank_after || is_argument))
		take_blanks(parser);
	flush_literal(parser);
	parser->instructions[scope->instruction].end = (uint32_t)parser->count;
	parser->dedent = scope->dedent;
	if (scope->kind == '<')
		close_parent(parser, tag, scope);
	else if (is_argument)
		close_argument(parser, tag, scope);
	else
		continue_after(parser, tag, tag->blank_before && tag->blank_after);
	return true;
}

static bool comment(struct parser *parser, const struct tag *tag)
{
	skip_tag(parser, tag);
	return true;
}

static const struct {
	char kind;
	bool (*compile)(struct parser *parser, const struct tag *tag);
} kinds[] = {
	{ 'v', variable }, { '&', variable },   { '{', variable }, { '#', section },
	{ '^', section },  { '>', partial },    { '<', parent },   { '$', block },
	{ '/', closing },  { '=', delimiters }, { '!', comment },
};

static bool compile_tag(struct parser *parser, const struct tag *tag)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].kind == tag->kind)
			return kinds[i].compile(parser, tag);
	return false;
}

static bool next_tag(struct parser *parser, size_t start)
{
	struct tag tag;
	if (!template_scan_tag(&parser->scanner, start, &tag))
		return fail(parser, tag.line, "this tag is never closed: \"%s\" is missing",
			    quote(parser, parser->scanner.close));
	return compile_tag(parser, &tag);
}

static bool compile_all(struct parser *parser)
{
	while (parser->at < parser->scanner.length) {
		size_t start = template_scan_next(&parser->scanner, parser->at);
		add_literal(parser, parser->at, start);
		parser->at = start;
		if (start < parser->scanner.length && !next_tag(parser, start))
			return false;
	}
	flush_literal(parser);
	if (parser->depth > 0) {
		const struct scope *scope = &parser->scopes[parser->depth - 1];
		return fail(parser, scope->line, "\"%s\" is opened here and never closed",
			    quote(parser, scope->label));
	}
	return true;
}

bool template_compile(struct template_set *set, struct compiled_template *template,
		      struct buffer *errors)
{
	struct pool *work = pool_new(NULL);
	struct parser parser = { .set = set,
				 .template = template,
				 .work = work,
				 .errors = errors,
				 .scanner = template_scan(template->source),
				 .literal = buffer_new(work, 1024),
				 .at_line_begin = true };
	bool compiled = compile_all(&parser);
	template->instructions = parser.instructions;
	template->instruction_count = parser.count;
	pool_free(work);
	return compiled;
}
