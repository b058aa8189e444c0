/* Characters as requests bring them and replies show them. */
#pragma once
#include "app/visit.h"
#include "chat/character.h"

/* Who asks. */
struct character_person characters_person(const struct visit *visit);

/* A character as programs get it: the members of a file of ours and id, is_shared, is_mine,
 * can_change, created_at, updated_at (seconds since 1970), and "prompt", which is what a model is
 * told. */
struct value *characters_value(struct visit *visit, const struct character *character);

/* The same for one of a list: without the long texts, with "about", which is one line of them (its greeting
 * where it has one). Pages
 * also find `initial` and `tone` (0 to 5), for its mark. */
struct value *characters_listed(struct visit *visit, const struct character *character);

/* Take what the form or the JSON body has into `character` and check all of it. A form has every
 * field; JSON changes those that it names. false: `fields` has a sentence for each that is wrong. */
bool characters_read(struct visit *visit, struct character *character, struct value *fields);

/* What the form to change a character needs: its fields as they are, sliders, traits, models. What
 * was typed and could not be taken stays typed. */
void characters_set_form(struct visit *visit, const struct character *character);

/* Store a character of this visit's person, a new one (without id, which it gets) or as it is now;
 * `was_shared`: whether it was before. Who begins or ends sharing one is in the audit trail. CONFLICT: they have
 * as many as they may. */
enum outcome characters_store(struct visit *visit, struct character *character, bool was_shared);

/* Delete it, with an entry in the audit trail. */
enum outcome characters_delete(struct visit *visit, const struct character *character);

/* The list of `whose` that the query asks for (q, category, tag, page) as data, with all that a page
 * needs to show it. */
enum outcome characters_show_list(struct visit *visit, enum character_whose whose, size_t per_page);

/* The models to choose from; `chosen` is listed even where it is no longer offered. */
struct value *characters_models(struct visit *visit, const char *chosen);
