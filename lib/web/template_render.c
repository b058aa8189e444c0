#include "web/escape.h"
#include "web/template_private.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that grows while templates include each other is a linked list through the C stack,
 * innermost first, so that rendering takes no other memory. */

/* A value that a section has put on top of the caller's contexts. */
struct context {
	const struct context *outer;
	const struct value *value;
};

/* The arguments of a parent tag whose template is being rendered. */
struct frame {
	const struct frame *outer;
	const struct argument *arguments;
	const struct scope *scope; /* where the parent tag stands */
};

struct indentation {
	const struct indentation *outer;
	struct slice text;
};

/* Where rendering is. */
struct scope {
	const struct compiled_template *template;
	const struct context *context;
	const struct frame *frame;
	const struct indentation *indentation;
};

struct renderer {
	const struct template_set *set;
	const struct value *const *contexts;
	size_t context_count;
	struct buffer *out;
	unsigned depth;
	bool escapes;
	bool at_line_begin; /* of a template's line, which gets the indentation */
	bool too_deep;
};

static void render_range(struct renderer *renderer, const struct scope *scope, size_t begin,
			 size_t end);

/* ---- Looking names up ---- */

static const struct value *top_of(const struct renderer *renderer, const struct context *context)
{
	if (context != NULL)
		return context->value;
	size_t count = renderer->context_count;
	return count > 0 ? renderer->contexts[count - 1] : NULL;
}

static const struct value *find_first(const struct renderer *renderer,
				      const struct context *context, const struct slice *part)
{
	for (; context != NULL; context = context->outer) {
		const struct value *value = value_get_n(context->value, part->bytes, part->length);
		if (value != NULL)
			return value;
	}
	for (size_t i = renderer->context_count; i-- > 0;) {
		const struct value *value = value_get_n(renderer->contexts[i], part->bytes,
							part->length);
		if (value != NULL)
			return value;
	}
	return NULL;
}

static const struct value *look_up(const struct renderer *renderer, const struct context *context,
				   const struct path *path)
{
	if (path->count == 0)
		return top_of(renderer, context);
	const struct value *value = find_first(renderer, context, &path->parts[0]);
	for (size_t i = 1; i < path->count && value != NULL; i++)
		value = value_get_n(value, path->parts[i].bytes, path->parts[i].length);
	return value;
}

static bool is_truthy(const struct value *value)
{
	switch (value_type(value)) {
	case VALUE_NULL:
	case VALUE_FALSE:
		return false;
	case VALUE_STRING:
		return value_text_length(value) > 0;
	case VALUE_ARRAY:
		return value_count(value) > 0;
	default:
		return true;
	}
}

/* ---- Writing ---- */

static void write_indentation(struct buffer *out, const struct indentation *indentation)
{
	if (indentation == NULL)
		return;
	write_indentation(out, indentation->outer);
	buffer_add(out, indentation->text.bytes, indentation->text.length);
}

static void begin_line(struct renderer *renderer, const struct scope *scope)
{
	if (renderer->at_line_begin)
		write_indentation(renderer->out, scope->indentation);
	renderer->at_line_begin = false;
}

static void write_lines(struct renderer *renderer, const struct scope *scope, struct slice text)
{
	while (text.length > 0) {
		const char *newline = memchr(text.bytes, '\n', text.length);
		size_t line = newline != NULL ? (size_t)(newline - text.bytes) + 1 : text.length;
		begin_line(renderer, scope);
		buffer_add(renderer->out, text.bytes, line);
		renderer->at_line_begin = newline != NULL;
		text.bytes += line;
		text.length -= line;
	}
}

static void write_literal(struct renderer *renderer, const struct scope *scope,
			  const struct slice *text)
{
	if (scope->indentation != NULL) {
		write_lines(renderer, scope, *text);
	} else if (text->length > 0) {
		buffer_add(renderer->out, text->bytes, text->length);
		renderer->at_line_begin = text->bytes[text->length - 1] == '\n';
	}
}

/* By hand, because lists are full of numbers and printf is slow. */
static void write_integer(struct buffer *out, int64_t number)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		digits[--at] = '-';
	buffer_add(out, digits + at, sizeof digits - at);
}

/* The shortest decimal form that reads back as the same number. */
static void write_real(struct buffer *out, double number)
{
	char digits[40];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, number);
		if (strtod(digits, NULL) >= number && strtod(digits, NULL) <= number)
			break;
	}
	buffer_puts(out, isfinite(number) ? digits : "");
}

static void write_value(struct buffer *out, const struct value *value, bool escapes)
{
	switch (value_type(value)) {
	case VALUE_STRING:
		(escapes ? escape_html : buffer_add)(out, value_text(value),
						     value_text_length(value));
		break;
	case VALUE_INTEGER:
		write_integer(out, value_to_integer(value));
		break;
	case VALUE_REAL:
		write_real(out, value_to_real(value));
		break;
	case VALUE_TRUE:
		buffer_add(out, "true", 4);
		break;
	case VALUE_FALSE:
		buffer_add(out, "false", 5);
		break;
	case VALUE_NULL:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		break;
	}
}

/* ---- Sections ---- */

static void render_with(struct renderer *renderer, const struct scope *scope, size_t section,
			const struct value *value)
{
	struct context context = { .outer = scope->context, .value = value };
	struct scope inner = *scope;
	inner.context = &context;
	render_range(renderer, &inner, section + 1, scope->template->instructions[section].end);
}

