#include "postgres_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

#include "stream.h"

#define BLOCKERS_MAX "20"

/* --- what the server is ----------------------------------------------------------------------- */

static enum sl_code ask_pid(struct pg_conn *conn, int64_t *pid, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(&conn->base, &rows, arena,
		"SELECT pg_catalog.pg_backend_pid()", err);

	*pid = 0;
	if (code == SL_OK && !sl_parse_i64(sl_rows_cell(&rows, 0, 0), 1, INT64_MAX, pid))
		return sl_error_set(err, SL_EINTERNAL, "connect: the server has no process id");
	return code;
}

static enum sl_code shared(struct sl_error *err)
{
	return sl_error_set(err, SL_ECONFLICT,
		"connect: a pooler hands the server's sessions from one transaction to another, so "
		"no lock and no setting would stay ours; name the server itself, or a pool in "
		"session mode");
}

/* Something in between has an id of its own.  Where a second client gets the session that the first
 * one still has, or the first one finds itself in another, sessions are shared. */
static enum sl_code check_pooler(struct pg_conn *conn, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct pg_conn other = { .base = conn->base };
	int64_t first = conn->pid, second = 0, again = 0;
	enum sl_code code;

	conn->base.pooled = true;
	code = sl_pg_connect(&other.pg, spec, err);
	if (code != SL_OK)
		return code;
	(void)PQsetnonblocking(other.pg, 1);
	code = ask_pid(&other, &second, err);
	if (code == SL_OK)
		code = ask_pid(conn, &again, err);
	PQfinish(other.pg);
	if (code == SL_OK && (second == first || again != first))
		return shared(err);
	return code;
}

static enum sl_code check_kind(const struct sl_conn_spec *spec, const char *standby,
	const char *reads_only, struct sl_error *err)
{
	if (spec->read_only)
		return SL_OK;
	if (sl_str_eq(standby, "t") || sl_str_eq(standby, "on"))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: the server is a standby; name the primary");
	if (sl_str_eq(reads_only, "on"))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: the session is read only (default_transaction_read_only)");
	return SL_OK;
}

static enum sl_code check_server(struct pg_conn *conn, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(&conn->base, &rows, arena,
		"SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
		"pg_catalog.current_setting('transaction_read_only')",
		err);

	if (code != SL_OK)
		return code;
	if (!sl_parse_i64(sl_rows_cell(&rows, 0, 0), 1, INT64_MAX, &conn->pid))
		conn->pid = 0;
	code = check_kind(spec, sl_rows_cell(&rows, 0, 1), sl_rows_cell(&rows, 0, 2), err);
	if (code != SL_OK || conn->pid == PQbackendPID(conn->pg))
		return code;
	return check_pooler(conn, spec, err);
}

/* --- what a session begins with --------------------------------------------------------------- */

/* A role that is called like the ledger's schema would make its tables in there, by way of "$user".
 * A pooler may log in as somebody else than it says. */
static bool may_be_called_like_the_ledger(const struct pg_conn *conn)
{
	const char *user = PQparameterStatus(conn->pg, "session_authorization");

	return !user || conn->base.pooled || sl_str_eq(user, "sluice");
}

/* As columns of a SELECT; they are made only where the condition, which ends in AND, holds. */
static void add_settings(const struct pg_conn *conn, struct sl_buf *sql, const char *only)
{
	if (conn->check_interval)
		sl_buf_addf(sql,
			", CASE WHEN %strue THEN pg_catalog.set_config("
			"'client_connection_check_interval', '" SL_PG_CHECK_INTERVAL
			"', false) END",
			only);
	if (may_be_called_like_the_ledger(conn))
		sl_buf_addf(sql,
			", CASE WHEN %ssession_user = 'sluice' THEN "
			"pg_catalog.set_config('search_path', pg_catalog.regexp_replace("
			"pg_catalog.current_setting('search_path'), '\"\\$user\"\\s*(,\\s*|$)', ''), "
			"false) END",
			only);
}

