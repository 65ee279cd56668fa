/*
 * engine: one session with one database, the same for every engine.
 *
 * A driver (PostgreSQL, SQLite, and a fake for tests) connects, executes one statement at a time,
 * cancels, locks, says who the server is, and reads the structure into a catalogue.  It never
 * decides what to run: that is `apply`.
 *
 * A struct sl_conn belongs to one thread; only sl_conn_interrupt() may be called from another while
 * a call is under way.  Every call that talks to a server ends when the session's cancel token says
 * so: the running statement is canceled on the server and the call fails with SL_ECANCELED or
 * SL_ETIMEOUT.  Whether the statement took effect is then known from the transaction: a rolled back
 * one has none.
 *
 * Failures of a statement carry the server's own code, message and position in
 * struct sl_server_error; row values are cut out of messages, passwords never enter them.  A lost
 * connection is SL_EUNAVAIL, or SL_EUNKNOWN where a COMMIT had been sent and was not answered.
 *
 * URLs: sqlite:PATH, postgres://USER@HOST:PORT/DB (postgresql:// too; a directory of a Unix socket
 * as ?host=/run/postgresql), mysql://USER@HOST:PORT/DB (mariadb:// too; the socket or its directory
 * as ?host=/run/mysqld/mysqld.sock).  A host by name is always reached over TCP, localhost too.  A
 * password in a URL is refused without being repeated.  Which of MySQL and MariaDB a server is, it
 * says itself.
 */
#ifndef SLUICE_ENGINE_H
#define SLUICE_ENGINE_H

#include "sluice/core/arena.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_cancel;
struct sl_catalog;
struct sl_conn;
struct sl_fake_world;
struct sl_first_words;

/* What SQLite has to be told before anybody's first word to it: for main(), before a second thread.
 * It then does not count the process's memory, which takes a lock and a seventh of the time of a
 * run; so no statement of a file (PRAGMA hard_heap_limit) bounds the whole process either. */
void sl_engine_prepare(void);

enum sl_tls {
	SL_TLS_AUTO, /* verified, except on loopback and Unix sockets, where it is not required */
	SL_TLS_VERIFY, /* certificate and name are checked everywhere */
	SL_TLS_REQUIRE, /* encrypted, not verified; only where the URL says so */
	SL_TLS_OFF, /* only where the URL says so */
	SL_TLS_COUNT
};

struct sl_engine_url {
	enum sl_dialect dialect;
	const char *text; /* as given; holds no secret */
	const char *path; /* SQLite; else NULL */
	const char *user; /* or NULL: the client library's default */
	const char *host; /* name, address, or the directory of a socket; NULL: the default */
	const char *port; /* decimal, or NULL */
	const char *database; /* or NULL: named like the user; never NULL on MySQL and MariaDB */
	const char *root_cert; /* file of the CA, or NULL: the system's */
	enum sl_tls tls;
};

/* Everything in *out lives in the arena.  SL_EINVAL names what is wrong without repeating a
 * password; SL_EINVAL too for an engine that is not available yet. */
