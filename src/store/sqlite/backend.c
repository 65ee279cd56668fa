#include "sqlite/sqlite.h"

#include "sluice/core/alloc.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"
#include "sqlite/conn.h"
#include "sqlite/rows.h"
#include "sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_MODE   0600
#define READERS_KEPT 8

struct backend {
	struct backend_head head;
	char *path;
	struct sl_lock *owner; /* keeps other processes out */
	struct conn *writer;
	pthread_mutex_t lock; /* of the pool */
	struct conn *readers; /* idle */
	unsigned idle;
};

struct tx {
	struct tx_head head;
	struct backend *backend;
	struct conn *conn;
	bool write;
};

static void backend_free(struct backend *backend)
{
	if (!backend)
		return;
	while (backend->readers) {
		struct conn *conn = backend->readers;

		backend->readers = conn->next;
		store_conn_free(conn);
	}
	store_conn_free(backend->writer);
	(void)pthread_mutex_destroy(&backend->lock);
	sl_lock_free(backend->owner);
	free(backend->path);
	free(backend);
}

SL_DEFINE_CLEANUP(struct backend, backend_free);

/* An idle reader, or a new one. */
static enum sl_code take_reader(struct backend *backend, struct conn **out, struct sl_error *err)
{
	(void)pthread_mutex_lock(&backend->lock);
	*out = backend->readers;
	if (*out) {
		backend->readers = (*out)->next;
		backend->idle--;
	}
	(void)pthread_mutex_unlock(&backend->lock);
	return *out ? SL_OK : store_conn_open(out, backend->path, err);
}

static void give_reader(struct backend *backend, struct conn *conn)
{
	(void)pthread_mutex_lock(&backend->lock);
	if (backend->idle < READERS_KEPT) {
		conn->next = backend->readers;
		backend->readers = conn;
		backend->idle++;
		conn = NULL;
	}
	(void)pthread_mutex_unlock(&backend->lock);
	store_conn_free(conn);
}

/* Gives back what the transaction held. */
static void end(struct tx *tx)
{
	if (!tx->write)
		give_reader(tx->backend, tx->conn);
	free(tx);
}

static const struct backend_ops sqlite_ops;

static enum sl_code begin(struct backend *backend, bool write, struct tx **out,
	struct sl_error *err)
{
	struct conn *conn = backend->writer;
	struct tx *tx;
	enum sl_code code = SL_OK;

	if (!write)
		code = take_reader(backend, &conn, err);
	if (code == SL_OK) {
		code = store_conn_exec(conn, write ? "BEGIN IMMEDIATE" : "BEGIN", err);
		if (code != SL_OK && !write)
			give_reader(backend, conn);
	}
	if (code != SL_OK)
		return code;
	tx = sl_xcalloc(1, sizeof(*tx));
	*tx = (struct tx){ { &sqlite_ops }, backend, conn, write };
	*out = tx;
	return SL_OK;
}

static void rollback(struct tx *tx)
{
	(void)sqlite3_exec(tx->conn->db, "ROLLBACK", NULL, NULL, NULL);
	end(tx);
}

static enum sl_code commit(struct tx *tx, struct sl_error *err)
{
	enum sl_code code = store_conn_exec(tx->conn, "COMMIT", err);

	if (code != SL_OK)
		rollback(tx);
	else
		end(tx);
	return code;
}

static enum sl_code mark(struct tx *tx, struct sl_error *err)
{
	return store_conn_exec(tx->conn, "SAVEPOINT job", err);
}

static enum sl_code keep(struct tx *tx, struct sl_error *err)
{
	return store_conn_exec(tx->conn, "RELEASE job", err);
}

static void undo(struct tx *tx)
{
	(void)sqlite3_exec(tx->conn->db, "ROLLBACK TO job; RELEASE job", NULL, NULL, NULL);
}

static enum sl_code insert(struct tx *tx, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err)
{
	return store_rows_insert(tx->conn, table, record, id, err);
}

static enum sl_code update(struct tx *tx, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err)
{
	return store_rows_update(tx->conn, where, sets, changed, err);
}

static enum sl_code remove_rows(struct tx *tx, const struct query *where, struct sl_error *err)
{
	return store_rows_remove(tx->conn, where, err);
}

static enum sl_code select_rows(struct tx *tx, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	return store_rows_select(tx->conn, query, arena, out, err);
}

static enum sl_code defer(struct tx *tx, struct sl_error *err)
{
	return store_conn_exec(tx->conn, "PRAGMA defer_foreign_keys = ON", err);
}

static enum sl_code load(struct tx *tx, const struct table *table, const void *record, int64_t id,
	struct sl_error *err)
{
	return store_rows_load(tx->conn, table, record, id, err);
}