void sl_pg_add_settings(struct pg_conn *conn, struct sl_buf *sql)
{
	sl_buf_adds(sql, "SELECT true");
	add_settings(conn, sql, "");
	conn->unset = false;
}

enum sl_code sl_pg_settings(struct pg_conn *conn, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(1024);

	sl_pg_add_settings(conn, &sql);
	return sl_pg_query(&conn->base, NULL, NULL, sl_buf_str(&sql), err);
}

/* The answers to one message, as they come. */
struct greeting {
	struct sl_rows own;
	struct sl_first_words *first; /* or NULL */
	size_t len;
};

static void keep_answer(void *ctx, const struct sl_rows *rows)
{
	struct greeting *greeting = ctx;
	size_t at = greeting->len++;

	if (at == 0)
		greeting->own = *rows;
	else if (greeting->first && at <= greeting->first->len)
		greeting->first->answers[at - 1] = *rows;
}

/* Functions that a new session has to look up first cost as much as a look at a table does. */
static enum sl_code say(struct pg_conn *conn, struct greeting *greeting, struct sl_arena *arena,
	struct sl_error *err)
{
	const struct sl_first_words *first = greeting->first;
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SL_QUERY_MAX_BYTES);
	struct sl_row_sink sink = { .arena = arena };
	struct sl_pg_stream stream = { .conn = conn,
		.sink = &sink,
		.each = keep_answer,
		.ctx = greeting,
		.rows = -1 };
	char only[64];

	(void)snprintf(only, sizeof(only), "pg_catalog.pg_backend_pid() = %d AND ",
		PQbackendPID(conn->pg));
	sl_buf_adds(&sql, "SELECT pg_catalog.pg_backend_pid()");
	if (first)
		sl_buf_addf(&sql, "; %s", first->sql);
	else
		add_settings(conn, &sql, only);
	stream.sql = sl_buf_str(&sql);
	stream.len = sql.len;
	return sl_pg_stream_run(&stream, err);
}

static enum sl_code say_both(struct pg_conn *conn, struct greeting *greeting,
	struct sl_arena *arena, struct sl_error *err)
{
	enum sl_code code = say(conn, greeting, arena, err);

	if (code == SL_OK || !greeting->first ||
		conn->base.driver->tx_state(&conn->base) != SL_TX_IDLE)
		return code;
	memset(&conn->base.server, 0, sizeof(conn->base.server));
	*greeting = (struct greeting){ .first = NULL };
	return say(conn, greeting, arena, err);
}

/* Since version 14 a server says at the start what it is, and one message is enough.  Behind a
 * pooler, which has an id of its own, the server itself is asked. */
enum sl_code sl_pg_greet(struct pg_conn *conn, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	const char *standby = PQparameterStatus(conn->pg, "in_hot_standby");
	const char *reads_only = PQparameterStatus(conn->pg, "default_transaction_read_only");
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct greeting greeting = { .first = spec->first };
	enum sl_code code;

	if (standby && reads_only) {
		code = say_both(conn, &greeting, spec->first ? spec->first->arena : arena, err);
		if (code != SL_OK)
			return code;
		if (greeting.own.len == 1 &&
			sl_parse_i64(sl_rows_cell(&greeting.own, 0, 0), 1, INT64_MAX, &conn->pid) &&
			conn->pid == PQbackendPID(conn->pg)) {
			conn->unset = greeting.first != NULL;
			if (greeting.first)
				greeting.first->answered = greeting.len == greeting.first->len + 1;
			return check_kind(spec, standby, reads_only, err);
		}
	}
	code = check_server(conn, spec, err);
	return code == SL_OK ? sl_pg_settings(conn, err) : code;
}

/* --- bounds ----------------------------------------------------------------------------------- */

