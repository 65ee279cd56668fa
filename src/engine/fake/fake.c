#include "../engine_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"

#include <assert.h>
#include <string.h>

/* Databases of all worlds share one name space in memory, so that each world has a number. */
struct sl_fake_world {
	struct sl_fake_script script;
	unsigned number;
	bool crashed;

	struct {
		struct keeper *at;
		size_t len;
	} keepers;
};

/* A session that is never used: the database in memory lives as long as somebody has it open. */
struct keeper {
	char *name; /* owned */
	struct sl_conn *conn; /* owned */
};

struct fake_conn {
	struct sl_conn base;
	struct sl_fake_world *world;
	struct sl_conn *inner; /* owned; NULL once lost */
	char *name; /* owned */
};

static _Atomic unsigned worlds;

struct sl_fake_world *sl_fake_world_new(const struct sl_fake_script *script)
{
	struct sl_fake_world *world = sl_xcalloc(1, sizeof(*world));

	if (script)
		world->script = *script;
	world->number = ++worlds;
	return world;
}

void sl_fake_world_free(struct sl_fake_world *world)
{
	if (!world)
		return;
	for (size_t i = 0; i < world->keepers.len; i++) {
		sl_conn_close(world->keepers.at[i].conn);
		free(world->keepers.at[i].name);
	}
	free(world->keepers.at);
	free(world);
}

void sl_fake_revive(struct sl_fake_world *world)
{
	world->crashed = false;
}

bool sl_fake_crashed(const struct sl_fake_world *world)
{
	return world->crashed;
}

static struct fake_conn *fake(struct sl_conn *base)
{
	return (struct fake_conn *)(void *)base;
}

static void lose(struct fake_conn *conn)
{
	sl_conn_close(conn->inner);
	conn->inner = NULL;
}

static enum sl_code lost(struct sl_error *err)
{
	return sl_error_set(err, SL_EUNAVAIL, "the connection was lost");
}

/* What is to happen at this point; a session that is gone already stays gone. */
static enum sl_fake_fate fate_at(struct fake_conn *conn, enum sl_fake_point point, const char *sql,
	size_t len)
{
	enum sl_fake_fate fate = SL_FAKE_GOES_WELL;

	if (!conn->inner || conn->world->crashed)
		return SL_FAKE_UNREACHABLE;
	if (conn->world->script.fate)
		fate = conn->world->script.fate(conn->world->script.ctx, conn->name, point, sql,
			len);
	if (fate == SL_FAKE_CRASHES)
		conn->world->crashed = true;
	return fate;
}

/* SL_OK: do it; else it is over before the effect. */
static enum sl_code before(struct fake_conn *conn, enum sl_fake_fate fate, struct sl_error *err)
{
	if (fate == SL_FAKE_UNREACHABLE || fate == SL_FAKE_CRASHES) {
		lose(conn);
		return lost(err);
	}
	if (fate != SL_FAKE_FAILS)
		return SL_OK;
	conn->base.server = (struct sl_server_error){ .code = "1",
		.message = "the fake refuses this statement" };
	return sl_error_set(err, SL_EINVAL, "%s", conn->base.server.message);
}

static enum sl_code after(struct fake_conn *conn, enum sl_fake_fate fate, enum sl_code code,
	struct sl_error *err)
{
	if (conn->inner)
		conn->base.server = conn->inner->server;
	if (fate != SL_FAKE_ANSWER_LOST && fate != SL_FAKE_CRASHES_AFTER)
		return code;
	conn->world->crashed = conn->world->crashed || fate == SL_FAKE_CRASHES_AFTER;
	lose(conn);
	return lost(err);
}

/* Opens the database once for the world itself. */
static enum sl_code keep(struct sl_fake_world *world, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct keeper *keeper;
	struct sl_conn *conn;
	enum sl_code code;

	for (size_t i = 0; i < world->keepers.len; i++)
		if (strcmp(world->keepers.at[i].name, spec->url.path) == 0)
			return SL_OK;
	code = sl_sqlite_open_in(&conn, spec, "memdb", err);
	if (code != SL_OK)
		return code;
	world->keepers.at = sl_xrealloc(world->keepers.at,
		(world->keepers.len + 1) * sizeof(*world->keepers.at));
	keeper = &world->keepers.at[world->keepers.len++];
	keeper->conn = conn;
	keeper->name = sl_xstrdup(spec->url.path);
	return SL_OK;
}

static enum sl_code connect_in(struct fake_conn *conn, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	sl_autofree char *path = sl_xasprintf("/fake%u/%s", conn->world->number, conn->name);
	struct sl_conn_spec inner = *spec;
	enum sl_code code;

	inner.url.path = path;
	inner.create = true;
	inner.cancel = NULL;
	code = keep(conn->world, &inner, err);
	if (code == SL_OK)
		code = sl_sqlite_open_in(&conn->inner, &inner, "memdb", err);
	if (code == SL_OK) {
		conn->base.version = conn->inner->version;
		conn->base.cancel = spec->cancel;
	}
	return code;
}

static void close_session(struct sl_conn *base)
{
	struct fake_conn *conn = fake(base);

	lose(conn);
	free(conn->name);
	free(conn);
}

static enum sl_code open_session(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct fake_conn *conn = sl_xcalloc(1, sizeof(*conn));
	enum sl_fake_fate fate;
	enum sl_code code;

	conn->base = (struct sl_conn){ .driver = &sl_driver_fake,
		.dialect = SL_DIALECT_SQLITE,
		.clock = spec->clock };
	conn->world = spec->fake;
	conn->name = sl_xstrdup(spec->url.path ? spec->url.path : spec->url.text);
	code = conn->world->crashed ? lost(err) : connect_in(conn, spec, err);
	if (code == SL_OK) {
		fate = fate_at(conn, SL_FAKE_CONNECT, "", 0);
		if (fate != SL_FAKE_GOES_WELL) {
			conn->world->crashed = conn->world->crashed ||
				fate == SL_FAKE_CRASHES_AFTER;
			code = sl_error_set(err, SL_EUNAVAIL, "connect: the fake is unreachable");
		}
	}
	if (code != SL_OK)
		close_session(&conn->base);
	else
		*out = &conn->base;
	return code;
}

