#include "postgres_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

static void ignore_notice(void *ctx, const PGresult *result)
{
	(void)ctx;
	(void)result;
}

static enum sl_tx_state tx_state(const struct sl_conn *base)
{
	const struct pg_conn *conn = (const struct pg_conn *)(const void *)base;

	if (!conn->pg || PQstatus(conn->pg) != CONNECTION_OK)
		return SL_TX_LOST;
	switch (PQtransactionStatus(conn->pg)) {
	case PQTRANS_IDLE:
		return SL_TX_IDLE;
	case PQTRANS_INTRANS:
		return SL_TX_OPEN;
	case PQTRANS_INERROR:
	case PQTRANS_ACTIVE:
		return SL_TX_FAILED;
	case PQTRANS_UNKNOWN:
		break;
	}
	return SL_TX_LOST;
}

static void close_session(struct sl_conn *base)
{
	struct pg_conn *conn = sl_pg(base);

	PQfinish(conn->pg);
	free(conn);
}

static enum sl_code watch_client(struct sl_conn *base, bool watch, struct sl_error *err)
{
	if (!sl_pg(base)->check_interval)
		return SL_OK;
	return sl_pg_query(base, NULL, NULL,
		watch ? "SET client_connection_check_interval = " SL_PG_CHECK_INTERVAL :
			"SET client_connection_check_interval = 0",
		err);
}

static enum sl_code open_session(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct pg_conn *conn = sl_xcalloc(1, sizeof(*conn));
	enum sl_code code;

	conn->base = (struct sl_conn){ .driver = &sl_driver_postgres,
		.dialect = SL_DIALECT_POSTGRES,
		.clock = spec->clock,
		.cancel = spec->cancel };
	code = sl_pg_connect(&conn->pg, spec, err);
	if (code == SL_OK) {
		(void)PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
		(void)PQsetnonblocking(conn->pg, 1);
		conn->base.version = PQserverVersion(conn->pg);
		conn->check_interval = conn->base.version >= 140000;
		code = sl_pg_greet(conn, spec, err);
	}
	if (code == SL_OK && spec->read_only)
		code = sl_pg_query(&conn->base, NULL, NULL,
			"SET default_transaction_read_only = on", err);
	if (code != SL_OK)
		close_session(&conn->base);
	else
		*out = &conn->base;
	return code;
}

static enum sl_code exec(struct sl_conn *base, const struct sl_exec *statement, int64_t *rows,
	struct sl_error *err)
{
	struct pg_conn *conn = sl_pg(base);
	struct sl_pg_stream stream = { .conn = conn,
		.sql = statement->sql,
		.len = statement->copy_data > 0 ? statement->copy_data : statement->len,
		.copy = statement->copy_data > 0 ? statement->sql + statement->copy_data : NULL,
		.copy_len = statement->copy_len,
		.rows = -1 };
	enum sl_code code = sl_pg_stream_run(&stream, err);

	if (code == SL_OK)
		*rows = stream.rows;
	return code;
}

enum sl_code sl_pg_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct sl_row_sink sink = { .arena = arena };
	struct sl_pg_stream stream = { .conn = sl_pg(base),
		.sql = sql,
		.len = strlen(sql),
		.sink = arena ? &sink : NULL,
		.rows = -1 };
	enum sl_code code = sl_pg_stream_run(&stream, err);

	if (code == SL_OK && out)
		sl_row_sink_end(&sink, out);
	return code;
}

/* E'' means the same whatever standard_conforming_strings says. */
static void literal(const struct sl_conn *base, struct sl_buf *out, const char *text)
{
	(void)base;
	sl_buf_adds(out, "E'");
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			sl_buf_addc(out, *text);
		sl_buf_addc(out, *text);
	}
	sl_buf_addc(out, '\'');
}

static enum sl_code begin(struct sl_conn *base, bool write, struct sl_error *err)
{
	return sl_pg_query(base, NULL, NULL,
		write ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" :
			"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		err);
}

/* sql: ends with the COMMIT. */
static enum sl_code run_commit(struct sl_conn *base, const char *sql, struct sl_error *err)
{
	struct sl_pg_stream stream = { .conn = sl_pg(base),
		.sql = sql,
		.len = strlen(sql),
		.uncancelable = true,
		.rows = -1 };
	enum sl_code code = sl_pg_stream_run(&stream, err);