enum sl_code sl_engine_url_parse(struct sl_engine_url *out, struct sl_arena *arena,
	const char *text, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* How to reach a database.  Plain data, borrowed during sl_conn_open(). */
struct sl_conn_spec {
	struct sl_engine_url url;
	const char *password; /* resolved text, or NULL: none, or the client's own password file */
	const char *application; /* shown by the server, at most 63 bytes; NULL: "sluice" */
	bool create; /* SQLite: make a missing file */
	bool read_only; /* nothing may be written in this session */
	int64_t connect_timeout_us; /* names included; 0: ten seconds */
	const struct sl_clock *clock;
	struct sl_cancel *cancel; /* or NULL; borrowed for the session's life */
	struct sl_fake_world *fake; /* tests: the database lives there; else NULL */
	struct sl_first_words *first; /* or NULL */
};

/* SL_EUNAVAIL: cannot be reached or opened; SL_EDENIED: refused the login; SL_ECONFLICT: a standby
 * or a pooler that shares sessions, on which Sluice cannot work. */
enum sl_code sl_conn_open(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Accepts NULL.  An open transaction is rolled back, the session lock goes with the session. */
void sl_conn_close(struct sl_conn *conn);
SL_DEFINE_CLEANUP(struct sl_conn, sl_conn_close);

enum sl_dialect sl_conn_dialect(const struct sl_conn *conn);

/* 150020 style; MySQL and MariaDB: 80036, 101119; SQLite: sqlite3_libversion_number(). */
int sl_conn_version(const struct sl_conn *conn);

/* Replaces the token (NULL: none): a canceled run still has to write down its end. */
void sl_conn_set_cancel(struct sl_conn *conn, struct sl_cancel *cancel);

enum sl_tx_state {
	SL_TX_IDLE,
	SL_TX_OPEN,
	SL_TX_FAILED, /* open, and only a rollback will be accepted */
	SL_TX_LOST, /* the connection is gone */
	SL_TX_STATE_COUNT
};

enum sl_tx_state sl_conn_tx_state(const struct sl_conn *conn);

struct sl_server_error {
	char code[8]; /* SQLSTATE; in decimal MySQL's and MariaDB's error number and SQLite's
		       * extended result code; "" when none */
	char message[400]; /* row values cut out */
	size_t position; /* code points from 1 in the statement's text; 0 unknown */
};

/* Of the last failed call; its fields are empty when the failure was not the server's. */
const struct sl_server_error *sl_conn_server_error(const struct sl_conn *conn);

/* One statement.  copy_data as struct sl_statement_text has it: 0 when the statement carries no
 * COPY data. */
struct sl_exec {
	const char *sql;
	size_t len;
	size_t copy_data, copy_len;
	const char *prepared; /* instead: the name of one that sl_conn_prepare() made; or NULL */
	const char *const *values; /* of its parameters */
	size_t values_len;
	bool commits; /* it is a COMMIT */
};

/* *rows: affected, -1 when the engine does not say.  Result rows are read and dropped. */
enum sl_code sl_conn_exec(struct sl_conn *conn, const struct sl_exec *exec, int64_t *rows,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Whether the engine takes several statements in one message, and answers them at once: only then
 * may the four functions below be called. */
bool sl_conn_pipelines(const struct sl_conn *conn);

/* A statement of ours that the session knows by a name from then on; parameters are $1, $2, ... */
struct sl_prepared {
	const char *name, *sql;
};

/* Outside a transaction.  Statements can take them away again (DEALLOCATE ALL): 26000. */
enum sl_code sl_conn_prepare(struct sl_conn *conn, const struct sl_prepared *all, size_t len,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Sends statements, each begun only where the one before it ended well.  A COPY from or to the
 * client cannot be among them, and at most one commits.  Until all answers were taken, or one was a
 * failure, the session may be asked nothing else.  SL_EUNKNOWN where one commits and the connection
 * was lost. */
enum sl_code sl_conn_send_all(struct sl_conn *conn, const struct sl_exec *all, size_t len,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Waits for the answers of the next `len` statements.  rows: of each, as sl_conn_exec() has them;
 * of a query, those that it returned.  *done: how many ended well, set on failure too: the next
 * one's, which sl_conn_server_error() then is about.  One that commits fails as sl_conn_commit()
 * does, and where it is among these, a cancel does not reach the server. */
enum sl_code sl_conn_take_all(struct sl_conn *conn, size_t len, int64_t *rows, size_t *done,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 3, 4)));

/* Both. */
enum sl_code sl_conn_exec_all(struct sl_conn *conn, const struct sl_exec *all, size_t len,
	int64_t *rows, size_t *done, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 4, 5)));

/* A small result: cells are text, NULL for null. */
struct sl_rows {
	size_t len, columns;
	const char *const *cells; /* len * columns; in the arena */
};

static inline const char *sl_rows_cell(const struct sl_rows *rows, size_t row, size_t column)
{
	return rows->cells[row * rows->columns + column];
}

#define SL_QUERY_MAX_BYTES ((size_t)256 << 20)

/* What the caller of sl_conn_open() wants to know before anything else.  Where the engine can, it
 * is asked in the message with which the session begins. */
struct sl_first_words {
	const char *sql; /* statements that only read, separated by ';' */
	struct sl_arena *arena;
	struct sl_rows *answers; /* out: one of each statement */
	size_t len; /* statements */
	bool answered; /* out; false: not asked, or one of them failed: ask again to learn why */
};

/* Our own SQL, one or several statements; *out is the last result that has columns (may be NULL).
 * The first that fails ends them.  SL_ELIMIT beyond SL_QUERY_MAX_BYTES. */
enum sl_code sl_conn_query(struct sl_conn *conn, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 4)));

/* A literal of this engine that no session setting changes the meaning of; NULL gives NULL. */
struct sl_buf;
void sl_conn_literal(const struct sl_conn *conn, struct sl_buf *out, const char *text);

/* write: SQLite takes its write lock at once (SL_EBUSY when another holds it past five seconds). */
enum sl_code sl_conn_begin(struct sl_conn *conn, bool write, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

/* SL_OK: durable.  SL_EUNKNOWN: sent, not answered.  Everything else: rolled back. */
enum sl_code sl_conn_commit(struct sl_conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

/* Our own SQL, as sl_conn_query() takes it, and behind it the commit, as sl_conn_commit() makes it:
 * in one message where the engine can.  After a failure that is not SL_EUNKNOWN the transaction may
 * still be open. */
enum sl_code sl_conn_query_commit(struct sl_conn *conn, const char *sql, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2)));

