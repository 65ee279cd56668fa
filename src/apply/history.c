#include "history_int.h"

#include "sluice/core/clock.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <assert.h>
#include <string.h>

#define MILLIS_DIGITS 13

/* --- which tables there are ----------------------------------------------------------------- */

/* One that has the name of a tool's. */
struct found {
	const char *schema, *name;
	bool in_reach; /* without naming its schema */
	const char *columns[32]; /* the first ones */
	size_t columns_len;
	size_t width;
	const struct history_tool *tool; /* NULL: of none that is known */
};

struct tables {
	SL_VEC(struct found);
};

/* Schema, table, in reach, column: one row a column, in order.  %s: the names, in small letters. */
static const char *const looks[SL_DIALECT_COUNT] = {
	[SL_DIALECT_POSTGRES] =
		"SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid)::int, "
		"a.attname FROM pg_catalog.pg_class AS c "
		"JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
		"JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT "
		"a.attisdropped WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND "
		"pg_catalog.lower(c.relname) IN (%s) ORDER BY 1, 2, a.attnum",
	[SL_DIALECT_SQLITE] =
		"SELECT 'main', m.name, 1, c.name FROM main.sqlite_schema AS m "
		"JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND lower(m.name) IN "
		"(%s) ORDER BY m.name, c.cid",
	[SL_DIALECT_MYSQL] =
		"SELECT table_schema, table_name, 1, column_name FROM information_schema.columns "
		"WHERE table_schema = database() AND lower(table_name) IN (%s) "
		"ORDER BY table_name, ordinal_position",
	[SL_DIALECT_MARIADB] =
		"SELECT table_schema, table_name, 1, column_name FROM information_schema.columns "
		"WHERE table_schema = database() AND lower(table_name) IN (%s) "
		"ORDER BY table_name, ordinal_position",
};

static const char *known_names(struct sl_arena *arena, const struct sl_conn *conn)
{
	sl_auto_buf struct sl_buf names = SL_BUF_INIT(4096);

	for (size_t i = 0; i < apply_history_tools_len; i++) {
		if (i > 0)
			sl_buf_adds(&names, ", ");
		sl_conn_literal(conn, &names, apply_history_tools[i].table);
	}
	return sl_arena_strdup(arena, sl_buf_str(&names));
}

static bool is_called(const char *wanted, const char *name)
{
	return strcasecmp(wanted, name) == 0;
}

static bool has_column(const struct found *table, const char *name)
{
	for (size_t i = 0; i < table->columns_len; i++)
		if (is_called(name, table->columns[i]))
			return true;
	return false;
}

static bool is_of(const struct history_tool *tool, const struct found *table)
{
	if (!is_called(tool->table, table->name) || (tool->width && tool->width != table->width) ||
		(tool->schema && !is_called(tool->schema, table->schema)))
		return false;
	for (size_t i = 0; i < HISTORY_COLUMNS_MAX && tool->columns[i]; i++)
		if (!has_column(table, tool->columns[i]))
			return false;
	return true;
}

static void name_tool(struct found *table)
{
	for (size_t i = 0; i < apply_history_tools_len && !table->tool; i++)
		if (is_of(&apply_history_tools[i], table))
			table->tool = &apply_history_tools[i];
}

/* Names that only mean something in a schema of the tool's own are anybody's elsewhere. */
static bool is_anybodys(const struct found *table)
{
	for (size_t i = 0; i < apply_history_tools_len; i++)
		if (!apply_history_tools[i].schema &&
			is_called(apply_history_tools[i].table, table->name))
			return false;
	return !table->tool;
}

static void add_row(struct tables *out, struct sl_arena *arena, const struct sl_rows *rows,
	size_t row)
{
	const char *schema = sl_rows_cell(rows, row, 0), *name = sl_rows_cell(rows, row, 1);
	struct found *table = out->len > 0 ? &out->at[out->len - 1] : NULL;

	if (!table || !sl_str_eq(table->schema, schema) || !sl_str_eq(table->name, name)) {
		table = sl_vec_add_in(arena, out);
		table->schema = schema;
		table->name = name;
		table->in_reach = sl_str_eq(sl_rows_cell(rows, row, 2), "1");
	}
	table->width++;
	if (table->columns_len < sizeof(table->columns) / sizeof(table->columns[0]))
		table->columns[table->columns_len++] = sl_rows_cell(rows, row, 3);
}

static enum sl_code look(struct tables *out, struct sl_conn *conn, struct sl_arena *arena,
	struct sl_error *err)
{
	const char *sql = looks[sl_conn_dialect(conn)];
	const char *gap = strstr(sql, "%s");
	struct tables all = { 0 };
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sql = sl_arena_printf(arena, "%.*s%s%s", (int)(gap - sql), sql, known_names(arena, conn),
		gap + 2);
	code = sl_conn_query(conn, &rows, arena, sql, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < rows.len; i++)
		add_row(&all, arena, &rows, i);
	for (size_t i = 0; i < all.len; i++) {
		name_tool(&all.at[i]);
		if (!is_anybodys(&all.at[i]))
			*sl_vec_add_in(arena, out) = all.at[i];
	}
	return SL_OK;
}

