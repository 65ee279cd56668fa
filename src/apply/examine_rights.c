/* What the login of a target lacks, as the statements that give it. */
#include "examine_int.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <string.h>
#include <unistd.h>

struct grants {
	SL_VEC(const char *);
};

static struct sl_grants list_of(const struct grants *grants)
{
	return (struct sl_grants){ grants->at, grants->len };
}

static bool yes(const struct sl_rows *rows, size_t column)
{
	const char *cell = sl_rows_cell(rows, 0, column);

	return cell && (sl_str_eq(cell, "t") || sl_str_eq(cell, "1"));
}

/* --- PostgreSQL ------------------------------------------------------------------------------ */

enum {
	PG_DATABASE,
	PG_LOGIN,
	PG_NAMESAKE,
	PG_MAY_CREATE,
	PG_HAS_SCHEMA,
	PG_MAY_USE,
	PG_MAY_WRITE,
	PG_WORKPLACE,
	PG_MAY_WORK
};

static const char pg_rights[] =
	"SELECT pg_catalog.quote_ident(pg_catalog.current_database()), "
	"pg_catalog.quote_ident(session_user), session_user = 'sluice', "
	"pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), "
	"n.oid IS NOT NULL, pg_catalog.has_schema_privilege(n.oid, 'USAGE'), "
	"(SELECT pg_catalog.bool_and("
	"pg_catalog.has_table_privilege(c.oid, 'SELECT') AND "
	"pg_catalog.has_table_privilege(c.oid, 'INSERT') AND "
	"pg_catalog.has_table_privilege(c.oid, 'UPDATE') AND "
	"pg_catalog.has_table_privilege(c.oid, 'DELETE')) FROM pg_catalog.pg_class AS c "
	"WHERE c.relnamespace = n.oid AND c.relkind = 'r'), "
	"pg_catalog.quote_ident(coalesce(pg_catalog.current_schema(), 'public')), "
	"coalesce(pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'), false) "
	"FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'sluice'";

static enum sl_code postgres_rights(struct sl_examination *out, struct sl_conn *conn,
	struct sl_arena *arena, struct sl_error *err)
{
	struct grants needed = { 0 }, advised = { 0 };
	struct sl_rows rows = { 0 };
	const char *login;
	enum sl_code code = sl_conn_query(conn, &rows, arena, pg_rights, err);

	if (code != SL_OK)
		return code;
	login = sl_rows_cell(&rows, 0, PG_LOGIN);
	out->namesake = yes(&rows, PG_NAMESAKE);
	if (!yes(&rows, PG_HAS_SCHEMA) && !yes(&rows, PG_MAY_CREATE))
		*sl_vec_add_in(arena, &needed) = sl_arena_printf(arena,
			"GRANT CREATE ON DATABASE %s TO %s;", sl_rows_cell(&rows, 0, PG_DATABASE),
			login);
	if (yes(&rows, PG_HAS_SCHEMA) && !yes(&rows, PG_MAY_USE))
		*sl_vec_add_in(arena, &needed) = sl_arena_printf(arena,
			"GRANT USAGE ON SCHEMA sluice TO %s;", login);
	if (yes(&rows, PG_HAS_SCHEMA) && !yes(&rows, PG_MAY_WRITE))
		*sl_vec_add_in(arena, &needed) = sl_arena_printf(arena,
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sluice TO "
			"%s;",
			login);
	if (!yes(&rows, PG_MAY_WORK))
		*sl_vec_add_in(arena, &advised) = sl_arena_printf(arena,
			"GRANT USAGE, CREATE ON SCHEMA %s TO %s;",
			sl_rows_cell(&rows, 0, PG_WORKPLACE), login);
	out->needed = list_of(&needed);
	out->advised = list_of(&advised);
	out->advised_for = "migrations that make a table fail";
	return SL_OK;
}

/* --- MySQL and MariaDB ----------------------------------------------------------------------- */

/* For the ledger, and for a snapshot that shows everything. */
static const char *const my_needed[] = { "CREATE", "SELECT", "INSERT", "UPDATE", "DELETE",
	"SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE" };

static bool has_right(const struct sl_rows *rows, const char *right)
{
	for (size_t i = 0; i < rows->len; i++)
		if (sl_str_eq(sl_rows_cell(rows, i, 0), right))
			return true;
	return false;
}

/* 'deploy'@'%' of deploy@%. */
static const char *account_of(struct sl_arena *arena, const char *login)
{
	const char *at = strrchr(login, '@');
	int len = at ? (int)(at - login) : (int)strlen(login);

	return sl_arena_printf(arena, "'%.*s'@'%s'", len, login, at ? at + 1 : "%");
}

