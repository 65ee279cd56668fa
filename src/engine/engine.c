#include "engine_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/core/vec.h"
#include "sluice/sql/statement.h"

#include <assert.h>
#include <string.h>

static const struct sl_driver *const drivers[] = {
	[SL_DIALECT_POSTGRES] = &sl_driver_postgres,
	[SL_DIALECT_SQLITE] = &sl_driver_sqlite,
	[SL_DIALECT_MYSQL] = &sl_driver_mysql,
	[SL_DIALECT_MARIADB] = &sl_driver_mysql,
};

_Static_assert(sizeof(drivers) / sizeof(drivers[0]) == SL_DIALECT_COUNT, "a dialect has no row");

void sl_engine_prepare(void)
{
	sl_sqlite_prepare();
}

enum sl_code sl_conn_open(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	const struct sl_driver *driver = drivers[spec->url.dialect];

	if (spec->fake)
		driver = &sl_driver_fake;
	assert(driver && spec->clock);
	return driver->open(out, spec, err);
}

void sl_conn_close(struct sl_conn *conn)
{
	if (conn)
		conn->driver->close(conn);
}

enum sl_dialect sl_conn_dialect(const struct sl_conn *conn)
{
	return conn->dialect;
}

int sl_conn_version(const struct sl_conn *conn)
{
	return conn->version;
}

void sl_conn_set_cancel(struct sl_conn *conn, struct sl_cancel *cancel)
{
	conn->cancel = cancel;
}

enum sl_tx_state sl_conn_tx_state(const struct sl_conn *conn)
{
	return conn->driver->tx_state(conn);
}

const struct sl_server_error *sl_conn_server_error(const struct sl_conn *conn)
{
	return &conn->server;
}

static void forget_error(struct sl_conn *conn)
{
	memset(&conn->server, 0, sizeof(conn->server));
}

enum sl_code sl_conn_exec(struct sl_conn *conn, const struct sl_exec *exec, int64_t *rows,
	struct sl_error *err)
{
	int64_t ignored;

	forget_error(conn);
	return conn->driver->exec(conn, exec, rows ? rows : &ignored, err);
}

enum sl_code sl_conn_query(struct sl_conn *conn, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	assert(!out || arena);
	forget_error(conn);
	return conn->driver->query(conn, out, arena, sql, err);
}

void sl_conn_literal(const struct sl_conn *conn, struct sl_buf *out, const char *text)
{
	if (text)
		conn->driver->literal(conn, out, text);
	else
		sl_buf_adds(out, "NULL");
}

enum sl_code sl_conn_begin(struct sl_conn *conn, bool write, struct sl_error *err)
{
	forget_error(conn);
	return conn->driver->begin(conn, write, err);
}

enum sl_code sl_conn_commit(struct sl_conn *conn, struct sl_error *err)
{
	forget_error(conn);
	return conn->driver->commit(conn, err);
}

bool sl_conn_pipelines(const struct sl_conn *conn)
{
	return conn->driver->send_all != NULL;
}

enum sl_code sl_conn_prepare(struct sl_conn *conn, const struct sl_prepared *all, size_t len,
	struct sl_error *err)
{
	assert(sl_conn_pipelines(conn));
	forget_error(conn);
	return conn->driver->prepare(conn, all, len, err);
}

enum sl_code sl_conn_send_all(struct sl_conn *conn, const struct sl_exec *all, size_t len,
	struct sl_error *err)
{
	assert(sl_conn_pipelines(conn));
	forget_error(conn);
	return conn->driver->send_all(conn, all, len, err);
}

enum sl_code sl_conn_take_all(struct sl_conn *conn, size_t len, int64_t *rows, size_t *done,
	struct sl_error *err)
{
	assert(sl_conn_pipelines(conn));
	forget_error(conn);
	return conn->driver->take_all(conn, len, rows, done, err);
}

enum sl_code sl_conn_exec_all(struct sl_conn *conn, const struct sl_exec *all, size_t len,
	int64_t *rows, size_t *done, struct sl_error *err)
{
	enum sl_code code = sl_conn_send_all(conn, all, len, err);

	*done = 0;
	return code == SL_OK ? sl_conn_take_all(conn, len, rows, done, err) : code;
}

enum sl_code sl_conn_query_commit(struct sl_conn *conn, const char *sql, struct sl_error *err)
{
	enum sl_code code;

	if (conn->driver->query_commit) {
		forget_error(conn);
		return conn->driver->query_commit(conn, sql, err);
	}
	code = sl_conn_query(conn, NULL, NULL, sql, err);
	return code == SL_OK ? sl_conn_commit(conn, err) : code;
}

void sl_conn_rollback(struct sl_conn *conn)
{
	conn->driver->rollback(conn);
}

enum sl_code sl_conn_lock(struct sl_conn *conn, const char *scope, bool *got, const char **holder,
	struct sl_arena *arena, struct sl_error *err)
{
	if (holder)
		*holder = "";
	return conn->driver->lock(conn, scope, got, holder, arena, err);
}

enum sl_code sl_conn_lock_held(struct sl_conn *conn, const char *scope, bool *held,
	struct sl_error *err)
{
	return conn->driver->lock_held(conn, scope, held, err);
}

const char *sl_conn_lock_sql(struct sl_conn *conn, const char *scope, struct sl_arena *arena)
{
	return conn->driver->lock_sql ? conn->driver->lock_sql(conn, scope, arena) : NULL;
}

enum sl_code sl_conn_outlive(struct sl_conn *conn, bool outlive, struct sl_error *err)
{
	return conn->driver->outlive(conn, outlive, err);
}

