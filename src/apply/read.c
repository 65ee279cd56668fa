#include "apply_int.h"

#include "sluice/core/str.h"
#include "sluice/schema/catalog.h"

#include <string.h>

static int64_t number(const char *text)
{
	int64_t value = 0;

	if (!text || !sl_parse_i64(text, INT64_MIN, INT64_MAX, &value))
		return 0;
	return value;
}

static void only_scope(const struct ledger *ledger, struct sl_buf *sql, const char *scope)
{
	if (!scope)
		return;
	sl_buf_adds(sql, " WHERE scope = ");
	sl_conn_literal(ledger->conn, sql, scope);
}

static enum sl_ledger_state state_of(const char *name)
{
	for (int i = 0; i < SL_LEDGER_STATE_COUNT; i++)
		if (sl_str_eq(name, sl_ledger_state_name((enum sl_ledger_state)i)))
			return (enum sl_ledger_state)i;
	return SL_LEDGER_PARTIAL;
}

static enum sl_code read_migrations(struct ledger *ledger, const char *scope, struct sl_ledger *out,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_ledger_migration *at;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql,
		"SELECT scope, kind, version, name, path, sha256, state, done, total, run, actor, "
		"reason, %s FROM %smigration",
		apply_ledger_micros(ledger, "at"), ledger->prefix);
	only_scope(ledger, &sql, scope);
	sl_buf_adds(&sql, " ORDER BY seq, scope");
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(ledger->arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++) {
		at[i] = (struct sl_ledger_migration){ .scope = sl_rows_cell(&rows, i, 0),
			.key = sl_rows_cell(&rows, i, 2),
			.name = sl_rows_cell(&rows, i, 3),
			.path = sl_rows_cell(&rows, i, 4),
			.sha256 = sl_rows_cell(&rows, i, 5),
			.state = state_of(sl_rows_cell(&rows, i, 6)),
			.done = (unsigned)number(sl_rows_cell(&rows, i, 7)),
			.total = (unsigned)number(sl_rows_cell(&rows, i, 8)),
			.run = sl_rows_cell(&rows, i, 9),
			.actor = sl_rows_cell(&rows, i, 10),
			.reason = sl_rows_cell(&rows, i, 11),
			.at = number(sl_rows_cell(&rows, i, 12)) };
		if (!sl_migration_kind_parse(&at[i].kind, sl_rows_cell(&rows, i, 1)))
			return sl_error_set(err, SL_EHUMAN, "the ledger's row of %s cannot be read",
				at[i].key);
	}
	out->migrations = at;
	out->migrations_len = rows.len;
	return SL_OK;
}

static enum sl_code read_runs(struct ledger *ledger, const char *scope, int limit,
	struct sl_ledger *out, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_ledger_run *at;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql,
		"SELECT id, scope, installation, actor, tool, epoch, outcome, detail, before_hash, "
		"after_hash, %s, %s FROM %srun",
		apply_ledger_micros(ledger, "started_at"), apply_ledger_micros(ledger, "ended_at"),
		ledger->prefix);
	only_scope(ledger, &sql, scope);
	sl_buf_addf(&sql, " ORDER BY started_at DESC, epoch DESC LIMIT %d", limit);
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(ledger->arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++)
		at[i] = (struct sl_ledger_run){ .id = sl_rows_cell(&rows, i, 0),
			.scope = sl_rows_cell(&rows, i, 1),
			.installation = sl_rows_cell(&rows, i, 2),
			.actor = sl_rows_cell(&rows, i, 3),
			.tool = sl_rows_cell(&rows, i, 4),
			.epoch = number(sl_rows_cell(&rows, i, 5)),
			.open = !sl_rows_cell(&rows, i, 11),
			.outcome = sl_rows_cell(&rows, i, 6),
			.detail = sl_rows_cell(&rows, i, 7),
			.before = sl_rows_cell(&rows, i, 8),
			.after = sl_rows_cell(&rows, i, 9),
			.started_at = number(sl_rows_cell(&rows, i, 10)),
			.ended_at = number(sl_rows_cell(&rows, i, 11)) };
	out->runs = at;
	out->runs_len = rows.len;
	return SL_OK;
}

static enum sl_code read_history(struct ledger *ledger, const char *scope, struct sl_ledger *out,
	struct sl_error *err)
{
	enum sl_code code = apply_ledger_read(ledger, err);

	*out = (struct sl_ledger){ .exists = ledger->exists,
		.database_id = ledger->database_id,
		.installation = ledger->installation,
		.epoch = ledger->epoch };
	if (code != SL_OK || !ledger->exists)
		return code;
	code = read_migrations(ledger, scope, out, err);
	return code == SL_OK ? read_runs(ledger, scope, SL_LEDGER_RUNS_MAX, out, err) : code;
}

static struct ledger ledger_over(struct sl_conn *conn, const struct sl_conn_spec *target,
	const char *scope, struct sl_arena *arena)
{
	struct ledger ledger = apply_ledger_over(target, scope, arena);

	ledger.conn = conn;
	return ledger;
}

