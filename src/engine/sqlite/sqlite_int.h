/* The SQLite session, shared by the files of this folder. */
#ifndef SLUICE_ENGINE_SQLITE_INT_H
#define SLUICE_ENGINE_SQLITE_INT_H

#include "../engine_int.h"

#include <sqlite3.h>

struct sqlite_conn {
	struct sl_conn base;
	sqlite3 *db; /* owned */
	char *path; /* owned */
	const char *vfs; /* static, or NULL */
	int open_flags;
	int lock_fd; /* owned; -1 not locked */
	int64_t limit_at; /* monotonic; a limit below the cancel token's, 0 none */
	int64_t busy_since; /* monotonic; 0 not waiting */
	int64_t busy_limit_us; /* how long another writer is waited for; 0: until the token says
				  stop */
	int64_t statement_us; /* how long a statement may run; 0 no bound */
};

static inline struct sqlite_conn *sl_sqlite(struct sl_conn *conn)
{
	return (struct sqlite_conn *)(void *)conn;
}

/* Translates the handle's last error; operation may be NULL.  sql may be NULL. */
enum sl_code sl_sqlite_error(struct sqlite_conn *conn, int status, const char *sql, size_t len,
	struct sl_error *err);

enum sl_code sl_sqlite_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err);

enum sl_code sl_sqlite_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err);

enum sl_code sl_sqlite_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err);

enum sl_code sl_sqlite_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err);

#endif