	if (code == SL_OK)
		return sl_pg_commit_seen(&stream, err);
	return tx_state(base) == SL_TX_LOST ? sl_pg_commit_unknown(err) : code;
}

static enum sl_code commit(struct sl_conn *base, struct sl_error *err)
{
	return run_commit(base, "COMMIT", err);
}

static enum sl_code query_commit(struct sl_conn *base, const char *sql, struct sl_error *err)
{
	sl_auto_buf struct sl_buf all = SL_BUF_INIT(strlen(sql) + sizeof("; COMMIT"));
	enum sl_code code = sl_cancel_check(base->cancel, "statement", err);

	sl_buf_addf(&all, "%s; COMMIT", sql);
	return code == SL_OK ? run_commit(base, sl_buf_str(&all), err) : code;
}

static void rollback(struct sl_conn *base)
{
	struct pg_conn *conn = sl_pg(base);
	struct sl_pg_stream stream = { .conn = conn,
		.sql = "ROLLBACK",
		.len = strlen("ROLLBACK"),
		.uncancelable = true,
		.rows = -1 };
	enum sl_tx_state state = tx_state(base);
	const struct sl_server_error kept = base->server;

	if (state == SL_TX_OPEN || state == SL_TX_FAILED) {
		if (sl_pg_stream_run(&stream, NULL) != SL_OK)
			sl_pg_give_up(conn);
		base->server = kept;
	}
}

/* 64 bits of a hash, as PostgreSQL's bigint. */
static int64_t lock_key(const char *scope)
{
	unsigned char hash[SL_SHA256_SIZE];
	struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();
	int64_t key;

	sl_sha256_add_str(sha, "sluice ledger lock");
	sl_sha256_add_str(sha, scope);
	sl_sha256_end(sha, hash);
	memcpy(&key, hash, sizeof(key));
	return key;
}

#define LOCK_ROWS                                                                    \
	"FROM pg_catalog.pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted " \
	"AND l.database = (SELECT oid FROM pg_catalog.pg_database "                  \
	"WHERE datname = pg_catalog.current_database()) "                            \
	"AND l.classid::bigint = %" PRIu32 " AND l.objid::bigint = %" PRIu32 " AND l.objsubid = 1"

static const char *held_by(struct sl_conn *base, int64_t key, struct sl_arena *arena)
{
	struct sl_rows rows = { 0 };
	const char *sql = sl_arena_printf(arena,
		"SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.state, ''), "
		"coalesce(a.usename, '') FROM (SELECT l.pid " LOCK_ROWS ") AS l "
		"LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid",
		(uint32_t)((uint64_t)key >> 32), (uint32_t)((uint64_t)key & UINT32_MAX));

	if (sl_pg_query(base, &rows, arena, sql, NULL) != SL_OK || rows.len == 0)
		return "another session";
	return sl_arena_printf(arena, "the session with pid %s (%s, %s, role %s)",
		sl_rows_cell(&rows, 0, 0), sl_rows_cell(&rows, 0, 1), sl_rows_cell(&rows, 0, 2),
		sl_rows_cell(&rows, 0, 3));
}

static enum sl_code lock(struct sl_conn *base, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_arena *own sl_auto(sl_arena_free_p) = sl_arena_new();
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(1024);
	int64_t key = lock_key(scope);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	if (sl_pg(base)->unset) {
		sl_pg_add_settings(sl_pg(base), &sql);
		sl_buf_adds(&sql, "; ");
	}
	sl_buf_addf(&sql, "SELECT pg_catalog.pg_try_advisory_lock(%" PRId64 ")", key);
	code = sl_pg_query(base, &rows, own, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return code;
	*got = sl_str_eq(sl_rows_cell(&rows, 0, 0), "t");
	if (!*got && holder)
		*holder = held_by(base, key, arena);
	return SL_OK;
}

static enum sl_code lock_held(struct sl_conn *base, const char *scope, bool *held,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	uint64_t key = (uint64_t)lock_key(scope);
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(base, &rows, arena,
		sl_arena_printf(arena,
			"SELECT 1 " LOCK_ROWS " AND l.pid = pg_catalog.pg_backend_pid()",
			(uint32_t)(key >> 32), (uint32_t)(key & UINT32_MAX)),
		err);

	if (code == SL_OK)
		*held = rows.len > 0;
	return code;
}

static enum sl_code outlive(struct sl_conn *base, bool outlives, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	if (sl_pg(base)->outlives != outlives)
		code = watch_client(base, !outlives, err);
	if (code == SL_OK)
		sl_pg(base)->outlives = outlives;
	return code;
}

/* DISCARD ALL would give the lock away. */
static enum sl_code reset(struct sl_conn *base, struct sl_error *err)
{
	enum sl_code code = sl_pg_query(base, NULL, NULL,
		"RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD PLANS; "
		"DISCARD SEQUENCES; DISCARD TEMP",
		err);

	sl_pg(base)->outlives = false;
	return code == SL_OK ? sl_pg_settings(sl_pg(base), err) : code;
}

/* libpq allows this from another thread: the cancel travels over a connection of its own. */
static void interrupt(struct sl_conn *base)
{
	struct pg_conn *conn = sl_pg(base);

	if (conn->running && conn->pg)
		sl_pg_ask_cancel(conn);
}

static bool alive(struct sl_conn *base)
{
	return tx_state(base) != SL_TX_LOST && sl_pg_query(base, NULL, NULL, "", NULL) == SL_OK;
}

static enum sl_code identity(struct sl_conn *base, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(base, &rows, arena,
		"SELECT CASE WHEN pg_catalog.has_function_privilege("
		"'pg_catalog.pg_control_system()', 'EXECUTE') THEN "
		"(SELECT system_identifier::text FROM pg_catalog.pg_control_system()) "
		"ELSE '' END, oid || '/' || datname, session_user "
		"FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
		err);

	if (code != SL_OK)
		return code;
	out->server = sl_rows_cell(&rows, 0, 0);
	out->database = sl_rows_cell(&rows, 0, 1);
	out->login = sl_rows_cell(&rows, 0, 2);
	return SL_OK;
}

#define SESSION_START \
	"pg_catalog.floor(extract(epoch FROM a.backend_start) * 1000000)::pg_catalog.int8"

static enum sl_code session(struct sl_conn *base, const char **out, struct sl_arena *arena,
	struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(base, &rows, arena,
		"SELECT a.pid || '@' || " SESSION_START " FROM pg_catalog.pg_stat_activity AS a "
		"WHERE a.pid = pg_catalog.pg_backend_pid()",
		err);

	if (code == SL_OK)
		*out = sl_rows_cell(&rows, 0, 0);
	return code;
}

static enum sl_code look(struct sl_conn *base, const char *name, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(4096);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_adds(&sql,
		"SELECT a.state IN ('active', 'fastpath function call'), pg_catalog.floor("
		"extract(epoch FROM pg_catalog.clock_timestamp() - "
		"CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END))"
		"::pg_catalog.int8, coalesce(a.query, ''), coalesce(a.wait_event, '') "
		"FROM pg_catalog.pg_stat_activity AS a WHERE a.pid || '@' || " SESSION_START " = ");
	literal(base, &sql, name);
	code = sl_pg_query(base, &rows, arena, sl_buf_str(&sql), err);
	if (code != SL_OK || rows.len == 0)
		return code;
	out->there = true;
	out->busy = sl_rows_cell(&rows, 0, 0) && sl_str_eq(sl_rows_cell(&rows, 0, 0), "t");
	if (!sl_rows_cell(&rows, 0, 1) ||
		!sl_parse_i64(sl_rows_cell(&rows, 0, 1), 0, INT64_MAX, &out->seconds))
		out->seconds = 0;
	out->statement = out->busy ? sl_rows_cell(&rows, 0, 2) : "";
	out->shown = sl_engine_shown(arena, out->statement);
	out->doing = sl_rows_cell(&rows, 0, 3);
	return SL_OK;
}

const struct sl_driver sl_driver_postgres = {
	.open = open_session,
	.close = close_session,
	.tx_state = tx_state,
	.exec = exec,
	.query = sl_pg_query,
	.literal = literal,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.lock = lock,
	.lock_held = lock_held,
	.outlive = outlive,
	.reset = reset,
	.interrupt = interrupt,
	.alive = alive,
	.identity = identity,
	.session = session,
	.look = look,
	.fingerprint = sl_engine_no_fingerprint,
	.introspect = sl_pg_introspect,
	.estimate = sl_pg_estimate,
	.limit = sl_pg_limit,
	.blockers = sl_pg_blockers,
	.prepare = sl_pg_prepare,
	.send_all = sl_pg_send_all,
	.take_all = sl_pg_take_all,
	.query_commit = query_commit,
};
