#include "auth/users.h"
#include "base/log.h"
#include <string.h>

struct users {
	struct mysql_pool *database;
	const char *table; /* as configured */
	bool has_username;
	const char *username_column, *email_column;
	bool has_last_login;
	const char *insert_value_order; /* one letter for each value: u e p n */
};

/* What stands for a {{placeholder}} in sql/mysql/queries. */
struct placeholder {
	const char *name;
	const char *text;
};

enum { IDENTIFIER_MAX = 64, PLACEHOLDERS_MAX = 16 };

static bool is_identifier(const char *name, size_t length)
{
	if (length == 0 || length > IDENTIFIER_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '$';
		if (!good)
			return false;
	}
	return true;
}

/* `name` in backticks; "database.table" becomes two of them. NULL: not an identifier. */
static const char *quote(struct pool *pool, const char *name)
{
	size_t length = strcspn(name, ".");
	if (!is_identifier(name, length))
		return NULL;
	if (name[length] == '\0')
		return pool_printf(pool, "`%s`", name);
	const char *rest = name + length + 1;
	if (!is_identifier(rest, strlen(rest)))
		return NULL;
	return pool_printf(pool, "`%.*s`.`%s`", (int)length, name, rest);
}

static const char *quote_setting(struct pool *pool, const char *setting, const char *name,
				 struct buffer *errors)
{
	const char *quoted = quote(pool, name);
	if (quoted == NULL)
		buffer_printf(errors,
			      "[users] %s: \"%s\" is not a name of letters, digits, _ and $\n",
			      setting, name);
	return quoted;
}

struct active_rule {
	const char *column; /* quoted; NULL: everybody is active */
	const char *value;
};

static bool read_active_rule(struct pool *pool, const char *setting, struct active_rule *rule,
			     struct buffer *errors)
{
	*rule = (struct active_rule){ NULL, NULL };
	if (*setting == '\0')
		return true;
	size_t length = strcspn(setting, ":");
	rule->column = quote(pool, pool_strndup(pool, setting, length));
	rule->value = setting + length + (setting[length] == ':');
	int64_t number;
	if (rule->column == NULL || !text_to_integer(rule->value, 0, 255, &number)) {
		buffer_printf(errors,
			      "[users] active_when: write column:number, such as is_active:1\n");
		return false;
	}
	return true;
}

static const char *fill(struct pool *pool, const char *text, const struct placeholder *placeholders)
{
	struct buffer out = buffer_new(pool, strlen(text) + 256);
	for (const char *open = strstr(text, "{{"); open != NULL; open = strstr(text, "{{")) {
		const char *close = strstr(open, "}}");
		size_t length = (size_t)(close - open) - 2;
		buffer_add(&out, text, (size_t)(open - text));
		const struct placeholder *p = placeholders;
		while (p->name != NULL &&
		       (strncmp(p->name, open + 2, length) != 0 || p->name[length] != '\0'))
			p++;
		if (p->name == NULL || p->text == NULL)
			return NULL; /* this table does not have the column */
		buffer_puts(&out, p->text);
		text = close + 2;
	}
	buffer_puts(&out, text);
	return out.bytes;
}

/* The columns that a sign-up writes, and what goes into them. */
struct insert_list {
	struct buffer columns, values, order;
};

static void insert_add(struct insert_list *list, const char *column, const char *value, char letter)
{
	if (column == NULL)
		return;
	if (list->columns.length > 0) {
		buffer_puts(&list->columns, ", ");
		buffer_puts(&list->values, ", ");
	}
	buffer_puts(&list->columns, column);
	buffer_puts(&list->values, value);
	if (letter != '\0')
		buffer_byte(&list->order, letter);
}

static const char *optional(struct pool *pool, const char *setting, const char *name,
			    struct buffer *errors)
{
	return *name != '\0' ? quote_setting(pool, setting, name, errors) : NULL;
}

static const char *const *build_statements(struct pool *pool, const struct config *config,
					   struct users *users, struct buffer *errors)
{
	const char *table = quote_setting(pool, "table", config->users.table, errors);
	const char *id = quote_setting(pool, "id", config->users.id, errors);
	const char *email = quote_setting(pool, "email", config->users.email, errors);
	const char *hash = quote_setting(pool, "password_hash", config->users.password_hash,
					 errors);
	const char *username = optional(pool, "username", config->users.username, errors);
	const char *full_name = optional(pool, "full_name", config->users.full_name, errors);
	const char *created_at = optional(pool, "created_at", config->users.created_at, errors);
	const char *last_login = optional(pool, "last_login", config->users.last_login, errors);
	struct active_rule active;
	if (!read_active_rule(pool, config->users.active_when, &active, errors) ||
	    errors->length > 0)
		return NULL;

