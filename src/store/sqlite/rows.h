/* Rows in and out of a connection: what a backend's insert, update, remove and select do. */
#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H

#include "backend.h"
#include "sqlite/conn.h"

enum sl_code store_rows_insert(struct conn *conn, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_rows_load(struct conn *conn, const struct table *table, const void *record,
	int64_t id, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_rows_update(struct conn *conn, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_rows_remove(struct conn *conn, const struct query *where, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code store_rows_select(struct conn *conn, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
