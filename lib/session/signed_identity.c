#include "session/signed_identity.h"
#include "session/members.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Two sessions that share a place displace each other. What is longer is read anew each time. */
enum { PLACES = 256, DATA_MAX_BYTES = 2048, FIELDS = 4 };

/* One block of memory: the data, then the four texts, each with its NUL. */
struct kept {
	size_t size; /* of the block */
	size_t data_length;
	size_t fields[FIELDS]; /* where each begins; 0: it is missing */
	char bytes[];
};

struct signed_identity_reader {
	const struct django_keys *keys;
	const struct signed_identity_names *names;
	pthread_mutex_t lock;
	struct kept *places[PLACES];
};

static void forget(struct kept *kept)
{
	if (kept != NULL)
		memory_wipe(kept, kept->size);
	free(kept);
}

static void forget_all(void *data)
{
	struct signed_identity_reader *reader = data;
	for (size_t i = 0; i < PLACES; i++)
		forget(reader->places[i]);
	pthread_mutex_destroy(&reader->lock);
}

struct signed_identity_reader *signed_identity_reader_new(struct pool *pool,
							  const struct django_keys *keys,
							  const struct signed_identity_names *names)
{
	struct signed_identity_reader *reader = pool_zalloc(pool, sizeof *reader);
	reader->keys = keys;
	reader->names = names;
	pthread_mutex_init(&reader->lock, NULL);
	pool_cleanup(pool, forget_all, reader);
	return reader;
}

/* Keys are random, so that nobody can choose where theirs falls. */
static struct kept **place_of(struct signed_identity_reader *reader, const char *session_key)
{
	size_t sum = 0;
	for (const char *c = session_key; *c != '\0'; c++)
		sum = sum * 31 + (unsigned char)*c;
	return &reader->places[sum % PLACES];
}

static struct signed_identity *copy_kept(struct pool *pool, const struct kept *kept)
{
	struct signed_identity *identity = pool_zalloc(pool, sizeof *identity);
	const char **texts[FIELDS] = { &identity->user_id, &identity->auth_hash, &identity->backend,
				       &identity->guest_id };
	for (size_t i = 0; i < FIELDS; i++)
		if (kept->fields[i] != 0)
			*texts[i] = pool_strdup(pool, kept->bytes + kept->fields[i]);
	return identity;
}

static struct kept *make_kept(const struct signed_identity *identity, const char *data,
			      size_t length)
{
	const char *const texts[FIELDS] = { identity->user_id, identity->auth_hash,
					    identity->backend, identity->guest_id };
	size_t size = length + 1;
	for (size_t i = 0; i < FIELDS; i++)
		size += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
	struct kept *kept = malloc(sizeof *kept + size);
	if (kept == NULL)
		return NULL;
	*kept = (struct kept){ .size = sizeof *kept + size, .data_length = length };
	memcpy(kept->bytes, data, length + 1);
	size_t at = length + 1;
	for (size_t i = 0; i < FIELDS; i++) {
		if (texts[i] == NULL)
			continue;
		kept->fields[i] = at;
		memcpy(kept->bytes + at, texts[i], strlen(texts[i]) + 1);
		at += strlen(texts[i]) + 1;
	}
	return kept;
}

static const struct signed_identity *look_up(struct signed_identity_reader *reader,
					     struct pool *pool, struct kept **place,
					     const char *data, size_t length)
{
	const struct signed_identity *found = NULL;
	pthread_mutex_lock(&reader->lock);
	if (*place != NULL && (*place)->data_length == length &&
	    memcmp((*place)->bytes, data, length) == 0)
		found = copy_kept(pool, *place);
	pthread_mutex_unlock(&reader->lock);
	return found;
}

static void keep(struct signed_identity_reader *reader, struct kept **place, struct kept *kept)
{
	pthread_mutex_lock(&reader->lock);
	struct kept *before = *place;
	*place = kept;
	pthread_mutex_unlock(&reader->lock);
	forget(before);
}

/* Check, unpack and parse. */
static const struct signed_identity *read_anew(const struct signed_identity_reader *reader,
					       struct pool *pool, const char *signed_data)
{
	size_t length;
	const char *json = django_decode(pool, reader->keys, signed_data, &length);
	const struct members *members = json != NULL ? members_parse(pool, json, length) : NULL;
	if (members == NULL)
		return NULL;
	const struct signed_identity_names *names = reader->names;
	struct signed_identity *identity = pool_alloc(pool, sizeof *identity);
	*identity = (struct signed_identity){
		.user_id = members_get(members, names->user_id),
		.auth_hash = members_get(members, names->auth_hash),
		.backend = names->backend != NULL ? members_get(members, names->backend) : NULL,
		.guest_id = members_get(members, IDENTITY_GUEST_ID),
	};
	return identity;
}

const struct signed_identity *signed_identity_read(struct signed_identity_reader *reader,
						   struct pool *pool, const char *session_key,
						   const char *signed_data)
{
	struct kept **place = place_of(reader, session_key);
	size_t length = strlen(signed_data);
	const struct signed_identity *identity = look_up(reader, pool, place, signed_data, length);
	if (identity != NULL)
		return identity;
	identity = read_anew(reader, pool, signed_data);
	if (identity != NULL && length <= DATA_MAX_BYTES) {
		struct kept *kept = make_kept(identity, signed_data, length);
		if (kept != NULL)
			keep(reader, place, kept);
	}
	return identity;
}
