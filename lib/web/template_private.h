/* How a compiled template looks: shared by template.c (sets), template_compile.c and
 * template_render.c, and by nobody else. */
#pragma once
#include "web/template.h"

/* Bytes that are not NUL-terminated. */
struct slice {
	const char *bytes;
	size_t length;
};

/* A dotted name, split: "person.name" has two parts, "." has none. */
struct path {
	const struct slice *parts;
	size_t count;
};

enum operation {
	LITERAL,  /* text */
	VARIABLE, /* {{path}} */
	RAW,      /* {{{path}}} {{&path}} */
	SECTION,  /* {{#path}} … */
	INVERTED, /* {{^path}} … */
	PARTIAL,  /* {{>template}} */
	PARENT,   /* {{<template}} …, whose body is only looked at for its arguments */
	BLOCK     /* {{$name}} default … */
};

/* What a parent tag puts in the place of the block of that name. */
struct argument {
	const struct argument *next;
	size_t block;      /* number of the block's name in its set */
	size_t begin, end; /* instructions of the template that holds the parent tag */
};

/* A partial or a parent tag. */
struct inclusion {
	struct inclusion *next; /* of the same template, for linking */
	struct slice name;
	unsigned line;
	bool is_dynamic; /* {{>*path}}: `path` says the name while rendering */
	struct path path;
	const struct compiled_template *target; /* NULL: there is none of that name */
	bool is_alone;            /* on its line, so that the line's indentation is handed on */
	struct slice indentation; /* put before each line of the target */
	const struct argument *arguments;
};

struct block {
	size_t number;
	struct slice indentation; /* put before each line of what replaces the default */
};

struct instruction {
	enum operation operation;
	uint32_t end; /* SECTION, INVERTED, PARENT, BLOCK: the instruction after the closing tag */
	union {
		struct slice text;
		struct path path;
		const struct inclusion *inclusion;
		struct block block;
	};
};

struct compiled_template {
	const char *name;
	const char *file; /* as errors call it */
	struct slice source;
	size_t precedence; /* the lower overrides the higher of the same name */
	const struct instruction *instructions;
	size_t instruction_count;
	struct inclusion *inclusions;
};

struct template_set {
	struct pool *pool;
	struct compiled_template *templates; /* sorted by name */
	size_t count, capacity;
	struct slice *block_names; /* their places are their numbers */
	size_t block_count, block_capacity;
};

/* Fill in `instructions` and `inclusions` from `source`. False, with a line in `errors`, when the
 * syntax is wrong. */
bool template_compile(struct template_set *set, struct compiled_template *template,
		      struct buffer *errors);

/* The template of exactly that name, or NULL. */
const struct compiled_template *template_find(const struct template_set *set, struct slice name);
