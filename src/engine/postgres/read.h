/* Introspection: bulk queries, one per kind, all ordered by the relation that they belong to. */
#ifndef SLUICE_ENGINE_POSTGRES_READ_H
#define SLUICE_ENGINE_POSTGRES_READ_H

#include "catalog.h"
#include "postgres_int.h"

#include "sluice/schema/catalog.h"

/* One introspection: answers and built parts live in the arena. */
struct sl_pg_read {
	struct sl_conn *conn;
	struct sl_arena *arena;
	struct sl_catalog_builder *builder;
	struct sl_error *err;
};

/* The answer of a file of catalog/. */
enum sl_code sl_pg_rows(struct sl_pg_read *read, struct sl_rows *rows, const char *file);

/* The cell, "" for null. */
const char *sl_pg_text(const struct sl_rows *rows, size_t row, size_t column);

/* Whether the cell is 't'. */
bool sl_pg_true(const struct sl_rows *rows, size_t row, size_t column);
int64_t sl_pg_number(const struct sl_rows *rows, size_t row, size_t column, int64_t fallback);

/* NULL for null, else sl_sql_normal() of the cell. */
const char *sl_pg_normal(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	size_t column);

/* The elements of an array that was aggregated as JSON text; "" and null are empty. */
struct sl_names sl_pg_names(struct sl_pg_read *read, const char *json);

/* Rows [*first, *end) whose column 0 is the oid, in rows that are sorted by it like the callers'
 * own walk: *first is where the last call ended. */
void sl_pg_span(const struct sl_rows *rows, const char *oid, size_t *first, size_t *end);

enum sl_code sl_pg_read_relations(struct sl_pg_read *read);
enum sl_code sl_pg_read_types(struct sl_pg_read *read);
enum sl_code sl_pg_read_code(struct sl_pg_read *read);
enum sl_code sl_pg_read_rest(struct sl_pg_read *read);

#endif
