/* One connection to the store's file, with its prepared statements.  One thread at a time. */
#ifndef STORE_SQLITE_CONN_H
#define STORE_SQLITE_CONN_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/core/map.h"

#include <sqlite3.h>

struct conn {
	sqlite3 *db; /* owned */
	struct sl_map *statements; /* owned: SQL to sqlite3_stmt, finalised with the connection */
	const char *path; /* borrowed */
	struct conn *next; /* in the pool of readers */
};

enum sl_code store_conn_open(struct conn **out, const char *path, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Accepts NULL. */
void store_conn_free(struct conn *conn);
SL_DEFINE_CLEANUP(struct conn, store_conn_free);

/* What SQLite just said, as an error of ours: full and failing disks can be tried again. */
enum sl_code store_conn_error(struct conn *conn, const char *what, struct sl_error *err);

/* Statements without rows, one or several. */
enum sl_code store_conn_exec(struct conn *conn, const char *sql, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A prepared statement, from the cache or new; give it back with store_conn_reset(). */
enum sl_code store_conn_prepare(struct conn *conn, const char *sql, sqlite3_stmt **out,
	struct sl_error *err) __attribute__((warn_unused_result));
void store_conn_reset(sqlite3_stmt *statement);

/* The first column of the first row of a pragma or query; 0 when there is none. */
enum sl_code store_conn_number(struct conn *conn, const char *sql, int64_t *out,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
