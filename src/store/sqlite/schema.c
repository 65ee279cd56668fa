#include "sqlite/schema.h"

#include "migrations.h"
#include "sluice/core/buf.h"
#include "sqlite/sqlite.h"

#include <inttypes.h>

#define APPLICATION_ID      0x534c4345 /* "SLCE", in the file's header */
#define VERSION_COMMAND_MAX 200

int store_sqlite_schema_version(void)
{
	return store_migrations();
}

/* Whether the file is new, or one of ours. */
static enum sl_code check_owner(struct conn *conn, struct sl_error *err)
{
	int64_t application = 0;
	int64_t tables = 0;
	enum sl_code code = store_conn_number(conn, "PRAGMA application_id", &application, err);

	if (code == SL_OK)
		code = store_conn_number(conn, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (code == SL_OK && application != APPLICATION_ID && (application != 0 || tables != 0))
		code = sl_error_set(err, SL_EINVAL,
			"store %s: is a database of something else; name a file of its own",
			conn->path);
	return code;
}

static enum sl_code step_to(struct conn *conn, int version, struct sl_error *err)
{
	sl_auto_buf struct sl_buf mark = SL_BUF_INIT(VERSION_COMMAND_MAX);
	const char *sql = store_migration(version);
	enum sl_code code;

	sl_buf_addf(&mark, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
		version);
	code = store_conn_exec(conn, "BEGIN IMMEDIATE", err);
	if (code == SL_OK)
		code = store_conn_exec(conn, sql, err);
	if (code == SL_OK)
		code = store_conn_exec(conn, sl_buf_str(&mark), err);
	if (code == SL_OK)
		code = store_conn_exec(conn, "COMMIT", err);
	if (code != SL_OK)
		(void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

static enum sl_code newer(const struct conn *conn, int64_t version, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL,
		"store %s: has schema %" PRId64
		" and this Sluice knows %d: start the newer version that made it",
		conn->path, version, store_migrations());
}

enum sl_code store_schema_check(struct conn *conn, struct sl_error *err)
{
	int64_t version = 0;
	enum sl_code code = check_owner(conn, err);

	if (code == SL_OK)
		code = store_conn_number(conn, "PRAGMA user_version", &version, err);
	if (code == SL_OK && version > store_migrations())
		return newer(conn, version, err);
	if (code == SL_OK && version < store_migrations())
		code = sl_error_set(err, SL_EINVAL,
			version == 0 ?
				"store %s: holds no store" :
				"store %s: is of an older version: start the daemon once with "
				"it as `store`, a backup with a copy of it",
			conn->path);
	return code;
}

enum sl_code store_schema_migrate(struct conn *conn, struct sl_error *err)
{
	int64_t version = 0;
	enum sl_code code = check_owner(conn, err);

	if (code == SL_OK)
		code = store_conn_number(conn, "PRAGMA user_version", &version, err);
	if (code != SL_OK)
		return code;
	if (version > store_migrations())
		return newer(conn, version, err);
	for (int next = (int)version + 1; next <= store_migrations() && code == SL_OK; next++)
		code = step_to(conn, next, err);
	return code;
}
