#include "sqlite_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* How long another writer is waited for, and how often it is asked. */
#define BUSY_LIMIT_US (5 * SL_SECOND_US)
#define BUSY_SLICE_MS 10

/* Virtual machine instructions between two looks at the cancel token. */
#define PROGRESS_STEPS 2000

static int on_progress(void *ctx)
{
	struct sqlite_conn *conn = ctx;

	if (sl_cancel_check(conn->base.cancel, "", NULL) != SL_OK)
		return 1;
	return conn->limit_at != 0 && sl_clock_mono(conn->base.clock) > conn->limit_at;
}

static int on_busy(void *ctx, int tries)
{
	struct sqlite_conn *conn = ctx;
	int64_t now = sl_clock_mono(conn->base.clock);

	if (tries == 0)
		conn->busy_since = now;
	if (on_progress(conn) ||
		(conn->busy_limit_us > 0 && now - conn->busy_since > conn->busy_limit_us))
		return 0;
	(void)poll(NULL, 0, BUSY_SLICE_MS);
	return 1;
}

static enum sl_code code_of(struct sqlite_conn *conn, int status)
{
	switch (status & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return SL_EBUSY;
	case SQLITE_INTERRUPT:
		return sl_cancel_asked(conn->base.cancel) ? SL_ECANCELED : SL_ETIMEOUT;
	case SQLITE_CANTOPEN:
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return SL_EUNAVAIL;
	case SQLITE_NOMEM:
	case SQLITE_TOOBIG:
		return SL_ELIMIT;
	default:
		return SL_EINVAL;
	}
}

enum sl_code sl_sqlite_error(struct sqlite_conn *conn, int status, const char *sql, size_t len,
	struct sl_error *err)
{
	struct sl_server_error *server = &conn->base.server;
	int offset = sql ? sqlite3_error_offset(conn->db) : -1;
	enum sl_code code = code_of(conn, status);

	(void)snprintf(server->code, sizeof(server->code), "%d", status);
	(void)snprintf(server->message, sizeof(server->message), "%s", sqlite3_errmsg(conn->db));
	server->position = offset >= 0 ? sl_position_of_byte(sql, len, (size_t)offset) : 0;
	if (code == SL_ECANCELED)
		return sl_error_set(err, code, "canceled");
	if (code == SL_ETIMEOUT)
		return sl_error_set(err, code, "the deadline passed");
	return sl_error_set(err, code, "%s", server->message);
}

/* SQLite tries twice to open a file, and says only why it could not be read. */
static const char *why_not_made(const char *path)
{
	const char *slash = strrchr(path, '/');
	sl_autofree char *folder = slash ? sl_xstrndup(path, (size_t)(slash - path) + 1) :
					   sl_xstrdup(".");

	return access(folder, W_OK | X_OK) == 0 ?
		"its folder may be written, so the disk is full or fails" :
		"its folder is not there, or may not be written";
}

static enum sl_code connect_error(struct sqlite_conn *conn, int status, struct sl_error *err)
{
	enum sl_code code = code_of(conn, status);
	struct stat st;

	if (code == SL_EINVAL)
		code = SL_EUNAVAIL;
	if (!conn->vfs && stat(conn->path, &st) == 0 && S_ISDIR(st.st_mode))
		return sl_error_set(err, SL_EUNAVAIL,
			"connect: %s is a folder, not a database file", conn->path);
	if (!conn->vfs && stat(conn->path, &st) != 0 && errno == ENOENT)
		return conn->open_flags & SQLITE_OPEN_CREATE ?
			sl_error_set(err, SL_EUNAVAIL, "connect: %s cannot be made: %s", conn->path,
				why_not_made(conn->path)) :
			sl_error_set(err, SL_EUNAVAIL,
				"connect: %s does not exist; name a file that does, or let `sluice "
				"migrate` make it",
				conn->path);
	return sl_error_set(err, code, "connect: %s: %s", conn->path,
		conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(status));
}

