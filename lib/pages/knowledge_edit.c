#include "app/conversations.h"
#include "app/trail.h"
#include "chat/knowledge.h"
#include "pages/pages.h"
#include "web/markdown.h"
#include <string.h>

/* Writing an article, editing one, and taking one from the text of a file; each can be looked at
 * before it is saved. */

/* What is in the form. */
struct draft {
	struct article_file article; /* without passages */
	const char *tags;            /* as they are typed */
	const char *content_hash;    /* of the stored one that is edited; "": a new article */
};

/* ---- Showing ---- */

/* The operator's list, and what the article has even if it is not on it. */
static struct value *choices(struct visit *visit, const char *const *list, const char *chosen)
{
	struct value *values = choices_value(visit, list, chosen);
	if (*chosen == '\0' || choice_is_listed(list, chosen))
		return values;
	struct value *value = value_object(visit->pool);
	value_set_string(value, "name", chosen);
	value_set_bool(value, "is_chosen", true);
	value_append(values, value);
	return values;
}

static enum outcome show_form(struct visit *visit, const struct draft *draft)
{
	const struct article_file *article = &draft->article;
	value_set_string(visit->data, "slug", article->slug);
	value_set_string(visit->data, "title", article->title);
	value_set_string(visit->data, "content", article->body);
	/* "title" is the error page's as well. */
	value_set_string(visit->page, "article_title", article->title);
	value_set_string(visit->page, "tags", draft->tags);
	value_set_string(visit->page, "content_hash", draft->content_hash);
	value_set_bool(visit->page, "is_new", *draft->content_hash == '\0');
	value_set(visit->page, "countries",
		  choices(visit, visit->app->countries, article->country));
	value_set(visit->page, "services", choices(visit, visit->app->services, article->service));
	value_set(visit->page, "languages", choices(visit, article_languages(), article->language));
	return visit_show(visit, "knowledge_edit.html");
}

static void show_preview(struct visit *visit, const struct article_file *article)
{
	struct buffer html = buffer_new(visit->pool, strlen(article->body) * 2 + 64);
	/* Its h1 is the article's title, below the page's own. */
	markdown_render(&html, article->body, strlen(article->body), 1);
	value_set_string(visit->page, "preview", html.bytes);
}

static enum outcome refuse(struct visit *visit, const struct draft *draft, struct value *fields)
{
	show_form(visit, draft);
	visit_refuse(visit, INVALID_FIELDS, "knowledge_edit.html");
	visit_set_fields(visit, fields);
	return OK;
}

static enum outcome refuse_one(struct visit *visit, const struct draft *draft, const char *field,
			       const char *sentence)
{
	struct value *fields = value_object(visit->pool);
	value_set_string(fields, field, sentence);
	return refuse(visit, draft, fields);
}

/* ---- Reading ---- */

static struct draft read_draft(struct visit *visit, const char *slug)
{
	const struct request *request = visit->request;
	return (struct draft){
		.article = {
			.slug = slug,
			.title = text_trim(visit->pool, request_field(request, "title")),
			.country = request_field(request, "country"),
			.service = request_field(request, "service"),
			.language = request_field(request, "language"),
			.body = request_field(request, "body"),
		},
		.tags = request_field(request, "tags"),
		.content_hash = request_field(request, "content_hash"),
	};
}

static const char *line_problem(struct visit *visit, const char *field, const char *text)
{
	if (!request_field_is_clean(visit->request, field, false))
		return "This holds characters that are no text.";
	if (text_characters(text) > ARTICLE_TITLE_MAX)
		return "This is longer than 200 characters.";
	return NULL;
}

/* An object with a sentence for each field that cannot be taken. */
static struct value *field_problems(struct visit *visit, const struct draft *draft)
{
	const struct article_file *article = &draft->article;
	struct value *fields = value_object(visit->pool);
	const char *title = line_problem(visit, "title", article->title);
	if (!article_slug_is_good(article->slug))
		value_set_string(fields, "slug",
				 "Use lower-case letters, digits and single hyphens, such as "
				 "germany-vat.");
	if (title != NULL || *article->title == '\0')
		value_set_string(fields, "title", title != NULL ? title : "Give it a title.");
	if (!request_field_is_clean(visit->request, "tags", false))
		value_set_string(fields, "tags", "This holds characters that are no text.");
	if (line_problem(visit, "country", article->country) != NULL)
		value_set_string(fields, "country", "Choose one of these.");
	if (line_problem(visit, "service", article->service) != NULL)
		value_set_string(fields, "service", "Choose one of these.");
	if (!choice_is_listed(article_languages(), article->language))
		value_set_string(fields, "language", "Choose one of these.");
	if (!request_field_is_clean(visit->request, "body", true))
		value_set_string(fields, "body", "The text holds characters that are no text.");
	else if (*text_trim(visit->pool, article->body) == '\0')
		value_set_string(fields, "body", "Write some text.");
	return fields;
}

