/*
 * The session lock is a user-level lock of the server.  Its name is one for the whole server, so
 * the database is part of it.  COM_RESET_CONNECTION gives such locks away: meanwhile a second
 * session holds it, which already waits for it when the first one lets go, so that nobody can come
 * in between.
 */
#include "mysql_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include "stream.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LOCK_NAME_MAX 64 /* characters that the servers take */

/* How long the handing over of a lock may take, in seconds. */
#define HANDOVER_S 10

/* "sluice:" and 48 digits. */
static void lock_name(const struct my_conn *conn, const char *scope, char name[LOCK_NAME_MAX])
{
	struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();
	char hex[SL_SHA256_HEX];

	sl_sha256_add_str(sha, "sluice ledger lock");
	sl_sha256_add_str(sha, conn->database);
	sl_sha256_add_str(sha, scope);
	sl_sha256_end_hex(sha, hex);
	(void)snprintf(name, LOCK_NAME_MAX, "sluice:%.48s", hex);
}

static const char *held_by(struct sl_conn *base, const char *name, struct sl_arena *arena)
{
	struct sl_rows rows = { 0 };
	const char *sql = sl_arena_printf(arena,
		"SELECT id, user, host, command, time, coalesce(info, '') "
		"FROM information_schema.processlist WHERE id = IS_USED_LOCK('%s')",
		name);

	if (sl_my_query(base, &rows, arena, sql, NULL) != SL_OK || rows.len == 0)
		return "another session";
	return sl_arena_printf(arena, "the session with id %s (%s@%s, %s for %s s%s%s)",
		sl_rows_cell(&rows, 0, 0), sl_rows_cell(&rows, 0, 1), sl_rows_cell(&rows, 0, 2),
		sl_str_eq(sl_rows_cell(&rows, 0, 3), "Sleep") ? "idle" : "busy",
		sl_rows_cell(&rows, 0, 4), sl_rows_cell(&rows, 0, 5)[0] != '\0' ? ": " : "",
		sl_engine_shown(arena, sl_rows_cell(&rows, 0, 5)));
}

/* GET_LOCK counts: one who has it already does not ask again. */
enum sl_code sl_my_lock(struct sl_conn *base, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_arena *own sl_auto(sl_arena_free_p) = sl_arena_new();
	char name[LOCK_NAME_MAX];
	struct sl_rows rows = { 0 };
	enum sl_code code;

	lock_name(sl_my(base), scope, name);
	code = sl_my_query(base, &rows, own,
		sl_arena_printf(own,
			"SELECT IF(IS_USED_LOCK('%s') = CONNECTION_ID(), 1, GET_LOCK('%s', 0))",
			name, name),
		err);
	if (code != SL_OK)
		return code;
	*got = sl_rows_cell(&rows, 0, 0) && sl_str_eq(sl_rows_cell(&rows, 0, 0), "1");
	if (*got)
		(void)snprintf(sl_my(base)->lock, sizeof(sl_my(base)->lock), "%s", name);
	else if (holder)
		*holder = held_by(base, name, arena);
	return SL_OK;
}

static enum sl_code holds(struct sl_conn *base, const char *name, bool *held, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_my_query(base, &rows, arena,
		sl_arena_printf(arena, "SELECT IS_USED_LOCK('%s') = CONNECTION_ID()", name), err);

	if (code == SL_OK)
		*held = sl_rows_cell(&rows, 0, 0) && sl_str_eq(sl_rows_cell(&rows, 0, 0), "1");
	return code;
}

enum sl_code sl_my_lock_held(struct sl_conn *base, const char *scope, bool *held,
	struct sl_error *err)
{
	char name[LOCK_NAME_MAX];

	lock_name(sl_my(base), scope, name);
	return holds(base, name, held, err);
}

const char *sl_my_lock_sql(struct sl_conn *base, const char *scope, struct sl_arena *arena)
{
	char name[LOCK_NAME_MAX];

	lock_name(sl_my(base), scope, name);
	return sl_arena_printf(arena, "IS_USED_LOCK('%s') = CONNECTION_ID()", name);
}

/* --- reset ---------------------------------------------------------------------------------- */

/* One session that waits for the lock on a thread, while the other one looks on. */
struct waiter {
	struct sl_conn *conn;
	const char *name;
	enum sl_code code;
	bool got;
};

static void *wait_for_lock(void *ctx)
{
	struct waiter *waiter = ctx;
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };

	waiter->code = sl_my_query(waiter->conn, &rows, arena,
		sl_arena_printf(arena, "SELECT GET_LOCK('%s', %d)", waiter->name, HANDOVER_S),
		NULL);
	waiter->got = waiter->code == SL_OK && sl_rows_cell(&rows, 0, 0) &&
		sl_str_eq(sl_rows_cell(&rows, 0, 0), "1");
	return NULL;
}