void sl_sqlite_prepare(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Opens the file and reads its header, so that what is no database is found here. */
static enum sl_code open_file(struct sqlite_conn *conn, struct sl_error *err)
{
	int status = sqlite3_open_v2(conn->path, &conn->db, conn->open_flags, conn->vfs);

	if (status != SQLITE_OK)
		return connect_error(conn, status, err);
	(void)sqlite3_extended_result_codes(conn->db, 1);
	(void)sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_busy_handler(conn->db, on_busy, conn);
	sqlite3_progress_handler(conn->db, PROGRESS_STEPS, on_progress, conn);
	status = sqlite3_exec(conn->db, "PRAGMA schema_version", NULL, NULL, NULL);
	return status == SQLITE_OK ? SL_OK : connect_error(conn, status, err);
}

static void close_session(struct sl_conn *base)
{
	struct sqlite_conn *conn = sl_sqlite(base);

	(void)sqlite3_close_v2(conn->db);
	if (conn->lock_fd >= 0)
		(void)close(conn->lock_fd);
	free(conn->path);
	free(conn);
}

enum sl_code sl_sqlite_open_in(struct sl_conn **out, const struct sl_conn_spec *spec,
	const char *vfs, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_xcalloc(1, sizeof(*conn));
	enum sl_code code;

	conn->base = (struct sl_conn){ .driver = &sl_driver_sqlite,
		.dialect = SL_DIALECT_SQLITE,
		.version = sqlite3_libversion_number(),
		.clock = spec->clock,
		.cancel = spec->cancel };
	conn->path = sl_xstrdup(spec->url.path);
	conn->lock_fd = -1;
	conn->busy_limit_us = BUSY_LIMIT_US;
	conn->vfs = vfs;
	conn->open_flags = SQLITE_OPEN_NOMUTEX |
		(spec->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
		(spec->create ? SQLITE_OPEN_CREATE : 0);
	code = open_file(conn, err);
	if (code != SL_OK) {
		close_session(&conn->base);
		return code;
	}
	*out = &conn->base;
	return SL_OK;
}

static enum sl_code open_session(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	return sl_sqlite_open_in(out, spec, NULL, err);
}

static enum sl_tx_state tx_state(const struct sl_conn *base)
{
	const struct sqlite_conn *conn = (const struct sqlite_conn *)(const void *)base;

	return sqlite3_get_autocommit(conn->db) ? SL_TX_IDLE : SL_TX_OPEN;
}

static bool is_dml(const char *sql, size_t len)
{
	static const char *const words[] = { "insert", "update", "delete", "replace", "with" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len > strlen(words[i]) && strncasecmp(sql, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static enum sl_code exec(struct sl_conn *base, const struct sl_exec *statement, int64_t *rows,
	struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);
	sqlite3_stmt *stmt = NULL;
	int status = SQLITE_TOOBIG;

	if (conn->statement_us > 0)
		conn->limit_at = sl_clock_mono(base->clock) + conn->statement_us;
	if (statement->len < INT32_MAX)
		status = sqlite3_prepare_v2(conn->db, statement->sql, (int)statement->len, &stmt,
			NULL);
	if (status == SQLITE_OK && stmt) {
		while ((status = sqlite3_step(stmt)) == SQLITE_ROW)
			;
		*rows = !sqlite3_stmt_readonly(stmt) && is_dml(statement->sql, statement->len) ?
			sqlite3_changes64(conn->db) :
			-1;
	}
	conn->limit_at = 0;
	if (status == SQLITE_OK || status == SQLITE_DONE) {
		(void)sqlite3_finalize(stmt);
		return SL_OK;
	}
	(void)sl_sqlite_error(conn, status, statement->sql, statement->len, err);
	(void)sqlite3_finalize(stmt);
	return err ? err->code : code_of(conn, status);
}

/* One row, or whatever ended the statement. */
static int step_into(sqlite3_stmt *stmt, struct sl_row_sink *sink)
{
	int status = sqlite3_step(stmt);

	for (int i = 0; status == SQLITE_ROW && i < sqlite3_column_count(stmt); i++)
		if (!sl_row_sink_add(sink, (const char *)sqlite3_column_text(stmt, i),
			    (size_t)sqlite3_column_bytes(stmt, i)))
			return SQLITE_TOOBIG;
	return status;
}

enum sl_code sl_sqlite_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);
	struct sl_row_sink sink = { .arena = arena };
	enum sl_code code = SL_OK;

	while (*sql != '\0' && code == SL_OK) {
		const char *tail = sql;
		sqlite3_stmt *stmt = NULL;
		int status = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, &tail);

		if (status == SQLITE_OK && stmt) {
			if (sqlite3_column_count(stmt) > 0) {
				sink.len = 0;
				sink.columns = (size_t)sqlite3_column_count(stmt);
			}
			while ((status = arena ? step_into(stmt, &sink) : sqlite3_step(stmt)) ==
				SQLITE_ROW)
				;
		}
		if (status != SQLITE_OK && status != SQLITE_DONE)
			code = sl_sqlite_error(conn, status, NULL, 0, err);
		(void)sqlite3_finalize(stmt);
		sql = tail;
	}
	if (code == SL_OK && out)
		sl_row_sink_end(&sink, out);
	return code;
}

static void literal(const struct sl_conn *base, struct sl_buf *out, const char *text)
{
	(void)base;
	sl_escape_sql(out, text);
}

static enum sl_code begin(struct sl_conn *base, bool write, struct sl_error *err)
{
	return sl_sqlite_query(base, NULL, NULL, write ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

static void rollback(struct sl_conn *base)
{
	struct sqlite_conn *conn = sl_sqlite(base);

	if (!sqlite3_get_autocommit(conn->db))
		(void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
}

/* An I/O error may come after the moment that counts: the ledger has to be asked.  A full disk is
 * noticed before. */
static enum sl_code commit(struct sl_conn *base, struct sl_error *err)
{
	enum sl_code code = sl_sqlite_query(base, NULL, NULL, "COMMIT", err);
	bool open = tx_state(base) == SL_TX_OPEN ||
		(sqlite3_errcode(sl_sqlite(base)->db) & 0xff) == SQLITE_FULL;

	if (code == SL_OK)
		return SL_OK;
	rollback(base);
	if (code == SL_EUNAVAIL && !open)
		return sl_error_set(err, SL_EUNKNOWN, "commit: %s", base->server.message);
	return code;
}

/* A name that only one process of the machine can have, and that goes with it however it ends. */
static bool lock_name(const struct sqlite_conn *conn, const char *scope,
	struct sockaddr_un *address, socklen_t *len)
{
	struct stat st;
	int n;

	if (stat(conn->path, &st) != 0)
		return false;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	n = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
		"sluice-%" PRIxMAX "-%" PRIxMAX "-%s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		scope);
	if (n < 0 || (size_t)n >= sizeof(address->sun_path) - 1)
		return false;
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	return true;
}

/* SQLite has no lock over several transactions.  This one keeps two processes of one machine from
 * getting in each other's way; what keeps them from harm is the fence. */
static enum sl_code lock(struct sl_conn *base, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);
	struct sockaddr_un address;
	socklen_t len;
	int fd;

	(void)arena;
	(void)err;
	*got = true;
	if (conn->vfs || conn->lock_fd >= 0 || !lock_name(conn, scope, &address, &len))
		return SL_OK;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return SL_OK;
	if (bind(fd, (const struct sockaddr *)&address, len) == 0) {
		conn->lock_fd = fd;
		return SL_OK;
	}
	*got = errno != EADDRINUSE;
	if (!*got && holder)
		*holder = "another process of this machine";
	(void)close(fd);
	return SL_OK;
}

static enum sl_code lock_held(struct sl_conn *base, const char *scope, bool *held,
	struct sl_error *err)
{
	(void)base;
	(void)scope;
	(void)err;
	*held = true;
	return SL_OK;
}

static enum sl_code outlive(struct sl_conn *base, bool outlives, struct sl_error *err)
{
	(void)base;
	(void)outlives;
	(void)err;
	return SL_OK;
}

/* A new handle is the only thing that forgets attached files, pragmas and temporary tables alike.
 */
static enum sl_code reset(struct sl_conn *base, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);

	(void)sqlite3_close_v2(conn->db);
	conn->db = NULL;
	conn->busy_limit_us = BUSY_LIMIT_US;
	conn->statement_us = 0;
	return open_file(conn, err);
}

static enum sl_code limit(struct sl_conn *base, const struct sl_limits *limits,
	struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);

	(void)err;
	conn->busy_limit_us = limits->lock_us;
	conn->statement_us = limits->statement_us;
	return SL_OK;
}

static void interrupt(struct sl_conn *base)
{
	sqlite3_interrupt(sl_sqlite(base)->db);
}

static bool alive(struct sl_conn *base)
{
	return sl_sqlite_query(base, NULL, NULL, "PRAGMA schema_version", NULL) == SL_OK;
}

static enum sl_code identity(struct sl_conn *base, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);
	struct stat st;

	*out = (struct sl_engine_identity){ .server = "", .database = conn->path, .login = "" };
	if (conn->vfs) {
		out->database = sl_arena_strdup(arena, conn->path);
		return SL_OK;
	}
	if (stat(conn->path, &st) != 0)
		return sl_error_set(err, SL_EUNAVAIL, "%s is not there any more", conn->path);
	out->database = sl_arena_printf(arena, "%" PRIuMAX "/%" PRIuMAX, (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	return SL_OK;
}

const struct sl_driver sl_driver_sqlite = {
	.open = open_session,
	.close = close_session,
	.tx_state = tx_state,
	.exec = exec,
	.query = sl_sqlite_query,
	.literal = literal,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.lock = lock,
	.lock_held = lock_held,
	.outlive = outlive,
	.reset = reset,
	.interrupt = interrupt,
	.alive = alive,
	.identity = identity,
	.session = sl_engine_no_session,
	.look = sl_engine_nobody,
	.fingerprint = sl_engine_no_fingerprint,
	.introspect = sl_sqlite_introspect,
	.estimate = sl_sqlite_estimate,
	.limit = limit,
	.blockers = sl_sqlite_blockers,
};
