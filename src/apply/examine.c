#include "examine_int.h"
#include "history_int.h"

#include "sluice/core/str.h"
#include "sluice/schema/catalog.h"

/* The first versions that the catalogues are read from. */
static const int oldest[SL_DIALECT_COUNT] = {
	[SL_DIALECT_POSTGRES] = 120000,
	[SL_DIALECT_MYSQL] = 80000,
	[SL_DIALECT_MARIADB] = 100500,
};

/* --- the wire and the clock ------------------------------------------------------------------ */

/* Local, cipher, the server's clock in microseconds. */
static const char pg_wire[] =
	"SELECT pg_catalog.inet_client_addr() IS NULL OR "
	"pg_catalog.inet_client_addr() OPERATOR(pg_catalog.<<=) '127.0.0.0/8'::inet OR "
	"pg_catalog.inet_client_addr() = '::1'::inet, "
	"(SELECT s.cipher FROM pg_catalog.pg_stat_ssl AS s "
	"WHERE s.pid = pg_catalog.pg_backend_pid() AND s.ssl), "
	"(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint";

static const char my_wire[] =
	"SELECT SUBSTRING_INDEX(USER(), '@', -1) IN ('localhost', '127.0.0.1', '::1'), NULL, "
	"CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)";

static enum sl_code read_wire(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_clock *clock, struct sl_arena *arena, struct sl_error *err)
{
	bool postgres = out->dialect == SL_DIALECT_POSTGRES;
	int64_t before = sl_clock_wall(clock), theirs = 0;
	struct sl_rows rows = { 0 };
	const char *cell;
	enum sl_code code;

	out->local = out->dialect == SL_DIALECT_SQLITE;
	if (out->local)
		return SL_OK;
	code = sl_conn_query(conn, &rows, arena, postgres ? pg_wire : my_wire, err);
	if (code != SL_OK)
		return code;
	cell = sl_rows_cell(&rows, 0, 0);
	out->local = cell && (sl_str_eq(cell, "t") || sl_str_eq(cell, "1"));
	if (sl_rows_cell(&rows, 0, 1))
		out->cipher = sl_rows_cell(&rows, 0, 1);
	if (sl_parse_i64(sl_rows_cell(&rows, 0, 2), 0, INT64_MAX, &theirs))
		out->ahead_us = theirs - (before + (sl_clock_wall(clock) - before) / 2);
	if (postgres)
		return SL_OK;
	code = sl_conn_query(conn, &rows, arena, "SHOW SESSION STATUS LIKE 'Ssl_cipher'", err);
	if (code == SL_OK && rows.len == 1 && sl_rows_cell(&rows, 0, 1))
		out->cipher = sl_rows_cell(&rows, 0, 1);
	return code;
}

/* --- what was done there --------------------------------------------------------------------- */

static enum sl_code read_owners(struct sl_examination *out, const struct ledger *ledger,
	struct sl_error *err)
{
	struct sl_ledger_owner *at;
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_conn_query(ledger->conn, &rows, ledger->arena,
		sl_arena_printf(ledger->arena,
			"SELECT scope, installation FROM %sfence WHERE installation <> '' "
			"ORDER BY scope",
			ledger->prefix),
		err);

	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(ledger->arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++)
		at[i] = (struct sl_ledger_owner){ sl_rows_cell(&rows, i, 0),
			sl_rows_cell(&rows, i, 1) };
	out->owners = at;
	out->owners_len = rows.len;
	return SL_OK;
}

static enum sl_code read_ledger(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_conn_spec *target, struct sl_arena *arena, struct sl_error *err)
{
	struct ledger ledger = apply_ledger_over(target, NULL, arena);
	enum sl_code code;

	ledger.conn = conn;
	code = apply_ledger_read(&ledger, err);
	out->ledger = ledger.exists;
	out->database_id = ledger.database_id;
	if (code == SL_OK && ledger.exists)
		code = read_owners(out, &ledger, err);
	apply_ledger_done(&ledger);
	return code;
}

/* What cannot be told is a fact too. */
static void read_past(struct sl_examination *out, struct sl_conn *conn, struct sl_arena *arena)
{
	const struct sl_catalog *catalog sl_auto(sl_catalog_unref_p) = NULL;
	struct sl_error cause = SL_ERROR_INIT;
	struct history history;
	enum sl_code code = apply_history_read(&history, conn, arena, NULL, &cause);

	if (code == SL_OK && history.tool &&
		(!history.tool->select || apply_history_says_much(&history))) {
		out->tool = history.tool->name;
		out->table = history.shown;
		out->adoptable = history.tool->select != NULL;
		return;
	}
	if (code == SL_OK)
		code = sl_conn_introspect(conn, &catalog, &cause);
	if (code != SL_OK)
		out->trouble = sl_arena_strdup(arena, cause.msg);
	else
		out->empty = sl_catalog_empty(catalog);
}

static enum sl_code look(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_conn_spec *target, struct sl_arena *arena, struct sl_error *err)
{
	enum sl_code code = sl_conn_identity(conn, &out->identity, arena, err);

	if (code == SL_OK)
		code = read_wire(out, conn, target->clock, arena, err);
	if (code == SL_OK)
		code = apply_examine_rights(out, conn, target, arena, err);
	if (code != SL_OK || out->needed.len > 0)
		return code;
	code = read_ledger(out, conn, target, arena, err);
	if (code == SL_OK && !out->ledger)
		read_past(out, conn, arena);
	return code;
}

enum sl_code sl_apply_examine(const struct sl_conn_spec *target, struct sl_examination *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	struct sl_conn_spec spec = *target;
	enum sl_code code;

	spec.create = false;
	spec.read_only = false;
	code = sl_conn_open(&conn, &spec, err);
	if (code != SL_OK)
		return code;
	*out = (struct sl_examination){ .dialect = sl_conn_dialect(conn),
		.version = sl_conn_version(conn),
		.identity = { "", "", "" },
		.cipher = "",
		.advised_for = "",
		.read_only = "",
		.database_id = "",
		.tool = "",
		.table = "",
		.trouble = "" };
	out->oldest = oldest[out->dialect];
	return out->version < out->oldest ? SL_OK : look(out, conn, target, arena, err);
}