/* --- which one is meant --------------------------------------------------------------------- */

static const char *shown(struct sl_arena *arena, enum sl_dialect dialect, const struct found *table)
{
	return dialect == SL_DIALECT_POSTGRES ?
		sl_arena_printf(arena, "%s.%s", table->schema, table->name) :
		table->name;
}

static bool goes_with(const struct found *table, const void *layout)
{
	return layout && table->tool && sl_str_eq(table->tool->layout, layout);
}

static bool is_in_reach(const struct found *table, const void *unused)
{
	(void)unused;
	return table->in_reach;
}

/* Keeps those that pass, where any does. */
static void prefer(struct tables *tables, bool (*passes)(const struct found *, const void *),
	const void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < tables->len; i++)
		n += passes(&tables->at[i], arg);
	if (n == 0)
		return;
	n = 0;
	for (size_t i = 0; i < tables->len; i++)
		if (passes(&tables->at[i], arg))
			tables->at[n++] = tables->at[i];
	tables->len = n;
}

static enum sl_code refuse_several(const struct tables *tables, struct sl_arena *arena,
	enum sl_dialect dialect, struct sl_error *err)
{
	const char *list = "";

	for (size_t i = 0; i < tables->len; i++)
		list = sl_arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "",
			shown(arena, dialect, &tables->at[i]));
	return sl_error_set(err, SL_ECONFLICT,
		"there are several histories (%s); name the layout of the one that is meant, or drop "
		"those that nobody uses",
		list);
}

static enum sl_code refuse_unknown(const struct found *table, struct sl_arena *arena,
	enum sl_dialect dialect, struct sl_error *err)
{
	const char *list = "";

	for (size_t i = 0; i < table->columns_len; i++)
		list = sl_arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", table->columns[i]);
	return sl_error_set(err, SL_ECONFLICT,
		"%s (%s) is the history of no tool that is known; say which version it is at with "
		"`sluice baseline`",
		shown(arena, dialect, table), list);
}

/* --- what it says --------------------------------------------------------------------------- */

static const char *quoted(struct sl_arena *arena, enum sl_dialect dialect, const char *name)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4096);
	bool mysql = dialect == SL_DIALECT_MYSQL || dialect == SL_DIALECT_MARIADB;

	sl_escape_ident(&out, name, mysql ? '`' : '"');
	return sl_arena_strdup(arena, sl_buf_str(&out));
}

static const char *bytes_as_hex(struct sl_arena *arena, enum sl_dialect dialect, const char *column)
{
	if (!column)
		return "";
	return sl_arena_printf(arena,
		dialect == SL_DIALECT_POSTGRES ? ", pg_catalog.encode(%s, 'hex')" :
						 ", lower(hex(%s))",
		column);
}

/* "2026-11-28 03:40:12.1234" to the second; Prisma's SQLite has milliseconds since 1970. */
static const char *moment(struct sl_arena *arena, const char *cell)
{
	char iso[SL_TIME_ISO_MAX];
	int64_t millis = 0;

	if (!cell)
		return "";
	if (strspn(cell, "0123456789") == MILLIS_DIGITS && strlen(cell) == MILLIS_DIGITS &&
		sl_parse_i64(cell, 0, INT64_MAX / 1000, &millis))
		return sl_arena_strdup(arena, sl_time_iso(millis * 1000, iso));
	return sl_arena_strndup(arena, cell, strcspn(cell, "."));
}

/* Each in its place, when the table has it. */
static const char *optional_columns(struct sl_arena *arena, const struct history *history)
{
	return sl_arena_printf(arena, "%s%s%s%s", history->has_at ? ", " : "",
		history->has_at ? history->tool->at : "", history->has_by ? ", " : "",
		history->has_by ? history->tool->by : "");
}

static void read_optional(struct history_row *row, struct sl_arena *arena,
	const struct history *history, const struct sl_rows *rows, size_t i)
{
	size_t by = rows->columns - history->has_by;
	size_t at = by - history->has_at;

	row->at = history->has_at ? moment(arena, sl_rows_cell(rows, i, at)) : "";
	row->by = history->has_by ? sl_rows_cell(rows, i, by) : "";
	if (!row->by)
		row->by = "";
}