	struct insert_list insert = { buffer_new(pool, 128), buffer_new(pool, 64),
				      buffer_new(pool, 8) };
	insert_add(&insert, username, "?", 'u');
	insert_add(&insert, email, "?", 'e');
	insert_add(&insert, hash, "?", 'p');
	insert_add(&insert, full_name, "?", 'n');
	insert_add(&insert, active.column, active.value, '\0');
	insert_add(&insert, created_at, "UTC_TIMESTAMP()", '\0');
	users->insert_value_order = insert.order.bytes;

	const struct placeholder placeholders[] = {
		{ "table", table },
		{ "id", id },
		{ "email", email },
		{ "username", username != NULL ? username : email },
		{ "password_hash", hash },
		{ "active", active.column != NULL
				    ? pool_printf(pool, "%s = %s", active.column, active.value)
				    : "1" },
		{ "last_login", last_login },
		{ "insert_columns", insert.columns.bytes },
		{ "insert_values", insert.values.bytes },
		{ NULL, NULL },
	};
	const char **texts = pool_zalloc(pool, MYSQL_STATEMENT_COUNT * sizeof *texts);
	for (size_t i = 0; i < MYSQL_STATEMENT_COUNT; i++)
		texts[i] = fill(pool, mysql_statement_texts[i].sql, placeholders);
	return texts;
}

static bool is_remote(const char *hosts)
{
	return *hosts != '\0' && strcmp(hosts, "localhost") != 0 &&
	       strcmp(hosts, "127.0.0.1") != 0 && strcmp(hosts, "::1") != 0;
}

struct users *users_open(struct pool *pool, const struct config *config, struct buffer *errors)
{
	struct users *users = pool_zalloc(pool, sizeof *users);
	users->table = config->users.table;
	users->username_column = config->users.username;
	users->email_column = config->users.email;
	users->has_username = *config->users.username != '\0';
	users->has_last_login = *config->users.last_login != '\0';
	const char *const *statements = build_statements(pool, config, users, errors);
	if (statements == NULL)
		return NULL;
	users->database = mysql_pool_new(pool,
					 &(struct mysql_options){
						 .hosts = config->mysql.host,
						 .port = config->mysql.port,
						 .socket = config->mysql.socket,
						 .user = config->mysql.user,
						 .password = config->mysql.password,
						 .database = config->mysql.database,
						 .tls = config->mysql.tls == TLS_ALWAYS ||
							(config->mysql.tls == TLS_WHEN_REMOTE &&
							 is_remote(config->mysql.host)),
						 .tls_ca = config->mysql.tls_ca,
						 .connections = (size_t)config->server.threads,
						 .deadline_ms = config->mysql.timeout_ms,
						 .statements = statements,
					 });
	return users;
}

/* Columns of users_find and users_load. */
enum { ID, USERNAME, EMAIL, PASSWORD, ACTIVE };

static struct user *read_user(const struct mysql_rows *rows, size_t row, struct pool *pool)
{
	struct user *user = pool_zalloc(pool, sizeof *user);
	const char *active = mysql_text(rows, row, ACTIVE);
	user->id = mysql_text(rows, row, ID);
	user->email = mysql_text(rows, row, EMAIL);
	user->username = mysql_text(rows, row, USERNAME);
	user->stored_password = mysql_text(rows, row, PASSWORD);
	user->is_active = active != NULL && strcmp(active, "1") == 0;
	if (user->email == NULL)
		user->email = "";
	if (text_is_empty(user->username))
		user->username = user->email;
	if (user->stored_password == NULL)
		user->stored_password = "";
	return user;
}

static enum outcome outage(enum outcome outcome)
{
	if (outcome == FORBIDDEN)
		log_event(LOG_LEVEL_ERROR, "users_table_denied", "reason",
			  "the account of [mysql] user lacks a right on the users table", NULL);
	return outcome == OK ? OK : SIGN_IN_UNAVAILABLE;
}