/* Never fails: a connection that cannot roll back is closed, which does. */
void sl_conn_rollback(struct sl_conn *conn);

/* The session lock of a ledger scope, never waited for.  *holder, in the arena, says who has it
 * where *got is false.  SQLite has none: always got. */
enum sl_code sl_conn_lock(struct sl_conn *conn, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* Whether this session still holds it: statements can give it away (DISCARD ALL). */
enum sl_code sl_conn_lock_held(struct sl_conn *conn, const char *scope, bool *held,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* SQL that is 1 as long as this session holds it, in the arena, for a question that is asked
 * anyway; NULL: only sl_conn_lock_held() tells. */
const char *sl_conn_lock_sql(struct sl_conn *conn, const char *scope, struct sl_arena *arena)
	__attribute__((nonnull));

/* A statement outlives its client (an index built CONCURRENTLY would be left invalid by an abort),
 * or dies with it (the default).  Without effect on MySQL and MariaDB: a DDL statement that has
 * begun to work there is always finished, and keeps the session lock until then. */
enum sl_code sl_conn_outlive(struct sl_conn *conn, bool outlive, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

/* Puts back what a file's statements may have changed in the session (settings, role, temporary
 * objects, prepared statements) and keeps the lock. */
enum sl_code sl_conn_reset(struct sl_conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

/* How long a statement of the session may wait for a lock, and may run; 0: no bound.  What the
 * users' statements set themselves wins over it, until sl_conn_reset(), which forgets both. */
struct sl_limits {
	int64_t lock_us, statement_us;
	bool lock_where_none,
		statement_where_none; /* one that the server has for this login stays */
};

enum sl_code sl_conn_limit(struct sl_conn *conn, const struct sl_limits *limits,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Called on the session's own thread while a statement is under way; must not use the session. */
struct sl_watch {
	void (*look)(void *ctx); /* NULL: nobody looks */
	void *ctx;
	int64_t first_us, every_us; /* after the statement was sent, and from then on */
};

/* Copied.  Engines that do not wait for a server never look. */
void sl_conn_set_watch(struct sl_conn *conn, const struct sl_watch *watch) __attribute__((nonnull));

/* Who keeps a session waiting.  Texts are "" where they are not known or may not be seen. */
struct sl_lock_holder {
	const char *session; /* the server's number of it, a process id for SQLite */
	const char *user, *application, *address;
	const char *state; /* "active", "idle in transaction" */
	const char *what; /* verb and object of its statement, "update orders": never its values */
	const char *holds, *wants; /* modes of the lock, as the server calls them */
	const char *object; /* what the lock is on, when it is a table */
	int64_t held_us; /* age of its transaction, 0 not known */
	bool guessed; /* the server does not say who holds it: this one may */
};

/* Asked over `conn` about `blocked`, which may be the same where it does not wait any more. */
enum sl_code sl_conn_blockers(struct sl_conn *conn, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2, 3, 4, 5)));

/* A pooler stands between: the lock has to be looked after in every transaction. */
bool sl_conn_pooled(const struct sl_conn *conn) __attribute__((nonnull));

/* What whoever works on this server has to know, in a sentence; or NULL. */
const char *sl_conn_remark(const struct sl_conn *conn) __attribute__((nonnull));

/* Cancels what runs at the moment, if anything.  Thread-safe. */
void sl_conn_interrupt(struct sl_conn *conn);

/* Asks the server; false when the connection is gone. */
bool sl_conn_alive(struct sl_conn *conn);

struct sl_engine_identity {
	const char *server; /* PostgreSQL's system identifier; MySQL's server_uuid; MariaDB:
			     * "hostname:port" and the data folder; SQLite: "" */
	const char *database; /* PostgreSQL: "oid/name"; MySQL, MariaDB: name; SQLite:
			       * "device/inode" */
	const char *login; /* role or account that logged in; SQLite: "" */
};

enum sl_code sl_conn_identity(struct sl_conn *conn, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* A name for this session that can be kept and asked about from another one, after this one's
 * client died: "id@start".  "" where nothing outlives its client (SQLite). */
enum sl_code sl_conn_session(struct sl_conn *conn, const char **out, struct sl_arena *arena,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* Text in the arena. */
struct sl_session {
	bool there; /* the server still knows it; all else is empty where it does not */
	bool busy; /* it runs a statement */
	int64_t seconds; /* since the statement, or the pause, began */
	int percent; /* done of the statement's present stage; -1 where the server does not say */
	const char *statement; /* as the server shows it: may hold values, not for messages */
	const char *shown; /* its first words, before any value */
	const char *doing; /* the server's own word for it, such as "copy to tmp table" */
};

/* What has become of a session that sl_conn_session() named.  A server that was started anew since
 * knows none of its sessions any more.  Needs no privilege where the login is the same. */
enum sl_code sl_conn_look(struct sl_conn *conn, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)));

enum sl_engine_object_kind {
	SL_ENGINE_TABLE, /* a view or a sequence is found by this kind too */
	SL_ENGINE_VIEW,
	SL_ENGINE_SEQUENCE,
	SL_ENGINE_TRIGGER,
	SL_ENGINE_PROCEDURE,
	SL_ENGINE_FUNCTION,
	SL_ENGINE_PACKAGE,
	SL_ENGINE_PACKAGE_BODY,
	SL_ENGINE_EVENT,
	SL_ENGINE_DATABASE,
	SL_ENGINE_OBJECT_COUNT
};

struct sl_engine_object {
	enum sl_engine_object_kind kind;
	const char *schema; /* NULL: the session's own database; ignored for a database */
	const char *name;
	bool numbers; /* a table's incarnation too, for which the server looks at all its tables */
};

/* Text in the arena. */
struct sl_fingerprint {
	const char *shape; /* hex of a hash of what SHOW CREATE says, without the counter of
			    * AUTO_INCREMENT; "" when there is no such object */
	const char *incarnation; /* a table's numbers in InnoDB, which change when it is rebuilt,
				  * truncated or exchanged though its shape stays; "" where they
				  * were not asked for, where the login may not see them
				  * (PROCESS), for other engines, and for other kinds */
};

/* Of one object, to prove afterwards whether a statement that was not answered took effect.  The
 * same under every sql_mode of the session.  Waits, under the token, for a statement of another
 * session that is changing the object.  MySQL and MariaDB only, where DDL is in no transaction;
 * SL_EINVAL elsewhere. */
enum sl_code sl_conn_fingerprint(struct sl_conn *conn, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)));

/* The structure at one moment.  The caller owns one reference of *out.  SL_EDENIED where the login
 * may not see everything: never a shrunken catalogue. */
enum sl_code sl_conn_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

enum sl_estimate_kind {
	SL_ESTIMATE_UNKNOWN, /* ranks as the highest risk */
	SL_ESTIMATE_PLANNER,
	SL_ESTIMATE_EXACT,
	SL_ESTIMATE_KIND_COUNT
};

struct sl_estimate {
	enum sl_estimate_kind kind;
	int64_t rows; /* valid unless unknown */
};

/* Rows that an INSERT, UPDATE, DELETE or MERGE would touch now: the planner's word on PostgreSQL,
 * MySQL and MariaDB (there of what UPDATE and DELETE look at), a count on SQLite and
 * for a list of VALUES, within limit_us.  The statement is never executed.  Unknown is SL_OK. */
enum sl_code sl_conn_estimate(struct sl_conn *conn, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 5)));

