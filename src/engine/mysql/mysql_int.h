/* The session with MySQL or MariaDB, shared by the files of this folder. */
#ifndef SLUICE_ENGINE_MYSQL_INT_H
#define SLUICE_ENGINE_MYSQL_INT_H

#include "../engine_int.h"

#include "sluice/core/cleanup.h"

#include <mysql.h>
#include <stdatomic.h>

/* Where the server is and who we are there; shared with threads that may outlive the session. */
struct sl_my_where {
	atomic_int holders;
	char *host, *socket, *user, *password, *database, *root_cert; /* owned; NULL: none */
	unsigned port;
	enum sl_tls tls;
	bool tcp;
	int64_t timeout_us; /* of a connect */
	uint64_t id; /* of the session at the server; set once it is there */
	atomic_int killers; /* threads that are about to cancel a statement */
};

struct my_conn {
	struct sl_conn base;
	MYSQL *my; /* owned; NULL once given up */
	struct sl_my_where *where; /* a share */
	_Atomic bool running; /* a statement is under way: what interrupt asks */
	bool read_only;
	char *database; /* owned; its name as all who mean it have it */
	char lock[64]; /* name of the session lock, "" never taken */
	size_t packet_max; /* the longest statement that the server takes */
	int64_t limit_at; /* monotonic; a limit below the cancel token's, 0 none */
	int64_t statement_us; /* MySQL: how long a user's statement may run, 0 no bound */
};

static inline struct my_conn *sl_my(struct sl_conn *conn)
{
	return (struct my_conn *)(void *)conn;
}

/* How long a server may take to answer a cancel, a rollback or the end of a COMMIT. */
#define SL_MY_GRACE_US (5 * SL_SECOND_US)

struct sl_my_where *sl_my_where_new(const struct sl_conn_spec *spec);
struct sl_my_where *sl_my_where_copy(const struct sl_my_where *from);
void sl_my_where_drop(struct sl_my_where *where);
SL_DEFINE_CLEANUP(struct sl_my_where, sl_my_where_drop);

/* Fills in what of user and password was not said and the client's own file knows. */
void sl_my_defaults(struct sl_my_where *where);

/* Connects on a thread of its own, names included, within the deadline; on failure *my is left. */
enum sl_code sl_my_connect(MYSQL **my, struct sl_my_where *where, const struct sl_conn_spec *spec,
	struct sl_error *err);

/* Connects in the calling thread; on failure *out is left. */
enum sl_code sl_my_connect_here(MYSQL **out, const struct sl_my_where *where, struct sl_error *err);

/* Fills base.server from the handle's last error and translates its code; a connection that is
 * gone is given up. */
enum sl_code sl_my_error(struct my_conn *conn, const char *sql, size_t len, struct sl_error *err);

/* Closes the connection; the session is SL_TX_LOST from here on. */
void sl_my_give_up(struct my_conn *conn);

/* What an error number means to a caller; SL_EINVAL unless the table knows better. */
enum sl_code sl_my_code(unsigned number);

/* Cuts row values out of the message of an error. */
void sl_my_scrub(unsigned number, char *message, size_t size);

/* A literal as engine.h wants it. */
void sl_my_literal(const struct sl_conn *base, struct sl_buf *out, const char *text);

enum sl_code sl_my_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err);

/* The same for one that only shows something: whatever it answers, a transaction is as open as it
 * was. */
enum sl_code sl_my_show(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err);

/* What every session begins with; also after a reset. */
enum sl_code sl_my_prepare(struct my_conn *conn, struct sl_error *err);

enum sl_code sl_my_lock(struct sl_conn *base, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err);
enum sl_code sl_my_lock_held(struct sl_conn *base, const char *scope, bool *held,
	struct sl_error *err);
const char *sl_my_lock_sql(struct sl_conn *base, const char *scope, struct sl_arena *arena);
enum sl_code sl_my_reset(struct sl_conn *base, struct sl_error *err);

enum sl_code sl_my_limit(struct sl_conn *base, const struct sl_limits *limits,
	struct sl_error *err);

/* Around a user's statement, which is canceled once its time is over; the end turns that cancel
 * into SL_ETIMEOUT and takes over what the statement itself says about the bound. */
void sl_my_bound(struct my_conn *conn);
enum sl_code sl_my_bound_end(struct my_conn *conn, const struct sl_exec *statement,
	enum sl_code code, struct sl_error *err);

enum sl_code sl_my_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err);

enum sl_code sl_my_session(struct sl_conn *base, const char **out, struct sl_arena *arena,
	struct sl_error *err);
enum sl_code sl_my_look(struct sl_conn *base, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err);
enum sl_code sl_my_fingerprint(struct sl_conn *base, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err);

/* Adds the name of a database or table as InnoDB keeps it: ASCII without quotes. */
void sl_my_file_name(struct sl_buf *out, const char *name);

enum sl_code sl_my_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err);

enum sl_code sl_my_introspect(struct sl_conn *base, const struct sl_catalog **out,
	struct sl_error *err);

#endif