/* MariaDB's view of a role has no host. */
static const char *grantees(struct sl_arena *arena, const struct sl_conn *conn, const char *account,
	const char *role)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(2000);

	sl_conn_literal(conn, &text, account);
	if (role) {
		sl_buf_adds(&text, ", ");
		sl_conn_literal(conn, &text, sl_arena_printf(arena, "'%s'@''", role));
		sl_buf_adds(&text, ", ");
		sl_conn_literal(conn, &text, role);
	}
	return sl_arena_strdup(arena, sl_buf_str(&text));
}

/* What the account and the role that is in force have, on the server and on the database. */
static enum sl_code read_my_rights(struct sl_rows *out, const char **account, struct sl_conn *conn,
	struct sl_arena *arena, struct sl_error *err)
{
	bool mariadb = sl_conn_dialect(conn) == SL_DIALECT_MARIADB;
	struct sl_rows who = { 0 };
	const char *list;
	enum sl_code code = sl_conn_query(conn, &who, arena,
		mariadb ? "SELECT CURRENT_USER(), CURRENT_ROLE()" : "SELECT CURRENT_USER(), NULL",
		err);

	if (code != SL_OK)
		return code;
	*account = account_of(arena, sl_rows_cell(&who, 0, 0));
	list = grantees(arena, conn, *account, sl_rows_cell(&who, 0, 1));
	return sl_conn_query(conn, out, arena,
		sl_arena_printf(arena,
			"SELECT privilege_type FROM information_schema.user_privileges "
			"WHERE grantee IN (%s) UNION SELECT privilege_type FROM "
			"information_schema.schema_privileges "
			"WHERE database() LIKE table_schema AND grantee IN (%s)",
			list, list),
		err);
}

/* MySQL shows locks in tables of their own, which take a right of their own. */
static bool sees_locks(struct sl_conn *conn)
{
	return sl_conn_dialect(conn) != SL_DIALECT_MYSQL ||
		sl_conn_query(conn, NULL, NULL,
			"SELECT 1 FROM performance_schema.metadata_locks LIMIT 0",
			NULL) != SL_EDENIED;
}

static void advise_my_locks(struct sl_examination *out, struct sl_conn *conn, bool process,
	const char *account, struct sl_arena *arena)
{
	const char *to_process = sl_arena_printf(arena, "GRANT PROCESS ON *.* TO %s;", account);
	const char *to_locks = sl_arena_printf(arena, "GRANT SELECT ON performance_schema.* TO %s;",
		account);
	bool locks = sees_locks(conn);
	struct grants advised = { 0 };

	if (!process || !locks)
		*sl_vec_add_in(arena, &advised) = process ? to_locks :
			locks                             ? to_process :
				sl_arena_printf(arena, "%s %s", to_process, to_locks);
	out->advised = list_of(&advised);
	out->advised_for = process ?
		"who blocks a lock is not named" :
		"a statement that keeps a table's text, such as TRUNCATE, needs a person after a "
		"lost connection, and who blocks a lock is not named";
}

static enum sl_code mysql_rights(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_conn_spec *target, struct sl_arena *arena, struct sl_error *err)
{
	sl_auto_buf struct sl_buf missing = SL_BUF_INIT(400);
	struct grants needed = { 0 };
	struct sl_rows rows = { 0 };
	const char *account = "";
	enum sl_code code = read_my_rights(&rows, &account, conn, arena, err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < sizeof(my_needed) / sizeof(my_needed[0]); i++)
		if (!has_right(&rows, my_needed[i]))
			sl_buf_addf(&missing, "%s%s", missing.len > 0 ? ", " : "", my_needed[i]);
	if (missing.len > 0)
		*sl_vec_add_in(arena, &needed) = sl_arena_printf(arena, "GRANT %s ON `%s`.* TO %s;",
			sl_buf_str(&missing), target->url.database, account);
	advise_my_locks(out, conn, has_right(&rows, "PROCESS"), account, arena);
	out->needed = list_of(&needed);
	return SL_OK;
}

/* --- SQLite ---------------------------------------------------------------------------------- */

/* Its journal stands beside the file. */
static void sqlite_rights(struct sl_examination *out, const struct sl_conn_spec *target,
	struct sl_arena *arena)
{
	const char *path = target->url.path;
	const char *slash = strrchr(path, '/');
	const char *folder = ".";

	if (slash)
		folder = slash == path ? "/" :
					 sl_arena_strndup(arena, path, (size_t)(slash - path));
	if (access(path, W_OK) != 0)
		out->read_only = path;
	else if (access(folder, W_OK) != 0)
		out->read_only = folder;
}

enum sl_code apply_examine_rights(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_conn_spec *target, struct sl_arena *arena, struct sl_error *err)
{
	switch (sl_conn_dialect(conn)) {
	case SL_DIALECT_POSTGRES:
		return postgres_rights(out, conn, arena, err);
	case SL_DIALECT_MYSQL:
	case SL_DIALECT_MARIADB:
		return mysql_rights(out, conn, target, arena, err);
	default:
		if (!target->fake)
			sqlite_rights(out, target, arena);
		return SL_OK;
	}
}