enum outcome users_find(struct users *users, struct pool *pool, const char *login,
			struct user **user)
{
	*user = NULL;
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_FIND,
					 (const char *const[]){ login, login }, 2, &rows);
	if (outcome == BAD_REQUEST) /* letters that the column cannot hold are nobody's */
		return NOT_FOUND;
	if (outcome != OK)
		return outage(outcome);
	size_t matches = 0;
	for (size_t i = 0; i < mysql_row_count(rows); i++) {
		struct user *candidate = read_user(rows, i, pool);
		/* MySQL collations fold accents; compare again, so that "ádmin" is not "admin". */
		if (candidate->id == NULL || (!text_equal_fold(candidate->username, login) &&
					      !text_equal_fold(candidate->email, login)))
			continue;
		matches++;
		*user = candidate;
	}
	if (matches == 1)
		return OK;
	if (matches > 1)
		log_event(LOG_LEVEL_WARNING, "users_ambiguous", "first", (*user)->id, NULL);
	*user = NULL;
	return NOT_FOUND;
}

enum outcome users_load(struct users *users, struct pool *pool, const char *id, struct user **user)
{
	*user = NULL;
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_LOAD,
					 (const char *const[]){ id }, 1, &rows);
	if (outcome != OK)
		return outage(outcome);
	if (mysql_row_count(rows) != 1)
		return NOT_FOUND;
	struct user *found = read_user(rows, 0, pool);
	/* MySQL reads "12abc" as 12. */
	if (found->id == NULL || strcmp(found->id, id) != 0)
		return NOT_FOUND;
	*user = found;
	return OK;
}

enum outcome users_insert(struct users *users, struct pool *pool, const struct user_new *user)
{
	const char *parameters[PLACEHOLDERS_MAX];
	size_t count = 0;
	for (const char *letter = users->insert_value_order; *letter != '\0'; letter++)
		parameters[count++] = *letter == 'e'   ? user->email
				      : *letter == 'p' ? user->stored_password
						       : user->username;
	enum outcome outcome = mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_INSERT,
					 parameters, count, NULL);
	return outcome == CONFLICT ? outcome : outage(outcome);
}

enum outcome users_replace_password(struct users *users, struct pool *pool, const struct user *user,
				    const char *stored_password)
{
	const char *const parameters[] = { stored_password, user->id, user->stored_password };
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_REPLACE_HASH,
					 parameters, 3, &rows);
	if (outcome == OK && mysql_changed_rows(rows) != 1)
		return NOT_FOUND;
	return outcome;
}

void users_note_sign_in(struct users *users, struct pool *pool, const struct user *user)
{
	if (!users->has_last_login)
		return;
	/* A read-only account is allowed; that nothing is noted then is as documented. */
	mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_SIGNED_IN,
		  (const char *const[]){ user->id }, 1, NULL);
}

enum outcome users_sample_hashes(struct users *users, struct pool *pool, const char **hashes,
				 size_t *count)
{
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(users->database, pool,
					 MYSQL_STATEMENT_USERS_NEIGHBOUR_HASHES, NULL, 0, &rows);
	if (outcome != OK)
		return outage(outcome);
	*count = mysql_row_count(rows);
	for (size_t i = 0; i < *count; i++)
		hashes[i] = mysql_text(rows, i, 0);
	return OK;
}

enum outcome users_check_unique(struct users *users, struct pool *pool, bool *unique,
				const char **reason)
{
	const char *dot = strchr(users->table, '.');
	const char *const parameters[] = {
		dot != NULL ? pool_strndup(pool, users->table, (size_t)(dot - users->table)) : "",
		dot != NULL ? dot + 1 : users->table,
	};
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(
		users->database, pool, MYSQL_STATEMENT_USERS_UNIQUE_COLUMNS, parameters, 2, &rows);
	if (outcome != OK)
		return outage(outcome);
	bool username = !users->has_username, email = false;
	for (size_t i = 0; i < mysql_row_count(rows); i++) {
		const char *column = mysql_text(rows, i, 0);
		username = username || text_equal_fold(column, users->username_column);
		email = email || text_equal_fold(column, users->email_column);
	}
	*unique = username && email;
	*reason = *unique ? ""
			  : pool_printf(pool, "sign-up needs a unique index on %s of table %s",
					username ? users->email_column : users->username_column,
					users->table);
	return OK;
}

enum outcome users_check_table(struct users *users, struct pool *pool, bool *exists)
{
	*exists = strchr(users->table, '.') != NULL;
	if (*exists)
		return OK;
	struct mysql_rows *rows;
	enum outcome outcome = mysql_run(users->database, pool, MYSQL_STATEMENT_USERS_TABLE_EXISTS,
					 (const char *const[]){ users->table }, 1, &rows);
	*exists = outcome == OK && mysql_row_count(rows) > 0;
	return outage(outcome);
}

struct mysql_pool *users_database(struct users *users)
{
	return users->database;
}
