/* Introspection: bulk queries, one per kind, all ordered by the relation that they belong to.  They
 * are sent as two texts: the second asks about the kinds that are there.  An answer is used while
 * the server works on the next ones. */
#ifndef SLUICE_ENGINE_POSTGRES_READ_H
#define SLUICE_ENGINE_POSTGRES_READ_H

#include "catalog.h"
#include "postgres_int.h"

#include "sluice/core/map.h"
#include "sluice/schema/catalog.h"

/* Answers, in the order in which they are asked for: what a relation consists of comes before it.
 * What was not asked has no rows. */
enum sl_pg_answer {
	SL_PG_BEFORE,
	SL_PG_PATH,
	SL_PG_KINDS, /* the last of the first text */
	SL_PG_COLUMNS,
	SL_PG_CONSTRAINTS,
	SL_PG_INDEXES,
	SL_PG_PARENTS,
	SL_PG_READS,
	SL_PG_ALSO,
	SL_PG_RELATIONS,
	SL_PG_DATABASE,
	SL_PG_DOMAIN_CHECKS,
	SL_PG_ATTRIBUTES,
	SL_PG_TYPES,
	SL_PG_ROUTINES,
	SL_PG_TRIGGERS,
	SL_PG_SCHEMAS,
	SL_PG_EXTENSIONS,
	SL_PG_SEQUENCES,
	SL_PG_PLAIN,
	SL_PG_MISSING,
	SL_PG_AFTER,
	SL_PG_ANSWER_COUNT
};

/* One introspection: answers and built parts live in the arena. */
struct sl_pg_read {
	struct sl_arena *arena;
	struct sl_catalog_builder *builder;
	struct sl_map *types; /* what the server wrote → its normal form */
	struct sl_rows answers[SL_PG_ANSWER_COUNT];
	enum sl_pg_answer asked[SL_PG_ANSWER_COUNT]; /* by the text under way */
	size_t asked_len, answered;
};

/* The cell, "" for null. */
const char *sl_pg_text(const struct sl_rows *rows, size_t row, size_t column);

/* Whether the cell is 't'. */
bool sl_pg_true(const struct sl_rows *rows, size_t row, size_t column);
int64_t sl_pg_number(const struct sl_rows *rows, size_t row, size_t column, int64_t fallback);

/* NULL for null, else sl_sql_normal() of the cell. */
const char *sl_pg_normal(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	size_t column);

/* sl_type_normal() of a text, of which a schema has many equal ones. */
const char *sl_pg_type(struct sl_pg_read *read, const char *text);

/* The elements of an array that was aggregated as JSON text; "" and null are empty. */
struct sl_names sl_pg_names(struct sl_pg_read *read, const char *json);

/* The next number of an array's or a vector's text, such as {1,2} or "1 2"; false at its end. */
bool sl_pg_next_number(const char **text, int64_t *number);

/* Rows [first, end) of one relation or type. */
struct sl_pg_span {
	size_t first, end;
};

/* The rows whose column 0 is the oid, in rows that are sorted by it like the caller's own walk: the
 * search begins where the last one ended. */
void sl_pg_walk(const struct sl_rows *rows, const char *oid, struct sl_pg_span *span);

/* Each makes entities of an answer, and of those before it that it needs. */
void sl_pg_add_path(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_relations(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_properties(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_types(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_routines(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_triggers(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_schemas(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_extensions(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_sequences(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_plain(struct sl_pg_read *read, const struct sl_rows *rows);
void sl_pg_add_missing(struct sl_pg_read *read, const struct sl_rows *rows);

#endif
