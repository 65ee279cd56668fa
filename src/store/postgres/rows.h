/* Rows in and out of a session: what a backend's insert, update, remove and select do. */
#ifndef STORE_POSTGRES_ROWS_H
#define STORE_POSTGRES_ROWS_H

#include "postgres/link.h"

enum sl_code store_pg_insert(struct link *link, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_pg_load(struct link *link, const struct table *table, const void *record,
	int64_t id, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_pg_update(struct link *link, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_pg_remove(struct link *link, const struct query *where, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code store_pg_select(struct link *link, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
