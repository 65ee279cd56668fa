#include "sqlite/conn.h"

#include "sluice/core/alloc.h"

#include <stdlib.h>

#define BUSY_MS 10000 /* a backup or a person's sqlite3 may hold the file for a moment */

static enum sl_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return SL_EUNAVAIL;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return SL_EINVAL;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_FOREIGNKEY ? SL_ENOTFOUND : SL_EINTERNAL;
	default:
		return SL_EINTERNAL;
	}
}

enum sl_code store_conn_error(struct conn *conn, const char *what, struct sl_error *err)
{
	int rc = sqlite3_extended_errcode(conn->db);

	if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
		return sl_error_set(err, SL_ENOTFOUND,
			"store %s: %s: the record that it belongs to does not exist", conn->path,
			what);
	return sl_error_set(err, code_of(rc), "store %s: %s: %s", conn->path, what,
		sqlite3_errmsg(conn->db));
}

enum sl_code store_conn_exec(struct conn *conn, const char *sql, struct sl_error *err)
{
	if (sqlite3_exec(conn->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_conn_error(conn, "write", err);
	return SL_OK;
}

static const struct {
	int option;
	int value;
} switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
};

enum sl_code store_conn_open(struct conn **out, const char *path, struct sl_error *err)
{
	sl_auto(store_conn_free_p) struct conn *conn = sl_xcalloc(1, sizeof(*conn));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &conn->db, flags, NULL);

	conn->path = path;
	conn->statements = sl_map_new();
	if (rc != SQLITE_OK)
		return sl_error_set(err, code_of(rc), "store %s: open: %s", path,
			conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc));
	(void)sqlite3_busy_timeout(conn->db, BUSY_MS);
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (sqlite3_db_config(conn->db, switches[i].option, switches[i].value, NULL) !=
			SQLITE_OK)
			return store_conn_error(conn, "configure", err);
	}
	*out = sl_steal(conn);
	return SL_OK;
}

void store_conn_free(struct conn *conn)
{
	if (!conn)
		return;
	for (size_t i = 0; conn->statements && i < sl_map_len(conn->statements); i++)
		(void)sqlite3_finalize(sl_map_value_at(conn->statements, i));
	sl_map_free(conn->statements);
	(void)sqlite3_close(conn->db);
	free(conn);
}

enum sl_code store_conn_prepare(struct conn *conn, const char *sql, sqlite3_stmt **out,
	struct sl_error *err)
{
	sqlite3_stmt *statement = sl_map_get(conn->statements, sql);

	if (!statement) {
		if (sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
			    NULL) != SQLITE_OK)
			return store_conn_error(conn, "prepare", err);
		(void)sl_map_put(conn->statements, sql, statement);
	}
	*out = statement;
	return SL_OK;
}

void store_conn_reset(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

enum sl_code store_conn_number(struct conn *conn, const char *sql, int64_t *out,
	struct sl_error *err)
{
	sqlite3_stmt *statement = NULL;
	enum sl_code code = store_conn_prepare(conn, sql, &statement, err);
	int rc;

	if (code != SL_OK)
		return code;
	rc = sqlite3_step(statement);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		code = store_conn_error(conn, "read", err);
	store_conn_reset(statement);
	return code;
}
