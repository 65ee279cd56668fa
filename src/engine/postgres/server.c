#include "postgres_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>

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

enum sl_code sl_pg_check_server(struct pg_conn *conn, const struct sl_conn_spec *spec,
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
	if (!spec->read_only && sl_str_eq(sl_rows_cell(&rows, 0, 1), "t"))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: the server is a standby; name the primary");
	if (!spec->read_only && sl_str_eq(sl_rows_cell(&rows, 0, 2), "on"))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: the session is read only (default_transaction_read_only)");
	return conn->pid == PQbackendPID(conn->pg) ? SL_OK : check_pooler(conn, spec, err);
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
