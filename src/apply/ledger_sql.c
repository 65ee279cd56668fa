/* What differs between engines in the ledger's SQL. */
#include "apply_int.h"
#include "ledger_files.h"

#include "sluice/core/escape.h"

#include <inttypes.h>
#include <string.h>

static enum sl_dialect dialect_of(const struct ledger *ledger)
{
	return sl_conn_dialect(ledger->conn);
}

static bool is_mysql(const struct ledger *ledger)
{
	return dialect_of(ledger) == SL_DIALECT_MYSQL || dialect_of(ledger) == SL_DIALECT_MARIADB;
}

/* USE in a file must not lead to another ledger, so MySQL's names carry the database's. */
static const char *prefix_in(struct sl_arena *arena, const char *database)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(512);

	sl_escape_ident(&text, database, '`');
	sl_buf_adds(&text, "._sluice_");
	return sl_arena_strdup(arena, sl_buf_str(&text));
}

struct ledger apply_ledger_over(const struct sl_conn_spec *target, const char *scope,
	struct sl_arena *arena)
{
	const struct sl_engine_url *url = &target->url;

	return (struct ledger){ .arena = arena,
		.clock = target->clock,
		.scope = scope ? scope : SL_LEDGER_DEFAULT,
		.prefix = url->dialect == SL_DIALECT_POSTGRES ? "sluice." :
			url->dialect == SL_DIALECT_SQLITE     ? "main._sluice_" :
								prefix_in(arena, url->database),
		.database_id = "",
		.server = "",
		.database = "",
		.installation = "" };
}

const char *apply_ledger_now(const struct ledger *ledger)
{
	if (dialect_of(ledger) == SL_DIALECT_POSTGRES)
		return "pg_catalog.clock_timestamp()";
	if (is_mysql(ledger)) /* NOW() would follow a file's SET timestamp */
		return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)";
	return sl_arena_printf(ledger->arena, "%" PRId64, sl_clock_wall(ledger->clock));
}

const char *apply_ledger_micros(const struct ledger *ledger, const char *column)
{
	if (dialect_of(ledger) == SL_DIALECT_POSTGRES)
		return sl_arena_printf(ledger->arena, "(extract(epoch FROM %s) * 1000000)::bigint",
			column);
	return column;
}

/* Undefined table, invalid schema; MySQL: no such table. */
bool apply_ledger_says_missing(const struct sl_server_error *error)
{
	static const char *const codes[] = { "42P01", "3F000", "1146" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(error->code, codes[i]) == 0)
			return true;
	return false;
}

/* Duplicate schema, table or catalogue row: another attempt was faster. */
static bool says_duplicate(const struct sl_server_error *error)
{
	static const char *const codes[] = { "42P06", "42P07", "23505" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(error->code, codes[i]) == 0)
			return true;
	return false;
}

/* Whoever was faster has made a ledger.  Asked of the catalogue, which shows what was committed. */
static bool is_no_ledger(struct ledger *ledger)
{
	struct sl_rows rows = { 0 };

	sl_conn_rollback(ledger->conn);
	return sl_conn_query(ledger->conn, &rows, ledger->arena,
		       "SELECT 1 FROM pg_catalog.pg_class AS c "
		       "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
		       "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid "
		       "WHERE n.nspname = 'sluice' AND c.relname = 'identity' "
		       "AND a.attname = 'database_id'",
		       NULL) == SL_OK &&
		rows.len == 0;
}

/* SQLite has no error code for a missing table. */
enum sl_code apply_ledger_exists(struct ledger *ledger, bool *exists, struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code;

	*exists = true;
	if (dialect_of(ledger) != SL_DIALECT_SQLITE)
		return SL_OK;
	code = sl_conn_query(ledger->conn, &rows, ledger->arena,
		"SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = "
		"'_sluice_identity'",
		err);
	*exists = rows.len > 0;
	return code;
}

bool apply_ledger_half_made(const struct ledger *ledger)
{
	struct sl_rows rows = { 0 };
	enum sl_code code;

	if (!is_mysql(ledger))
		return false;
	code = sl_conn_query(ledger->conn, &rows, ledger->arena,
		sl_arena_printf(ledger->arena,
			"SELECT 1 FROM %smigration UNION ALL SELECT 1 FROM %srun LIMIT 1",
			ledger->prefix, ledger->prefix),
		NULL);
	return code == SL_OK ? rows.len == 0 :
			       apply_ledger_says_missing(sl_conn_server_error(ledger->conn));
}

/* Each CREATE TABLE commits, so a transaction is begun anew behind them. */
static enum sl_code make_mysql(struct ledger *ledger, struct sl_error *err)
{
	enum sl_code code = sl_conn_query(ledger->conn, NULL, NULL, apply_ledger_file("mysql.sql"),
		err);

	return code == SL_OK ? sl_conn_begin(ledger->conn, true, err) : code;
}

enum sl_code apply_ledger_make(struct ledger *ledger, struct sl_error *err)
{
	bool postgres = dialect_of(ledger) == SL_DIALECT_POSTGRES, exists = false;
	enum sl_code code;

	if (is_mysql(ledger))
		return make_mysql(ledger, err);
	code = postgres ? SL_OK : apply_ledger_exists(ledger, &exists, err);
	if (code == SL_OK && !exists)
		code = sl_conn_query(ledger->conn, NULL, NULL,
			apply_ledger_file(postgres ? "postgres.sql" : "sqlite.sql"), err);
	if (code != SL_OK && strcmp(sl_conn_server_error(ledger->conn)->code, "42P07") == 0 &&
		is_no_ledger(ledger))
		return sl_error_set(err, SL_EHUMAN,
			"the schema sluice, in which the ledger is kept, holds tables of somebody "
			"else; give it another name, or move them");
	if (exists || (code != SL_OK && says_duplicate(sl_conn_server_error(ledger->conn))))
		return sl_error_set(err, SL_EBUSY, "another attempt is making the ledger");
	return code;
}

const char *apply_ledger_any(const struct ledger *ledger)
{
	return is_mysql(ledger) ? " LIMIT 1000000" : "";
}

const char *apply_ledger_share(const struct ledger *ledger)
{
	if (dialect_of(ledger) == SL_DIALECT_POSTGRES)
		return " FOR SHARE";
	return is_mysql(ledger) ? " FOR UPDATE" : "";
}

const char *apply_ledger_begin_text(const struct ledger *ledger)
{
	if (dialect_of(ledger) == SL_DIALECT_POSTGRES)
		return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ";
	return is_mysql(ledger) ? "START TRANSACTION READ WRITE; " : "";
}

void apply_ledger_replace(const struct ledger *ledger, struct sl_buf *sql, const char *keys,
	const char *columns)
{
	bool mysql = is_mysql(ledger);

	if (mysql)
		sl_buf_adds(sql, " ON DUPLICATE KEY UPDATE ");
	else
		sl_buf_addf(sql, " ON CONFLICT (%s) DO UPDATE SET ", keys);
	for (const char *s = columns; *s != '\0';) {
		int len = (int)strcspn(s, " ");

		sl_buf_addf(sql, mysql ? "%s%.*s = VALUES(%.*s)" : "%s%.*s = excluded.%.*s",
			s == columns ? "" : ", ", len, s, len, s);
		s += len;
		s += strspn(s, " ");
	}
}

bool apply_ledger_locks(const struct ledger *ledger)
{
	return dialect_of(ledger) != SL_DIALECT_SQLITE;
}
