#include "base/places.h"
#include "base/log.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <maxminddb.h>
#include <string.h>

struct places {
	MMDB_s database;
};

static void close_database(void *data)
{
	struct places *places = data;
	MMDB_close(&places->database);
}

struct places *places_open(struct pool *pool, const char *path, const char **problem)
{
	struct places *places = pool_zalloc(pool, sizeof *places);
	errno = 0;
	int status = MMDB_open(path, MMDB_MODE_MMAP, &places->database);
	if (status == MMDB_SUCCESS) {
		pool_cleanup(pool, close_database, places);
		return places;
	}
	if (status == MMDB_FILE_OPEN_ERROR)
		*problem = pool_printf(pool, "%s cannot be opened: %s", path, strerror(errno));
	else
		*problem = pool_printf(pool, "%s is damaged, or no MaxMind DB file (%s)", path,
				       MMDB_strerror(status));
	return NULL;
}

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The library's own reading of addresses asks the resolver, which takes "1" for 0.0.0.1. */
static bool read_address(const char *text, union any_address *address)
{
	struct in6_addr v6;
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET6, text, &v6) != 1) {
		address->v4.sin_family = AF_INET;
		return inet_pton(AF_INET, text, &address->v4.sin_addr) == 1;
	}
	if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		address->v4.sin_family = AF_INET;
		memcpy(&address->v4.sin_addr, v6.s6_addr + 12, sizeof address->v4.sin_addr);
	} else {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_addr = v6;
	}
	return true;
}

/* What the file says of an address; false when it says nothing. */
static bool look_up(const struct places *places, const char *address, MMDB_entry_s *entry)
{
	union any_address where;
	if (!read_address(address, &where))
		return false;
	int status;
	MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&places->database, &where.any, &status);
	if (status == MMDB_SUCCESS && result.found_entry) {
		*entry = result.entry;
		return true;
	}
	if (status != MMDB_SUCCESS && status != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
		log_event(LOG_LEVEL_WARNING, "place_database_damaged", "reason",
			  MMDB_strerror(status), NULL);
	return false;
}

/* The English name of a record's "city" or "country"; NULL when there is none that can be shown. */
static const char *english_name(struct pool *pool, MMDB_entry_s *entry, const char *what)
{
	MMDB_entry_data_s found;
	const char *const path[] = { what, "names", "en", NULL };
	if (MMDB_aget_value(entry, &found, path) != MMDB_SUCCESS || !found.has_data ||
	    found.type != MMDB_DATA_TYPE_UTF8_STRING || found.data_size == 0 ||
	    !text_is_plain(found.utf8_string, found.data_size, false))
		return NULL;
	char *name = pool_strndup(pool, found.utf8_string, found.data_size);
	name[text_prefix(name, PLACE_NAME_MAX_CHARACTERS)] = '\0';
	return name;
}

const char *places_find(const struct places *places, struct pool *pool, const char *address)
{
	MMDB_entry_s entry;
	if (places == NULL || address == NULL || !look_up(places, address, &entry))
		return NULL;
	const char *city = english_name(pool, &entry, "city");
	const char *country = english_name(pool, &entry, "country");
	if (city == NULL || country == NULL)
		return city != NULL ? city : country;
	if (strcmp(city, country) == 0) /* Singapore */
		return country;
	return pool_printf(pool, "%s, %s", city, country);
}
