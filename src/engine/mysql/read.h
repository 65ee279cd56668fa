/* Introspection: what the server prints of its objects is read token by token, so that nothing that
 * it says is lost: what has no place of its own in the catalogue is kept as text. */
#ifndef SLUICE_ENGINE_MYSQL_READ_H
#define SLUICE_ENGINE_MYSQL_READ_H

#include "mysql_int.h"

#include "sluice/schema/catalog.h"
#include "sluice/sql/token.h"

/* One introspection: answers and built parts live in the arena. */
struct sl_my_read {
	struct my_conn *conn;
	struct sl_arena *arena;
	struct sl_catalog_builder *builder;
	const char *database;
	const char *collation; /* the database's default */
};

/* The tokens of a printed statement, without comments. */
struct sl_my_tokens {
	struct sl_my_read *read;
	const char *text;
	const struct sl_token *at;
	size_t len;
};

struct sl_my_tokens sl_my_tokens(struct sl_my_read *read, const char *text);

bool sl_my_is(const struct sl_my_tokens *t, size_t i, const char *word);
bool sl_my_is_char(const struct sl_my_tokens *t, size_t i, char c);
bool sl_my_is_name(const struct sl_my_tokens *t, size_t i);

/* "" past the end. */
const char *sl_my_name(const struct sl_my_tokens *t, size_t i);

/* The value of a string token. */
const char *sl_my_string(const struct sl_my_tokens *t, size_t i);

/* Tokens [first, end) as they stand, with one blank where there is white space or a comment, and
 * without the name of the own database before a dot. */
const char *sl_my_text(const struct sl_my_tokens *t, size_t first, size_t end);

/* The first index from `i` on that is `c` outside brackets, or one after the bracket that closes
 * what is open at i; t->len when there is none. */
size_t sl_my_find(const struct sl_my_tokens *t, size_t i, char c);

/* Behind the bracket that closes the one at i. */
size_t sl_my_close(const struct sl_my_tokens *t, size_t i);

/* The names in the brackets that open at i. */
struct sl_names sl_my_names(const struct sl_my_tokens *t, size_t i);

void sl_my_incomplete(struct sl_my_read *read, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds the table of a SHOW CREATE TABLE; its tail is read by sl_my_read_options(). */
void sl_my_read_table(struct sl_my_read *read, const char *name, const char *printed, int64_t rows,
	int64_t bytes);

/* A line of CREATE TABLE that is no column: a key, a constraint, a clause. */
struct sl_my_lines {
	struct sl_index *indexes;
	struct sl_constraint *constraints;
	const char **clauses;
	size_t index_len, constraint_len, clause_len;
};

void sl_my_read_line(struct sl_my_lines *lines, const struct sl_my_tokens *t, size_t first,
	size_t end);

/* Everything else: kind is the word that SHOW CREATE takes. */
void sl_my_read_view(struct sl_my_read *read, const char *name, const struct sl_rows *printed);
void sl_my_read_sequence(struct sl_my_read *read, const char *name, const struct sl_rows *printed);
void sl_my_read_routine(struct sl_my_read *read, const char *kind, const char *name,
	const struct sl_rows *printed);
void sl_my_read_event(struct sl_my_read *read, const char *name, const struct sl_rows *printed);

/* Rows of the query for triggers. */
void sl_my_read_triggers(struct sl_my_read *read, const struct sl_rows *rows);

#endif
