/* What is known of other sessions, and of an object before and after a statement. */
#include "mysql_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <inttypes.h>
#include <mysqld_error.h>
#include <string.h>

/* A start is computed from two clocks that are read one after the other. */
#define START_SLACK_S 5

#define OBJECT_SQL_MAX 4096

/* The numbers of 8,192 partitions, which is what the servers allow. */
#define INCARNATION_MAX 262144

/* --- sessions ------------------------------------------------------------------------------- */

/* When the server began to run, by its own clock: ids begin anew with it. */
static enum sl_code server_start(struct sl_conn *base, int64_t *out, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows now = { 0 }, uptime = { 0 };
	int64_t at = 0, since = 0;
	enum sl_code code = sl_my_query(base, &now, arena,
		"SELECT FLOOR(UNIX_TIMESTAMP(SYSDATE(6)))", err);

	if (code == SL_OK)
		code = sl_my_query(base, &uptime, arena, "SHOW GLOBAL STATUS LIKE 'Uptime'", err);
	if (code != SL_OK)
		return code;
	if (uptime.len != 1 || !sl_parse_i64(sl_rows_cell(&now, 0, 0), 0, INT64_MAX, &at) ||
		!sl_parse_i64(sl_rows_cell(&uptime, 0, 1), 0, at, &since))
		return sl_error_set(err, SL_EINTERNAL,
			"the server does not say since when it runs");
	*out = at - since;
	return SL_OK;
}

enum sl_code sl_my_session(struct sl_conn *base, const char **out, struct sl_arena *arena,
	struct sl_error *err)
{
	int64_t start = 0;
	enum sl_code code = server_start(base, &start, err);

	if (code == SL_OK)
		*out = sl_arena_printf(arena, "%" PRIu64 "@%" PRId64, sl_my(base)->where->id,
			start);
	return code;
}

static bool read_session(const char *text, int64_t *id, int64_t *start)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	const char *at = strchr(text, '@');

	return at &&
		sl_parse_i64(sl_arena_strndup(arena, text, (size_t)(at - text)), 1, INT64_MAX,
			id) &&
		sl_parse_i64(at + 1, 0, INT64_MAX, start);
}

static int64_t number(const struct sl_rows *rows, size_t column, int64_t fallback)
{
	const char *cell = sl_rows_cell(rows, 0, column);
	int64_t value = fallback;

	return cell && sl_parse_i64(cell, INT64_MIN, INT64_MAX, &value) ? value : fallback;
}

static const char *text(const struct sl_rows *rows, size_t column)
{
	const char *cell = sl_rows_cell(rows, 0, column);

	return cell ? cell : "";
}

enum sl_code sl_my_look(struct sl_conn *base, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err)
{
	bool mariadb = base->dialect == SL_DIALECT_MARIADB;
	struct sl_rows rows = { 0 };
	int64_t id, then = 0, start = 0;
	enum sl_code code;

	if (!read_session(session, &id, &then))
		return SL_OK;
	code = server_start(base, &start, err);
	if (code != SL_OK)
		return code;
	if (start - then > START_SLACK_S || then - start > START_SLACK_S)
		return SL_OK;
	code = sl_my_query(base, &rows, arena,
		sl_arena_printf(arena,
			"SELECT command NOT IN ('Sleep', 'Daemon'), time, info, state, %s "
			"FROM information_schema.processlist WHERE id = %" PRId64,
			mariadb ?
				"IF(max_stage > 0, FLOOR(((stage - 1) * 100 + progress) / max_stage), "
				"NULL)" :
				"NULL",
			id),
		err);
	if (code != SL_OK || rows.len == 0)
		return code;
	out->there = true;
	out->busy = sl_str_eq(text(&rows, 0), "1");
	out->seconds = number(&rows, 1, 0);
	out->statement = text(&rows, 2);
	out->shown = sl_engine_shown(arena, out->statement);
	out->doing = text(&rows, 3);
	out->percent = (int)number(&rows, 4, -1);
	return SL_OK;
}

/* --- objects -------------------------------------------------------------------------------- */

static const struct {
	const char *show;
	unsigned absent; /* the error that says so */
} objects[] = {
	[SL_ENGINE_TABLE] = { "TABLE", ER_NO_SUCH_TABLE },
	[SL_ENGINE_VIEW] = { "VIEW", ER_NO_SUCH_TABLE },
	[SL_ENGINE_SEQUENCE] = { "SEQUENCE", ER_NO_SUCH_TABLE },
	[SL_ENGINE_TRIGGER] = { "TRIGGER", ER_TRG_DOES_NOT_EXIST },
	[SL_ENGINE_PROCEDURE] = { "PROCEDURE", ER_SP_DOES_NOT_EXIST },
	[SL_ENGINE_FUNCTION] = { "FUNCTION", ER_SP_DOES_NOT_EXIST },
	[SL_ENGINE_PACKAGE] = { "PACKAGE", ER_SP_DOES_NOT_EXIST },
	[SL_ENGINE_PACKAGE_BODY] = { "PACKAGE BODY", ER_SP_DOES_NOT_EXIST },
	[SL_ENGINE_EVENT] = { "EVENT", ER_EVENT_DOES_NOT_EXIST },
	[SL_ENGINE_DATABASE] = { "DATABASE", ER_BAD_DB_ERROR },
};

_Static_assert(sizeof(objects) / sizeof(objects[0]) == SL_ENGINE_OBJECT_COUNT,
	"a kind of object has no row");

/* The counter of a table is data.  It stands among the options after the last bracket, before the
 * comment, which is the only one of them that may hold any text. */