/* What is typed, read as a file would be: so it is stored as an import stores it. NULL: the problem
 * is in `*problem`. */
static const struct article_file *read_as_file(struct visit *visit, const struct draft *draft,
					       const char **problem)
{
	struct article_file article = draft->article;
	article.tags = (const char *[]){ draft->tags };
	article.tag_count = *text_trim(visit->pool, draft->tags) != '\0';
	const char *text = article_file_write(visit->pool, &article);
	return article_file_read(visit->pool, article.slug, text, strlen(text), problem);
}

/* ---- Saving ---- */

static enum outcome save(struct visit *visit, const struct draft *draft,
			 const struct article_file *article)
{
	bool is_new = *draft->content_hash == '\0';
	struct value *detail = value_object(visit->pool);
	value_set_string(detail, "slug", article->slug);
	struct audit_entry entry = trail_entry(visit, AUDIT_KNOWLEDGE_CHANGED, visit->session,
					       is_new ? "created" : "edited");
	entry.detail = detail;
	const struct pg_call call = audit_call(visit->pool, &entry);
	struct knowledge_act act = { .mode = is_new ? KNOWLEDGE_CREATE : KNOWLEDGE_EDIT,
				     .editor = visit->session->username,
				     .expected = draft->content_hash,
				     .dry_run = !is_new };
	enum knowledge_change change = KNOWLEDGE_CREATED;
	enum outcome outcome = OK;
	if (!is_new) /* nothing to save is nothing to note */
		outcome = knowledge_store(visit->app->postgresql, visit->pool, article, &act,
					  &change);
	if (outcome == OK && change != KNOWLEDGE_UNCHANGED) {
		act.dry_run = false;
		act.entry = &call;
		outcome = knowledge_store(visit->app->postgresql, visit->pool, article, &act,
					  &change);
	}
	if (outcome != OK)
		return outcome;
	switch (change) {
	case KNOWLEDGE_TAKEN:
		return refuse_one(visit, draft, "slug",
				  "There is an article of this name already.");
	case KNOWLEDGE_STALE:
		return refuse_one(visit, draft, "body",
				  "Somebody changed this article while you did. Open it in another "
				  "window and put your changes in there.");
	case KNOWLEDGE_MISSING:
		return refuse_one(visit, draft, "body",
				  "Somebody deleted this article meanwhile. Copy your text into a "
				  "new one if it is still needed.");
	case KNOWLEDGE_CREATED:
		return visit_redirect(visit, "/knowledge?done=created",
				      "The article is there now.");
	case KNOWLEDGE_UNCHANGED:
		return visit_redirect(visit, "/knowledge?done=unchanged", "Nothing was changed.");
	default:
		return visit_redirect(visit, "/knowledge?done=saved", "The article is saved.");
	}
}

/* "preview" looks only; anything else saves. */
static enum outcome submit(struct visit *visit, const struct draft *draft)
{
	struct value *fields = field_problems(visit, draft);
	if (value_count(fields) > 0)
		return refuse(visit, draft, fields);
	const char *problem;
	const struct article_file *article = read_as_file(visit, draft, &problem);
	if (article == NULL)
		return refuse_one(visit, draft, "body", problem);
	if (strcmp(request_field(visit->request, "action"), "preview") != 0)
		return save(visit, draft, article);
	show_preview(visit, article);
	return show_form(visit, draft);
}

static enum outcome form_again(struct visit *visit, const char *slug)
{
	const struct draft draft = read_draft(visit, slug);
	show_form(visit, &draft);
	return visit_refuse(visit, CSRF_FAILED, "knowledge_edit.html");
}

/* ---- A new one ---- */

static const struct draft empty = {
	.article = { .slug = "",
		     .title = "",
		     .country = "",
		     .service = "",
		     .language = "english",
		     .body = "" },
	.tags = "",
	.content_hash = "",
};