static enum sl_tx_state tx_state(const struct sl_conn *base)
{
	const struct fake_conn *conn = (const struct fake_conn *)(const void *)base;

	return conn->inner ? sl_conn_tx_state(conn->inner) : SL_TX_LOST;
}

static enum sl_code exec(struct sl_conn *base, const struct sl_exec *statement, int64_t *rows,
	struct sl_error *err)
{
	struct fake_conn *conn = fake(base);
	enum sl_fake_fate fate = fate_at(conn, SL_FAKE_EXEC, statement->sql, statement->len);
	enum sl_code code = before(conn, fate, err);

	if (code != SL_OK)
		return code;
	assert(conn->inner);
	code = sl_conn_exec(conn->inner, statement, rows, err);
	return after(conn, fate, code, err);
}

static enum sl_code query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct fake_conn *conn = fake(base);
	enum sl_fake_fate fate = fate_at(conn, SL_FAKE_QUERY, sql, strlen(sql));
	enum sl_code code = before(conn, fate, err);

	if (code != SL_OK)
		return code;
	assert(conn->inner);
	code = sl_conn_query(conn->inner, out, arena, sql, err);
	return after(conn, fate, code, err);
}

static void literal(const struct sl_conn *base, struct sl_buf *out, const char *text)
{
	sl_driver_sqlite.literal(base, out, text);
}

static enum sl_code begin(struct sl_conn *base, bool write, struct sl_error *err)
{
	struct fake_conn *conn = fake(base);
	enum sl_fake_fate fate = fate_at(conn, SL_FAKE_BEGIN, "", 0);
	enum sl_code code = before(conn, fate, err);

	if (code != SL_OK)
		return code;
	assert(conn->inner);
	code = sl_conn_begin(conn->inner, write, err);
	return after(conn, fate, code, err);
}

static enum sl_code commit(struct sl_conn *base, struct sl_error *err)
{
	struct fake_conn *conn = fake(base);
	enum sl_fake_fate fate = fate_at(conn, SL_FAKE_COMMIT, "", 0);
	enum sl_code code;

	if (fate == SL_FAKE_FAILS) {
		sl_conn_rollback(conn->inner);
		return sl_error_set(err, SL_EINVAL, "the fake refuses this commit");
	}
	if (before(conn, fate, err) != SL_OK)
		return sl_error_set(err, SL_EUNKNOWN, "commit: the connection was lost");
	assert(conn->inner);
	code = sl_conn_commit(conn->inner, err);
	if (after(conn, fate, code, err) == SL_EUNAVAIL)
		return sl_error_set(err, SL_EUNKNOWN, "commit: the connection was lost");
	return code;
}

static void rollback(struct sl_conn *base)
{
	if (fake(base)->inner)
		sl_conn_rollback(fake(base)->inner);
}

/* The world is one thread at a time, so that a lock is never held by another. */
static enum sl_code lock(struct sl_conn *base, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
{
	struct fake_conn *conn = fake(base);
	enum sl_fake_fate fate = fate_at(conn, SL_FAKE_LOCK, scope, strlen(scope));
	enum sl_code code;

	if (fate == SL_FAKE_FAILS) {
		*got = false;
		if (holder)
			*holder = "another session";
		return SL_OK;
	}
	code = before(conn, fate, err);
	if (code != SL_OK)
		return code;
	assert(conn->inner);
	code = sl_conn_lock(conn->inner, scope, got, holder, arena, err);
	return after(conn, fate, code, err);
}

static enum sl_code lock_held(struct sl_conn *base, const char *scope, bool *held,
	struct sl_error *err)
{
	if (!fake(base)->inner)
		return lost(err);
	return sl_conn_lock_held(fake(base)->inner, scope, held, err);
}

static enum sl_code outlive(struct sl_conn *base, bool outlives, struct sl_error *err)
{
	return fake(base)->inner ? sl_conn_outlive(fake(base)->inner, outlives, err) : lost(err);
}

static enum sl_code reset(struct sl_conn *base, struct sl_error *err)
{
	return fake(base)->inner ? sl_conn_reset(fake(base)->inner, err) : lost(err);
}

static void interrupt(struct sl_conn *base)
{
	if (fake(base)->inner)
		sl_conn_interrupt(fake(base)->inner);
}

static bool alive(struct sl_conn *base)
{
	return fake(base)->inner && !fake(base)->world->crashed;
}

static enum sl_code identity(struct sl_conn *base, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
{
	if (!fake(base)->inner)
		return lost(err);
	return sl_conn_identity(fake(base)->inner, out, arena, err);
}

static enum sl_code introspect(struct sl_conn *base, const struct sl_catalog **out,
	struct sl_error *err)
{
	return fake(base)->inner ? sl_conn_introspect(fake(base)->inner, out, err) : lost(err);
}

static enum sl_code estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
{
	if (!fake(base)->inner)
		return lost(err);
	return sl_conn_estimate(fake(base)->inner, sql, len, limit_us, out, err);
}

const struct sl_driver sl_driver_fake = {
	.open = open_session,
	.close = close_session,
	.tx_state = tx_state,
	.exec = exec,
	.query = query,
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
	.introspect = introspect,
	.estimate = estimate,
};