static size_t counter_at(const char *shown, size_t *len)
{
	static const char word[] = " AUTO_INCREMENT=";
	const char *options = strstr(shown, "\n) ENGINE=");
	const char *found = options ? strstr(options, word) : NULL;
	const char *comment = options ? strstr(options, " COMMENT='") : NULL;

	if (!found || (comment && comment < found))
		return 0;
	*len = sizeof(word) - 1 + strspn(found + sizeof(word) - 1, "0123456789");
	return (size_t)(found - shown);
}

/* Without the counter; everything else that the server says of the object. */
static void add_shown(struct sl_sha256 *sha, const struct sl_rows *rows, struct sl_arena *arena)
{
	for (size_t i = 0; i < rows->len * rows->columns; i++) {
		const char *cell = rows->cells[i];
		size_t len = 0, at = cell ? counter_at(cell, &len) : 0;

		if (at > 0)
			cell = sl_arena_printf(arena, "%.*s%s", (int)at, cell, cell + at + len);
		sl_sha256_add_str(sha, cell);
	}
}

/* MySQL can not set a mode for one statement: where it changes what is shown, it is put aside and
 * brought back. */
static enum sl_code set_mode(struct sl_conn *base, const char *mode, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(OBJECT_SQL_MAX);

	sl_buf_adds(&sql, "SET SESSION sql_mode = ");
	sl_my_literal(base, &sql, mode);
	return sl_my_query(base, NULL, NULL, sl_buf_str(&sql), err);
}

static enum sl_code show(struct sl_conn *base, struct sl_rows *rows, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct sl_rows mode = { 0 };
	struct sl_server_error kept;
	enum sl_code code, again;

	if (base->dialect == SL_DIALECT_MARIADB)
		return sl_my_show(base, rows, arena,
			sl_arena_printf(arena,
				"SET STATEMENT sql_mode = '', sql_quote_show_create = 1 FOR %s",
				sql),
			err);
	code = sl_my_query(base, &mode, arena, "SELECT @@SESSION.sql_mode", err);
	if (code != SL_OK)
		return code;
	if (!strstr(sl_rows_cell(&mode, 0, 0), "ANSI_QUOTES"))
		return sl_my_show(base, rows, arena, sql, err);
	code = set_mode(base, "", err);
	if (code != SL_OK)
		return code;
	code = sl_my_show(base, rows, arena, sql, err);
	kept = base->server;
	again = set_mode(base, sl_rows_cell(&mode, 0, 0), NULL);
	base->server = kept;
	return code == SL_OK && again != SL_OK ? sl_my_error(sl_my(base), NULL, 0, err) : code;
}

/* GROUP_CONCAT would be cut off at group_concat_max_len, which MySQL has at 1,024. */
static const char *joined(const struct sl_rows *rows, struct sl_arena *arena)
{
	sl_auto_buf struct sl_buf list = SL_BUF_INIT(INCARNATION_MAX);

	for (size_t i = 0; i < rows->len; i++)
		sl_buf_addf(&list, "%s%s", i > 0 ? "," : "", sl_rows_cell(rows, i, 0));
	return sl_buf_ok(&list) ? sl_arena_strdup(arena, sl_buf_str(&list)) : NULL;
}

/* InnoDB's own number of the table and its partitions, which a rebuild, a TRUNCATE or an exchange
 * changes; NULL where the login may not see it. */
static const char *incarnation(struct sl_conn *base, const char *schema, const char *name,
	struct sl_arena *arena)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(OBJECT_SQL_MAX);
	struct sl_rows rows = { 0 };

	sl_buf_adds(&sql, "SELECT table_id FROM ");
	sl_buf_adds(&sql,
		base->dialect == SL_DIALECT_MARIADB ? "information_schema.innodb_sys_tables" :
						      "information_schema.innodb_tables");
	sl_buf_adds(&sql, " WHERE SUBSTRING_INDEX(name, '#', 1) = CAST('");
	sl_my_file_name(&sql, schema);
	sl_buf_addc(&sql, '/');
	sl_my_file_name(&sql, name);
	sl_buf_adds(&sql, "' AS BINARY) ORDER BY name, table_id");
	if (sl_my_query(base, &rows, arena, sl_buf_str(&sql), NULL) != SL_OK || rows.len == 0)
		return NULL;
	return joined(&rows, arena);
}

enum sl_code sl_my_fingerprint(struct sl_conn *base, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(OBJECT_SQL_MAX);
	struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();
	const char *schema = object->schema ? object->schema : sl_my(base)->database;
	struct sl_rows rows = { 0 };
	char hex[SL_SHA256_HEX];
	int64_t absent = objects[object->kind].absent, number = 0;
	enum sl_code code;

	sl_buf_addf(&sql, "SHOW CREATE %s ", objects[object->kind].show);
	if (object->kind != SL_ENGINE_DATABASE) {
		sl_escape_ident(&sql, schema, '`');
		sl_buf_addc(&sql, '.');
	}
	sl_escape_ident(&sql, object->name, '`');
	code = show(base, &rows, arena, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return sl_parse_i64(base->server.code, 1, UINT16_MAX, &number) &&
				(number == absent || number == ER_WRONG_OBJECT) ?
			SL_OK :
			code;
	add_shown(sha, &rows, arena);
	sl_sha256_end_hex(sha, hex);
	out->shape = sl_arena_strdup(arena, hex);
	if (object->kind == SL_ENGINE_TABLE && object->numbers) {
		const char *ids = incarnation(base, schema, object->name, arena);

		out->incarnation = ids ? ids : "";
	}
	return SL_OK;
}