static enum outcome new_show(struct visit *visit)
{
	return show_form(visit, &empty);
}

static enum outcome new_submit(struct visit *visit)
{
	const struct draft draft = read_draft(visit, request_field(visit->request, "slug"));
	return submit(visit, &draft);
}

static enum outcome new_again(struct visit *visit)
{
	return form_again(visit, request_field(visit->request, "slug"));
}

/* ---- One that is there ---- */

static enum outcome edit_show(struct visit *visit)
{
	struct knowledge_article stored;
	enum outcome outcome = knowledge_article_load(visit->app->postgresql, visit->pool,
						      visit->path_rest, &stored);
	if (outcome != OK)
		return outcome;
	const struct draft draft = {
		.article = { .slug = stored.slug,
			     .title = stored.title,
			     .country = stored.country,
			     .service = stored.service,
			     .language = stored.language,
			     .body = stored.body },
		.tags = stored.tags,
		.content_hash = stored.content_hash,
	};
	return show_form(visit, &draft);
}

static enum outcome edit_submit(struct visit *visit)
{
	const struct draft draft = read_draft(visit, visit->path_rest);
	return *draft.content_hash == '\0' ? BAD_REQUEST : submit(visit, &draft);
}

static enum outcome edit_again(struct visit *visit)
{
	return form_again(visit, visit->path_rest);
}

/* ---- From the text of a file ---- */

static enum outcome import_show(struct visit *visit)
{
	value_set_string(visit->page, "slug", "");
	return visit_show(visit, "knowledge_import.html");
}

static enum outcome import_form(struct visit *visit, enum outcome reason)
{
	value_set_string(visit->page, "slug", request_field(visit->request, "slug"));
	value_set_string(visit->page, "text", request_field(visit->request, "text"));
	visit_show(visit, "knowledge_import.html");
	return visit_refuse(visit, reason, "knowledge_import.html");
}

static enum outcome import_again(struct visit *visit)
{
	return import_form(visit, CSRF_FAILED);
}

static const char *join_tags(struct pool *pool, const struct article_file *article)
{
	struct buffer tags = buffer_new(pool, 128);
	for (size_t i = 0; i < article->tag_count; i++)
		buffer_printf(&tags, "%s%s", i > 0 ? ", " : "", article->tags[i]);
	return tags.bytes;
}

/* Nothing is stored yet: the form shows what was read, with a preview. */
static enum outcome import_submit(struct visit *visit)
{
	const char *slug = request_field(visit->request, "slug"), *problem = "";
	const char *text = request_field(visit->request, "text");
	struct value *fields = value_object(visit->pool);
	const struct article_file *article = NULL;
	if (!article_slug_is_good(slug))
		value_set_string(fields, "slug",
				 "Use lower-case letters, digits and single hyphens, such as "
				 "germany-vat.");
	else
		article = article_file_read(visit->pool, slug, text, strlen(text), &problem);
	if (*problem != '\0')
		value_set_string(fields, "text", problem);
	if (article == NULL) {
		import_form(visit, INVALID_FIELDS);
		visit_set_fields(visit, fields);
		return OK;
	}
	struct knowledge_article stored = { .content_hash = "" };
	enum outcome outcome = knowledge_article_load(visit->app->postgresql, visit->pool, slug,
						      &stored);
	if (outcome != OK && outcome != NOT_FOUND)
		return outcome;
	const struct draft draft = { .article = *article,
				     .tags = join_tags(visit->pool, article),
				     .content_hash = stored.content_hash };
	value_set_bool(visit->page, "replaces", outcome == OK);
	show_preview(visit, article);
	return show_form(visit, &draft);
}

static const struct route routes[] = {
	{ METHOD_GET, "/knowledge/new", ADMIN, new_show, NULL },
	{ METHOD_POST, "/knowledge/new", ADMIN, new_submit, new_again },
	{ METHOD_GET, "/knowledge/edit/*", ADMIN, edit_show, NULL },
	{ METHOD_POST, "/knowledge/edit/*", ADMIN, edit_submit, edit_again },
	{ METHOD_GET, "/knowledge/import", ADMIN, import_show, NULL },
	{ METHOD_POST, "/knowledge/import", ADMIN, import_submit, import_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table knowledge_edit_page = { "knowledge_edit", routes, false };