static void render_section(struct renderer *renderer, const struct scope *scope, size_t section)
{
	const struct instruction *instruction = &scope->template->instructions[section];
	const struct value *value = look_up(renderer, scope->context, &instruction->path);
	if (value_type(value) == VALUE_ARRAY) {
		for (size_t i = 0; i < value_count(value) && !renderer->too_deep; i++)
			render_with(renderer, scope, section, value_item(value, i));
	} else if (is_truthy(value)) {
		render_with(renderer, scope, section, value);
	}
}

static void render_inverted(struct renderer *renderer, const struct scope *scope, size_t section)
{
	const struct instruction *instruction = &scope->template->instructions[section];
	if (!is_truthy(look_up(renderer, scope->context, &instruction->path)))
		render_range(renderer, scope, section + 1, instruction->end);
}

/* ---- Partials and parents ---- */

static const struct compiled_template *target_of(const struct renderer *renderer,
						 const struct scope *scope,
						 const struct inclusion *inclusion)
{
	if (!inclusion->is_dynamic)
		return inclusion->target;
	const struct value *name = look_up(renderer, scope->context, &inclusion->path);
	if (value_text(name) == NULL)
		return NULL;
	return template_find(renderer->set,
			     (struct slice){ value_text(name), value_text_length(name) });
}

static void render_inclusion(struct renderer *renderer, const struct scope *scope,
			     const struct inclusion *inclusion)
{
	struct scope inner = *scope;
	inner.template = target_of(renderer, scope, inclusion);
	if (inner.template == NULL)
		return;
	if (renderer->depth == TEMPLATE_DEPTH_MAX) {
		renderer->too_deep = true;
		return;
	}
	struct frame frame = { scope->frame, inclusion->arguments, scope };
	struct indentation indentation = { scope->indentation, inclusion->indentation };
	if (inclusion->arguments != NULL)
		inner.frame = &frame;
	if (!inclusion->is_alone) {
		begin_line(renderer, scope);
		inner.indentation = NULL;
	} else if (inclusion->indentation.length > 0) {
		inner.indentation = &indentation;
	}
	renderer->depth++;
	render_range(renderer, &inner, 0, inner.template->instruction_count);
	renderer->depth--;
	renderer->at_line_begin = inclusion->is_alone;
}

/* The outermost argument of that name wins: the template that was asked for over its parent,
 * that over its own parent. */
static const struct argument *find_argument(const struct scope *scope, size_t block,
					    const struct frame **found_in)
{
	const struct argument *found = NULL;
	for (const struct frame *frame = scope->frame; frame != NULL; frame = frame->outer)
		for (const struct argument *a = frame->arguments; a != NULL; a = a->next)
			if (a->block == block) {
				found = a;
				*found_in = frame;
				break;
			}
	return found;
}

/* An argument is rendered in the context of the block that it replaces, but what it holds belongs
 * to the template in which it is written: blocks in it are looked for from there. */
static void render_block(struct renderer *renderer, const struct scope *scope, size_t at)
{
	const struct instruction *instruction = &scope->template->instructions[at];
	const struct frame *frame = NULL;
	const struct argument *argument = find_argument(scope, instruction->block.number, &frame);
	if (argument == NULL) {
		render_range(renderer, scope, at + 1, instruction->end);
		return;
	}
	struct indentation indentation = { scope->indentation, instruction->block.indentation };
	struct scope inner = { .template = frame->scope->template,
			       .context = scope->context,
			       .frame = frame->outer,
			       .indentation = scope->indentation };
	if (indentation.text.length > 0)
		inner.indentation = &indentation;
	render_range(renderer, &inner, argument->begin, argument->end);
}

/* ---- All together ---- */

static void render_value(struct renderer *renderer, const struct scope *scope,
			 const struct instruction *instruction)
{
	begin_line(renderer, scope);
	write_value(renderer->out, look_up(renderer, scope->context, &instruction->path),
		    renderer->escapes && instruction->operation == VARIABLE);
}

static void render_range(struct renderer *renderer, const struct scope *scope, size_t begin,
			 size_t end)
{
	const struct instruction *instructions = scope->template->instructions;
	for (size_t i = begin; i < end && !renderer->too_deep;) {
		const struct instruction *instruction = &instructions[i];
		switch (instruction->operation) {
		case LITERAL:
			write_literal(renderer, scope, &instruction->text);
			break;
		case VARIABLE:
		case RAW:
			render_value(renderer, scope, instruction);
			break;
		case SECTION:
			render_section(renderer, scope, i);
			break;
		case INVERTED:
			render_inverted(renderer, scope, i);
			break;
		case PARTIAL:
		case PARENT:
			render_inclusion(renderer, scope, instruction->inclusion);
			break;
		case BLOCK:
			render_block(renderer, scope, i);
			break;
		}
		i = instruction->end > 0 ? instruction->end : i + 1;
	}
}

enum outcome template_render(const struct template_set *set, const char *name,
			     const struct value *const *contexts, size_t context_count,
			     struct buffer *out)
{
	const struct compiled_template *template =
		template_find(set, (struct slice){ name, strlen(name) });
	if (template == NULL)
		return INTERNAL_ERROR;
	struct renderer renderer = { .set = set,
				     .contexts = contexts,
				     .context_count = context_count,
				     .out = out,
				     .escapes = !text_ends_with(name, ".txt"),
				     .at_line_begin = true };
	struct scope scope = { .template = template };
	size_t length = out->length;
	render_range(&renderer, &scope, 0, template->instruction_count);
	if (!renderer.too_deep)
		return OK;
	out->length = length;
	out->bytes[length] = '\0';
	return INTERNAL_ERROR;
}