static enum sl_code read_rows(struct history *out, struct sl_conn *conn, struct sl_arena *arena,
	struct sl_error *err)
{
	const struct history_tool *tool = out->tool;
	enum sl_dialect dialect = sl_conn_dialect(conn);
	struct sl_rows rows = { 0 };
	struct history_row *at;
	enum sl_code code = sl_conn_query(conn, &rows, arena,
		sl_arena_printf(arena, "SELECT %s%s%s FROM %s.%s ORDER BY %s", tool->select,
			bytes_as_hex(arena, dialect, tool->bytes), optional_columns(arena, out),
			quoted(arena, dialect, out->schema), quoted(arena, dialect, out->name),
			tool->order),
		err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", out->shown);
	at = sl_arena_calloc(arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++) {
		tool->read(&at[i], arena, &rows, i);
		read_optional(&at[i], arena, out, &rows, i);
	}
	out->rows = at;
	out->len = rows.len;
	return SL_OK;
}

enum sl_code apply_history_read(struct history *out, struct sl_conn *conn, struct sl_arena *arena,
	const char *layout, struct sl_error *err)
{
	enum sl_dialect dialect = sl_conn_dialect(conn);
	struct tables tables = { 0 };
	enum sl_code code = look(&tables, conn, arena, err);

	*out = (struct history){ .tool = NULL };
	if (code != SL_OK || tables.len == 0)
		return code;
	prefer(&tables, goes_with, layout);
	prefer(&tables, is_in_reach, NULL);
	if (tables.len > 1)
		return refuse_several(&tables, arena, dialect, err);
	if (!tables.at[0].tool)
		return refuse_unknown(&tables.at[0], arena, dialect, err);
	out->tool = tables.at[0].tool;
	out->schema = tables.at[0].schema;
	out->name = tables.at[0].name;
	out->shown = shown(arena, dialect, &tables.at[0]);
	out->has_at = out->tool->at && has_column(&tables.at[0], out->tool->at);
	out->has_by = out->tool->by && has_column(&tables.at[0], out->tool->by);
	return out->tool->select ? read_rows(out, conn, arena, err) : SL_OK;
}

bool apply_history_says_much(const struct history *history)
{
	if (!history->tool)
		return false;
	for (size_t i = 0; i < history->len; i++)
		if (history->rows[i].verdict != HISTORY_NOTHING)
			return true;
	return !history->tool->select;
}

/* --- what it forbids ------------------------------------------------------------------------ */

/* path: of a file that the history has as applied, or "" where nothing was taken over yet. */
static enum sl_code fail_not_adopted(struct run *run, const struct history *history,
	const char *path)
{
	const struct history_tool *tool = history->tool;
	const char *what;

	assert(tool); /* a history that says much is somebody's */
	if (!tool->select)
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"it has the history of %s (%s), which is not read; say which version it is "
			"at: %s",
			tool->name, history->shown, apply_baseline_command(run));
	what = path[0] == '\0' ?
		sl_arena_printf(run->arena, "it has the history of %s (%s)", tool->name,
			history->shown) :
		sl_arena_printf(run->arena, "%s is applied by the history of %s (%s)", path,
			tool->name, history->shown);
	if (run->installation[0] != '\0')
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"%s, which was not taken over; say `sluice target adopt %s`, or `history: "
			"adopt` in the configuration",
			what, run->name);
	return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
		"%s, which was not taken over; do it with: sluice migrate %s --adopt", what,
		apply_command_options(run));
}

/* The first file that is about to run and that the history has as applied, or NULL. */
static const struct sl_migration *applied_and_pending(struct run *run,
	const struct history *history)
{
	struct history_meaning meaning;

	apply_history_weigh(&meaning, run->arena, history, run->request->set, SL_APPLY_ANY_ORDER);
	for (size_t i = 0; i < run->pending.len; i++)
		for (size_t k = 0; k < meaning.applied_len; k++)
			if (meaning.applied[k] == run->pending.at[i].migration)
				return meaning.applied[k];
	return NULL;
}

static bool has_adopted(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->entries_len; i++)
		if (ledger->entries[i].state == SL_LEDGER_ADOPTED)
			return true;
	return false;
}

/* Whether the history is that of another scope's folder. */
static enum sl_code adopted_elsewhere(struct run *run, bool *out, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	*out = false;
	if (!run->ledger.exists || run->ledger.entries_len > 0)
		return SL_OK;
	sl_buf_addf(&sql, "SELECT 1 FROM %smigration WHERE state = 'adopted' LIMIT 1",
		run->ledger.prefix);
	code = sl_conn_query(run->conn, &rows, run->arena, sl_buf_str(&sql), err);
	*out = rows.len > 0;
	return code;
}

enum sl_code apply_check_history(struct run *run)
{
	const struct ledger *ledger = &run->ledger;
	const struct sl_migration *twice;
	struct sl_error cause = SL_ERROR_INIT;
	struct history history;
	bool elsewhere = false;
	enum sl_code code;

	/* A scope that was begun in another way has been asked: its word counts. */
	if (ledger->exists && ledger->epoch > 0 && !has_adopted(ledger))
		return SL_OK;
	code = adopted_elsewhere(run, &elsewhere, &cause);
	if (code == SL_OK && elsewhere)
		return SL_OK;
	if (code == SL_OK)
		code = apply_history_read(&history, run->conn, run->arena, run->request->layout,
			&cause);
	if (code == SL_ECONFLICT && ledger->exists)
		return SL_OK;
	if (code != SL_OK)
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
	if (!apply_history_says_much(&history))
		return SL_OK;
	if (!ledger->exists)
		return fail_not_adopted(run, &history, "");
	twice = applied_and_pending(run, &history);
	return twice ? fail_not_adopted(run, &history, twice->path) : SL_OK;
}