static int64_t milliseconds(int64_t us)
{
	return us > 0 && us < 1000 ? 1 : us / 1000;
}

enum sl_code sl_pg_limit(struct sl_conn *base, const struct sl_limits *limits, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();

	return sl_pg_query(base, NULL, NULL,
		sl_arena_printf(arena,
			"SELECT pg_catalog.set_config(s.name, s.ms, false) FROM (VALUES "
			"('lock_timeout', '%" PRId64 "', %s), ('statement_timeout', '%" PRId64
			"', %s)) AS s (name, ms, kept) "
			"WHERE NOT s.kept OR pg_catalog.current_setting(s.name) = '0'",
			milliseconds(limits->lock_us), limits->lock_where_none ? "true" : "false",
			milliseconds(limits->statement_us),
			limits->statement_where_none ? "true" : "false"),
		err);
}

/* --- who is in the way ------------------------------------------------------------------------ */

/* The lock that the blocked session waits for, and each blocker's own on the same thing: 0 is a
 * prepared transaction. */
static const char blockers_head[] =
	"SELECT b.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), "
	"coalesce(pg_catalog.host(a.client_addr), ''), coalesce(a.state, ''), "
	"coalesce(a.query, ''), coalesce(h.mode, ''), coalesce(w.mode, ''), "
	"CASE WHEN w.locktype IN ('relation', 'tuple') THEN "
	"coalesce((SELECT w.relation::pg_catalog.regclass::text), '') ELSE '' END, "
	"coalesce(pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp() - "
	"coalesce(a.xact_start, a.query_start)) * 1000000)::bigint, 0) "
	"FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(";
static const char blockers_middle[] =
	")) AS b (pid) LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = b.pid AND b.pid <> 0 "
	"LEFT JOIN pg_catalog.pg_locks AS w ON NOT w.granted AND w.pid = ";
static const char blockers_tail[] =
	" LEFT JOIN LATERAL (SELECT l.mode FROM pg_catalog.pg_locks AS l WHERE l.pid = b.pid "
	"AND l.locktype = w.locktype AND l.database IS NOT DISTINCT FROM w.database "
	"AND l.relation IS NOT DISTINCT FROM w.relation "
	"AND l.transactionid IS NOT DISTINCT FROM w.transactionid "
	"AND l.virtualxid IS NOT DISTINCT FROM w.virtualxid "
	"ORDER BY l.granted DESC, pg_catalog.length(l.mode) DESC LIMIT 1) AS h ON true "
	"ORDER BY coalesce(a.xact_start, a.query_start), b.pid LIMIT " BLOCKERS_MAX;

enum sl_code sl_pg_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err)
{
	const struct pg_conn *waiting = (const struct pg_conn *)(const void *)blocked;
	struct sl_lock_holder *at;
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_pg_query(base, &rows, arena,
		sl_arena_printf(arena, "%s%" PRId64 "%s%" PRId64 "%s", blockers_head, waiting->pid,
			blockers_middle, waiting->pid, blockers_tail),
		err);

	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++) {
		at[i] = (struct sl_lock_holder){ .session = sl_rows_cell(&rows, i, 0),
			.user = sl_rows_cell(&rows, i, 1),
			.application = sl_rows_cell(&rows, i, 2),
			.address = sl_rows_cell(&rows, i, 3),
			.state = sl_rows_cell(&rows, i, 4),
			.what = sl_statement_head(arena, SL_DIALECT_POSTGRES,
				sl_rows_cell(&rows, i, 5)),
			.holds = sl_rows_cell(&rows, i, 6),
			.wants = sl_rows_cell(&rows, i, 7),
			.object = sl_rows_cell(&rows, i, 8) };
		if (!sl_parse_i64(sl_rows_cell(&rows, i, 9), 0, INT64_MAX, &at[i].held_us))
			at[i].held_us = 0;
	}
	*out = at;
	*len = rows.len;
	return SL_OK;
}
