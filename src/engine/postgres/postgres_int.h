/* The PostgreSQL session, shared by the files of this folder. */
#ifndef SLUICE_ENGINE_POSTGRES_INT_H
#define SLUICE_ENGINE_POSTGRES_INT_H

#include "../engine_int.h"

#include <libpq-fe.h>

struct pg_conn {
	struct sl_conn base;
	PGconn *pg; /* owned; NULL once given up */
	_Atomic bool running; /* a statement is under way: what interrupt asks */
	bool outlives; /* see sl_conn_outlive() */
	int64_t pid; /* of the backend, which a pooler would hide */
	bool check_interval; /* the server knows client_connection_check_interval */
	bool unset; /* the settings of a session are still to be made */
	size_t answers_left; /* of the statements that were sent at once */
	size_t commit_left; /* of them, up to that of the COMMIT; 0: there is none */
};

static inline struct pg_conn *sl_pg(struct sl_conn *conn)
{
	return (struct pg_conn *)(void *)conn;
}

/* How long a server may take to answer a cancel, a rollback or the end of a COMMIT. */
#define SL_PG_GRACE_US (5 * SL_SECOND_US)

/* Connects; on failure *pg is NULL. */
enum sl_code sl_pg_connect(PGconn **pg, const struct sl_conn_spec *spec, struct sl_error *err);

/* Waits until the socket is ready for `events` of poll(), at most until `until` (monotonic, 0: only
 * the token counts; token NULL: only `until` does). */
enum sl_code sl_pg_wait(PGconn *pg, short events, const struct sl_conn_spec *spec, int64_t until,
	struct sl_error *err);

struct sl_pg_addresses {
	char *list; /* owned; separated by commas */
	size_t count;
	bool loopback; /* all of them are this machine's */
};

/* Resolved on a thread of its own, so that a name server that does not answer cannot hold the
 * caller beyond its deadline. */
enum sl_code sl_pg_resolve(struct sl_pg_addresses *out, const char *host,
	const struct sl_conn_spec *spec, int64_t until, struct sl_error *err);

/* Fills base.server from a result and translates its code. */
enum sl_code sl_pg_error(struct pg_conn *conn, const PGresult *result, struct sl_error *err);

enum sl_code sl_pg_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err);

/* Refuses what Sluice cannot work on: a standby, a session that only reads, a pooler that hands the
 * server's sessions around; there nothing is changed in the session, which may be somebody else's
 * too.  Asks the first words, or else makes the settings of a session: where a look is all, they
 * are not needed, and they are made with the lock. */
enum sl_code sl_pg_greet(struct pg_conn *conn, const struct sl_conn_spec *spec,
	struct sl_error *err);

/* What every session begins with, and goes back to: a SELECT without its end, and the same asked.
 */
void sl_pg_add_settings(struct pg_conn *conn, struct sl_buf *sql);
enum sl_code sl_pg_settings(struct pg_conn *conn, struct sl_error *err);

/* How often a backend looks at its client, in ms. */
#define SL_PG_CHECK_INTERVAL "5000"

enum sl_code sl_pg_limit(struct sl_conn *base, const struct sl_limits *limits,
	struct sl_error *err);

enum sl_code sl_pg_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err);

enum sl_code sl_pg_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err);

enum sl_code sl_pg_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err);

#endif