/* --- the fake ------------------------------------------------------------------------------- */

/*
 * A world of named databases in memory (SQLite underneath, so that SQL means what it says), in
 * which a script decides what goes wrong.  The script is asked before each operation.
 */
enum sl_fake_point {
	SL_FAKE_CONNECT,
	SL_FAKE_EXEC,
	SL_FAKE_QUERY,
	SL_FAKE_BEGIN,
	SL_FAKE_COMMIT,
	SL_FAKE_LOCK,
	SL_FAKE_POINT_COUNT
};

enum sl_fake_fate {
	SL_FAKE_GOES_WELL,
	SL_FAKE_FAILS, /* the server refuses the statement */
	SL_FAKE_UNREACHABLE, /* connect fails; else the connection is lost before the effect */
	SL_FAKE_ANSWER_LOST, /* done, and the connection is lost before the answer */
	SL_FAKE_CRASHES, /* the caller dies here: open transactions roll back, this session and
			  * every other of the world fail until sl_fake_revive() */
	SL_FAKE_CRASHES_AFTER, /* the same, just after the effect */
	SL_FAKE_FATE_COUNT
};

struct sl_fake_script {
	enum sl_fake_fate (*fate)(void *ctx, const char *database, enum sl_fake_point point,
		const char *sql, size_t len);
	void *ctx;
};

/* The script is copied; NULL: all goes well.  One thread at a time. */
struct sl_fake_world *sl_fake_world_new(const struct sl_fake_script *script)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL; after every connection was closed. */
void sl_fake_world_free(struct sl_fake_world *world);
SL_DEFINE_CLEANUP(struct sl_fake_world, sl_fake_world_free);

/* Sessions work again after a crash. */
void sl_fake_revive(struct sl_fake_world *world);
bool sl_fake_crashed(const struct sl_fake_world *world);

#endif