/* SQLite sees by itself which ids came in. */
static enum sl_code loaded(struct tx *tx, const struct table *table, struct sl_error *err)
{
	(void)tx;
	(void)table;
	(void)err;
	return SL_OK;
}

static const struct backend_ops sqlite_ops = {
	.free = backend_free,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.mark = mark,
	.keep = keep,
	.undo = undo,
	.insert = insert,
	.update = update,
	.remove = remove_rows,
	.select = select_rows,
	.defer = defer,
	.load = load,
	.loaded = loaded,
};

char *store_sqlite_lock_path(const char *path)
{
	char real[PATH_MAX];

	return sl_xasprintf("%s.lock", realpath(path, real) ? real : path);
}

/* SQLite's journal and our lock stand beside the name: by another name of the file (a hard link)
 * neither would be found. */
static enum sl_code check_names(const struct backend *backend, int fd, struct sl_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return sl_os_error(err, errno, "store %s: read", backend->path);
	if (st.st_nlink <= 1)
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT,
		"store %s: the file has %ju names (hard links), and a Sluice that works with it by "
		"another one would not be seen: stop every Sluice, then remove the other names or "
		"make a file of its own of it ('sluice doctor' says how)",
		backend->path, (uintmax_t)st.st_nlink);
}

/* Refuses what can be told before SQLite sees it, and takes the place for this process. */
static enum sl_code take_place(struct backend *backend, struct sl_error *err)
{
	sl_autofree char *lock = store_sqlite_lock_path(backend->path);
	struct sl_error why = SL_ERROR_INIT;
	enum sl_code code;
	int fd;

	if (sl_file_is_folder(backend->path))
		return sl_error_set(err, SL_EINVAL, "store %s: is a folder, not a file",
			backend->path);
	code = sl_lock_take(&backend->owner, lock, &why);
	if (code == SL_ECONFLICT)
		return sl_error_set(err, code,
			"store %s: another Sluice works with it (%s); stop that one, or name "
			"another store",
			backend->path, why.msg);
	if (code != SL_OK)
		return sl_error_set(err, code, "store %s: cannot be written: %s", backend->path,
			why.msg);
	fd = open(backend->path, O_RDWR | O_CREAT | O_CLOEXEC, STORE_MODE);
	if (fd < 0)
		return sl_os_error(err, errno, "store %s: write", backend->path);
	code = check_names(backend, fd, err);
	(void)close(fd);
	return code;
}

static enum sl_code prepare_file(struct backend *backend, struct sl_error *err)
{
	struct conn *conn = backend->writer;
	enum sl_code code = store_conn_exec(conn, "PRAGMA journal_mode = WAL", err);

	if (code == SL_OK)
		code = store_conn_exec(conn, "PRAGMA synchronous = FULL", err);
	return code == SL_OK ? store_schema_migrate(conn, err) : code;
}

/* Beside the daemon, or without one: nothing is made, nothing is written. */
static enum sl_code look_only(struct backend *backend, struct sl_error *err)
{
	enum sl_code code;

	if (!sl_file_exists(backend->path) || sl_file_is_folder(backend->path))
		return sl_error_set(err, SL_ENOTFOUND, "store %s: there is no such file",
			backend->path);
	code = store_conn_open(&backend->writer, backend->path, err);
	return code == SL_OK ? store_schema_check(backend->writer, err) : code;
}

/* One file without companions. */
static enum sl_code make_file(struct backend *backend, struct sl_error *err)
{
	int fd = open(backend->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, STORE_MODE);
	enum sl_code code;

	if (fd < 0)
		return sl_os_error(err, errno, "%s: write", backend->path);
	(void)close(fd);
	code = store_conn_open(&backend->writer, backend->path, err);
	if (code == SL_OK)
		code = store_conn_exec(backend->writer, "PRAGMA synchronous = FULL", err);
	return code == SL_OK ? store_schema_migrate(backend->writer, err) : code;
}

static enum sl_code open_place(struct backend *backend, enum backend_use use, struct sl_error *err)
{
	enum sl_code code;

	if (use == BACKEND_READ)
		return look_only(backend, err);
	if (use == BACKEND_FILE)
		return make_file(backend, err);
	code = take_place(backend, err);
	if (code == SL_OK)
		code = store_conn_open(&backend->writer, backend->path, err);
	return code == SL_OK ? prepare_file(backend, err) : code;
}

enum sl_code store_sqlite_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err)
{
	sl_auto(backend_free_p) struct backend *backend = sl_xcalloc(1, sizeof(*backend));
	enum sl_code code;

	backend->head.ops = &sqlite_ops;
	(void)pthread_mutex_init(&backend->lock, NULL);
	backend->path = sl_xstrdup(place->where);
	code = open_place(backend, place->use, err);
	if (code == SL_OK)
		*out = sl_steal(backend);
	return code;
}