/* A reader too waits behind somebody's ALTER, and what it has seen already is locked meanwhile. */
enum sl_code apply_open_for_reading(struct sl_conn **out, const struct sl_conn_spec *target,
	struct sl_error *err)
{
	const struct sl_limits limits = sl_apply_limits(-1, -1);
	struct sl_conn_spec spec = *target;
	enum sl_code code;

	spec.create = false;
	spec.read_only = spec.fake == NULL && spec.url.dialect != SL_DIALECT_SQLITE;
	code = sl_conn_open(out, &spec, err);
	if (code == SL_OK)
		code = sl_conn_limit(*out, &limits, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", target->url.text);
}

enum sl_code sl_apply_history(const struct sl_conn_spec *target, const char *scope,
	struct sl_ledger *out, struct sl_arena *arena, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	struct ledger ledger;
	enum sl_code code = apply_open_for_reading(&conn, target, err);

	if (code != SL_OK)
		return code;
	ledger = ledger_over(conn, target, scope, arena);
	code = read_history(&ledger, scope, out, err);
	apply_ledger_done(&ledger);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", target->url.text);
}

enum sl_code sl_apply_snapshot(const struct sl_conn_spec *target, const struct sl_catalog **out,
	struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	enum sl_code code = apply_open_for_reading(&conn, target, err);

	if (code != SL_OK)
		return code;
	code = sl_conn_introspect(conn, out, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s: snapshot", target->url.text);
}

const char *sl_ledger_left(const struct sl_ledger *ledger)
{
	const struct sl_ledger_run *run = ledger->runs;
	const char *clean = sl_outcome_name(SL_OUTCOME_FAILED_CLEAN);

	if (ledger->runs_len == 0 || run->open)
		return "";
	return run->after[0] == '\0' && sl_str_eq(run->outcome, clean) ? run->before : run->after;
}

enum sl_code apply_ledger_left(struct ledger *ledger, const char **out, struct sl_error *err)
{
	struct sl_ledger newest = { 0 };
	enum sl_code code = ledger->exists ? read_runs(ledger, NULL, 1, &newest, err) : SL_OK;

	if (code == SL_OK)
		*out = sl_ledger_left(&newest);
	return code;
}

enum sl_code apply_ledger_runs(struct ledger *ledger, struct sl_ledger *out, struct sl_error *err)
{
	*out = (struct sl_ledger){ .exists = ledger->exists };
	return ledger->exists ? read_runs(ledger, NULL, SL_LEDGER_RUNS_MAX, out, err) : SL_OK;
}

static enum sl_code read_clock(struct ledger *ledger, int64_t *out, struct sl_error *err)
{
	const char *sql = sl_arena_printf(ledger->arena, "SELECT %s",
		apply_ledger_micros(ledger, apply_ledger_now(ledger)));
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_conn_query(ledger->conn, &rows, ledger->arena, sql, err);

	*out = code == SL_OK && rows.len > 0 ? number(sl_rows_cell(&rows, 0, 0)) : 0;
	return code;
}

enum sl_code sl_apply_live(const struct sl_conn_spec *target, const struct sl_catalog **catalog,
	struct sl_ledger *ledger, struct sl_arena *arena, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	const struct sl_catalog *live sl_auto(sl_catalog_unref_p) = NULL;
	struct ledger reading;
	int64_t since = 0;
	enum sl_code code = apply_open_for_reading(&conn, target, err);

	if (code != SL_OK)
		return code;
	reading = ledger_over(conn, target, NULL, arena);
	code = read_clock(&reading, &since, err);
	if (code == SL_OK)
		code = sl_conn_introspect(conn, &live, err);
	if (code == SL_OK)
		code = read_history(&reading, NULL, ledger, err);
	ledger->since = since;
	apply_ledger_done(&reading);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", target->url.text);
	*catalog = sl_steal(live);
	return SL_OK;
}

enum sl_code sl_apply_ping(const struct sl_conn_spec *target, struct sl_apply_ping *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	int64_t started = sl_clock_mono(target->clock);
	struct ledger ledger;
	enum sl_code code = apply_open_for_reading(&conn, target, err);

	if (code != SL_OK)
		return code;
	ledger = ledger_over(conn, target, NULL, arena);
	out->version = sl_conn_version(conn);
	code = sl_conn_identity(conn, &out->identity, arena, err);
	if (code == SL_OK)
		code = apply_ledger_read(&ledger, err);
	out->database_id = ledger.database_id;
	apply_ledger_done(&ledger);
	out->took_us = sl_clock_mono(target->clock) - started;
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", target->url.text);
}

enum sl_code sl_apply_estimate(const struct sl_conn_spec *target, const struct sl_apply_sql *texts,
	size_t n, int64_t limit_us, struct sl_estimate *out, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	struct sl_conn_spec spec = *target;
	enum sl_code code;

	spec.create = false;
	code = sl_conn_open(&conn, &spec, err);
	for (size_t i = 0; code == SL_OK && i < n; i++)
		code = sl_conn_estimate(conn, texts[i].sql, texts[i].len, limit_us, &out[i], err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", target->url.text);
}