/* Until the server shows that the session stands in the queue. */
static enum sl_code await_queued(struct sl_conn *from, uint64_t id, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	int64_t until = sl_clock_mono(from->clock) + HANDOVER_S * SL_SECOND_US / 2;
	const char *sql = sl_arena_printf(arena,
		"SELECT 1 FROM information_schema.processlist WHERE id = %" PRIu64
		" AND state = 'User lock'",
		id);

	while (sl_clock_mono(from->clock) < until) {
		struct sl_rows rows = { 0 };
		enum sl_code code = sl_my_query(from, &rows, arena, sql, err);

		if (code != SL_OK || rows.len > 0)
			return code;
		(void)poll(NULL, 0, 1);
	}
	return sl_error_set(err, SL_EUNAVAIL, "reset: the server does not hand over the lock");
}

static enum sl_code let_go(struct my_conn *conn, bool reset, const char *name, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();

	if (reset)
		return sl_my_forget(conn, err);
	return sl_my_query(&conn->base, NULL, NULL,
		sl_arena_printf(arena, "DO RELEASE_LOCK('%s')", name), err);
}

/* From the one session to the other, without a moment in which it is free. */
static enum sl_code hand_over(struct my_conn *from, struct my_conn *to, bool reset,
	const char *name, struct sl_error *err)
{
	struct waiter waiter = { .conn = &to->base, .name = name };
	pthread_t thread;
	enum sl_code code;

	if (pthread_create(&thread, NULL, wait_for_lock, &waiter) != 0)
		return sl_error_set(err, SL_EUNAVAIL, "reset: no thread to wait on");
	code = await_queued(&from->base, to->where->id, err);
	if (code == SL_OK)
		code = let_go(from, reset, name, err);
	if (code != SL_OK)
		sl_my_ask_cancel(to);
	(void)pthread_join(thread, NULL);
	if (code == SL_OK && !waiter.got)
		code = sl_error_set(err, SL_EUNAVAIL, "reset: the lock was not handed over");
	return code;
}

static enum sl_code open_keeper(struct my_conn **out, struct my_conn *conn, struct sl_error *err)
{
	struct my_conn *keeper = sl_xcalloc(1, sizeof(*keeper));
	struct sl_conn_spec spec = { .clock = conn->base.clock, .cancel = conn->base.cancel };
	enum sl_code code;

	keeper->base = conn->base;
	keeper->packet_max = conn->packet_max;
	keeper->where = sl_my_where_copy(conn->where);
	code = sl_my_connect(&keeper->my, keeper->where, &spec, err);
	if (code == SL_OK)
		keeper->where->id = mysql_thread_id(keeper->my);
	*out = keeper;
	return code;
}

static void close_keeper(struct my_conn *keeper)
{
	if (!keeper)
		return;
	if (keeper->my)
		mysql_close(keeper->my);
	sl_my_where_drop(keeper->where);
	free(keeper);
}

SL_DEFINE_CLEANUP(struct my_conn, close_keeper);

static enum sl_code reset_with_lock(struct my_conn *conn, struct sl_error *err)
{
	struct my_conn *keeper sl_auto(close_keeper_p) = NULL;
	enum sl_code code = open_keeper(&keeper, conn, err);

	if (code == SL_OK)
		code = hand_over(conn, keeper, true, conn->lock, err);
	return code == SL_OK ? hand_over(keeper, conn, false, conn->lock, err) : code;
}

/* COM_RESET_CONNECTION keeps the database that USE chose last. */
static enum sl_code go_home(struct my_conn *conn, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(1024);

	sl_buf_adds(&sql, "USE ");
	sl_escape_ident(&sql, conn->database, '`');
	return sl_my_query(&conn->base, NULL, NULL, sl_buf_str(&sql), err);
}

enum sl_code sl_my_reset(struct sl_conn *base, struct sl_error *err)
{
	struct my_conn *conn = sl_my(base);
	bool held = false;
	enum sl_code code = SL_OK;

	sl_conn_rollback(base);
	if (conn->lock[0] != '\0')
		code = holds(base, conn->lock, &held, err);
	if (code == SL_OK)
		code = held ? reset_with_lock(conn, err) : sl_my_forget(conn, err);
	if (code == SL_OK)
		code = go_home(conn, err);
	return code == SL_OK ? sl_my_prepare(conn, err) : code;
}