enum sl_code sl_conn_reset(struct sl_conn *conn, struct sl_error *err)
{
	return conn->driver->reset(conn, err);
}

enum sl_code sl_conn_limit(struct sl_conn *conn, const struct sl_limits *limits,
	struct sl_error *err)
{
	return conn->driver->limit ? conn->driver->limit(conn, limits, err) : SL_OK;
}

void sl_conn_set_watch(struct sl_conn *conn, const struct sl_watch *watch)
{
	conn->watch = *watch;
}

enum sl_code sl_conn_blockers(struct sl_conn *conn, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err)
{
	*out = NULL;
	*len = 0;
	return conn->driver->blockers ?
		conn->driver->blockers(conn, blocked, out, len, arena, err) :
		SL_OK;
}

bool sl_conn_pooled(const struct sl_conn *conn)
{
	return conn->pooled;
}

const char *sl_statement_head(struct sl_arena *arena, enum sl_dialect dialect, const char *sql)
{
	const struct sl_sql_input input = { .dialect = dialect, .text = sql, .len = strlen(sql) };
	const struct sl_facts *facts = sl_sql_parse(arena, &input);
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	const struct sl_fact_object *object = facts->object.len > 0 ? &facts->object.at[0] : NULL;

	for (size_t i = 0; i < facts->object.len; i++) {
		if (facts->object.at[i].role != SL_SQL_ROLE_READ) {
			object = &facts->object.at[i];
			break;
		}
	}
	if (!object)
		return fact->tag;
	return sl_arena_printf(arena, "%s %s%s%s", fact->tag, object->schema,
		object->schema[0] != '\0' ? "." : "", object->name);
}

const char *sl_conn_remark(const struct sl_conn *conn)
{
	return conn->remark;
}

void sl_conn_interrupt(struct sl_conn *conn)
{
	conn->driver->interrupt(conn);
}

bool sl_conn_alive(struct sl_conn *conn)
{
	return conn->driver->alive(conn);
}

enum sl_code sl_conn_identity(struct sl_conn *conn, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
{
	return conn->driver->identity(conn, out, arena, err);
}

enum sl_code sl_conn_session(struct sl_conn *conn, const char **out, struct sl_arena *arena,
	struct sl_error *err)
{
	return conn->driver->session(conn, out, arena, err);
}

enum sl_code sl_conn_look(struct sl_conn *conn, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err)
{
	*out = (struct sl_session){ .percent = -1, .statement = "", .shown = "", .doing = "" };
	return conn->driver->look(conn, session, out, arena, err);
}

enum sl_code sl_conn_fingerprint(struct sl_conn *conn, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err)
{
	*out = (struct sl_fingerprint){ .shape = "", .incarnation = "" };
	return conn->driver->fingerprint(conn, object, out, arena, err);
}

enum sl_code sl_engine_no_session(struct sl_conn *conn, const char **out, struct sl_arena *arena,
	struct sl_error *err)
{
	(void)conn;
	(void)arena;
	(void)err;
	*out = "";
	return SL_OK;
}

enum sl_code sl_engine_nobody(struct sl_conn *conn, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err)
{
	(void)conn;
	(void)session;
	(void)out;
	(void)arena;
	(void)err;
	return SL_OK;
}

enum sl_code sl_engine_no_fingerprint(struct sl_conn *conn, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err)
{
	(void)conn;
	(void)out;
	(void)arena;
	return sl_error_set(err, SL_EINVAL, "fingerprint of %s: this engine has none",
		object->name);
}

/* What of a statement is shown. */
#define SHOWN_MAX 60

const char *sl_engine_shown(struct sl_arena *arena, const char *statement)
{
	size_t len = strcspn(statement, "'\"\n");

	return sl_arena_strndup(arena, statement, len < SHOWN_MAX ? len : SHOWN_MAX);
}

enum sl_code sl_conn_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err)
{
	forget_error(conn);
	return conn->driver->introspect(conn, out, err);
}

enum sl_code sl_conn_estimate(struct sl_conn *conn, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
{
	forget_error(conn);
	return conn->driver->estimate(conn, sql, len, limit_us, out, err);
}

void sl_row_sink_begin(struct sl_row_sink *sink, size_t columns, size_t rows)
{
	sink->columns = columns;
	sink->len = sink->bytes = 0;
	if (sink->cap >= columns * rows)
		return;
	sink->cap = columns * rows;
	sink->cells = sl_arena_calloc(sink->arena, sink->cap, sizeof(*sink->cells));
}

static const char *keep(struct sl_arena *arena, const char *text, size_t len)
{
	char *copy = sl_arena_alloc(arena, len + 1);

	memcpy(copy, text, len);
	return copy;
}

bool sl_row_sink_add(struct sl_row_sink *sink, const char *text, size_t len)
{
	sink->bytes += len + sizeof(char *);
	if (sink->bytes > SL_QUERY_MAX_BYTES)
		return false;
	if (sink->len == sink->cap)
		sink->cells = sl_vec_reserve_in(sink->arena, sink->cells, sink->len, &sink->cap,
			sizeof(*sink->cells));
	sink->cells[sink->len++] = text ? keep(sink->arena, text, len) : NULL;
	return true;
}

void sl_row_sink_end(const struct sl_row_sink *sink, struct sl_rows *out)
{
	out->columns = sink->columns;
	out->len = sink->columns > 0 ? sink->len / sink->columns : 0;
	out->cells = sink->cells;
}

size_t sl_position_of_byte(const char *sql, size_t len, size_t bytes)
{
	return sl_utf8_count(sql, bytes < len ? bytes : len) + 1;
}
