#include "stream.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* --- cancel --------------------------------------------------------------------------------- */

static void *kill_query(void *ctx)
{
	struct sl_my_where *where = ctx;
	MYSQL *my = NULL;
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "KILL QUERY %" PRIu64, where->id);
	if (sl_my_connect_here(&my, where, NULL) == SL_OK) {
		(void)mysql_query(my, sql);
		mysql_close(my);
	}
	atomic_fetch_sub(&where->killers, 1);
	sl_my_where_drop(where);
	mysql_thread_end();
	return NULL;
}

void sl_my_ask_cancel(struct my_conn *conn)
{
	struct sl_my_where *where = conn->where;
	pthread_attr_t attr;
	pthread_t thread;
	int status;

	atomic_fetch_add(&where->holders, 1);
	atomic_fetch_add(&where->killers, 1);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	status = pthread_create(&thread, &attr, kill_query, where);
	(void)pthread_attr_destroy(&attr);
	if (status == 0)
		return;
	atomic_fetch_sub(&where->killers, 1);
	sl_my_where_drop(where);
}

/* A cancel that is still under way would hit the next statement. */
static void await_killers(const struct my_conn *conn)
{
	int64_t until = sl_clock_mono(conn->base.clock) + SL_MY_GRACE_US;

	while (atomic_load(&conn->where->killers) > 0 && sl_clock_mono(conn->base.clock) < until)
		(void)poll(NULL, 0, 1);
}

/* --- calls in pieces ------------------------------------------------------------------------ */

/* A call of the client library; start and cont answer what to wait for, 0 when it is done. */
struct call {
	int (*start)(struct call *call);
	int (*cont)(struct call *call, int ready);
	MYSQL *my;
	const char *sql;
	size_t len;
	MYSQL_RES *result;
	MYSQL_ROW row;
	enum enum_mysql_set_option option;
	int status;
};

static int query_start(struct call *call)
{
	return mysql_real_query_start(&call->status, call->my, call->sql, call->len);
}

static int query_cont(struct call *call, int ready)
{
	return mysql_real_query_cont(&call->status, call->my, ready);
}

static int row_start(struct call *call)
{
	return mysql_fetch_row_start(&call->row, call->result);
}

static int row_cont(struct call *call, int ready)
{
	return mysql_fetch_row_cont(&call->row, call->result, ready);
}

static int next_start(struct call *call)
{
	return mysql_next_result_start(&call->status, call->my);
}

static int next_cont(struct call *call, int ready)
{
	return mysql_next_result_cont(&call->status, call->my, ready);
}

static int forget_start(struct call *call)
{
	return mysql_reset_connection_start(&call->status, call->my);
}

static int forget_cont(struct call *call, int ready)
{
	return mysql_reset_connection_cont(&call->status, call->my, ready);
}

static int option_start(struct call *call)
{
	return mysql_set_server_option_start(&call->status, call->my, call->option);
}

static int option_cont(struct call *call, int ready)
{
	return mysql_set_server_option_cont(&call->status, call->my, ready);
}

/* Who may end the wait, and since when the server was asked to stop. */
struct wait {
	struct my_conn *conn;
	bool uncancelable;
	int64_t asked_at; /* 0: not asked to stop */
	int64_t look_at; /* when somebody looks what is waited for, 0 never */
};

static void let_look(struct wait *wait)
{
	const struct sl_conn *base = &wait->conn->base;

	if (wait->look_at == 0 || sl_clock_mono(base->clock) < wait->look_at)
		return;
	base->watch.look(base->watch.ctx);
	wait->look_at = sl_clock_mono(base->clock) + base->watch.every_us;
}

static bool must_stop(const struct my_conn *conn, int64_t now)
{
	return sl_cancel_check(conn->base.cancel, "", NULL) != SL_OK ||
		(conn->limit_at != 0 && now > conn->limit_at);
}

/* Once the token says stop, the server is told once and has a moment to answer; after that the
 * socket is cut, which ends the library's call in good order. */
static void look_at_the_clock(struct wait *wait)
{
	struct my_conn *conn = wait->conn;
	int64_t now = sl_clock_mono(conn->base.clock);

	if (wait->asked_at == 0) {
		if (!must_stop(conn, now))
			return;
		wait->asked_at = now > 0 ? now : 1;
		if (!wait->uncancelable)
			sl_my_ask_cancel(conn);
	}
	if (now - wait->asked_at > SL_MY_GRACE_US)
		(void)shutdown(mysql_get_socket(conn->my), SHUT_RDWR);
}

static int wait_ready(struct wait *wait, int wanted)
{
	struct pollfd fd = { .fd = mysql_get_socket(wait->conn->my),
		.events = (short)((wanted & MYSQL_WAIT_READ ? POLLIN : 0) |
			(wanted & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
			(wanted & MYSQL_WAIT_EXCEPT ? POLLPRI : 0)) };

	for (;;) {
		int n = poll(&fd, 1, SL_CANCEL_SLICE_MS);

		if (n > 0 || (n < 0 && errno != EINTR))
			break;
		look_at_the_clock(wait);
		let_look(wait);
	}
	return (fd.revents & (POLLIN | POLLHUP | POLLERR) ? MYSQL_WAIT_READ & wanted : 0) |
		(fd.revents & (POLLOUT | POLLHUP | POLLERR) ? MYSQL_WAIT_WRITE & wanted : 0) |
		(fd.revents & POLLPRI ? MYSQL_WAIT_EXCEPT & wanted : 0);
}

static void finish(struct wait *wait, struct call *call)
{
	int wanted = call->start(call);

	while (wanted != 0)
		wanted = call->cont(call, wait_ready(wait, wanted));
}

/* --- a statement ---------------------------------------------------------------------------- */

static enum sl_code keep_row(struct sl_row_sink *sink, MYSQL_RES *result, MYSQL_ROW row,
	struct sl_error *err)
{
	const unsigned long *lengths = mysql_fetch_lengths(result);

	for (size_t i = 0; i < sink->columns; i++)
		if (!sl_row_sink_add(sink, row[i], row[i] ? lengths[i] : 0))
			return sl_error_set(err, SL_ELIMIT, "the answer has more than %zu bytes",
				SL_QUERY_MAX_BYTES);
	return SL_OK;
}

/* All rows are read, also those that are not kept: the session would be out of step. */
static enum sl_code take_rows(struct wait *wait, const struct sl_my_stream *stream,
	MYSQL_RES *result, struct sl_error *err)
{
	struct my_conn *conn = stream->conn;
	struct call call = { .start = row_start,
		.cont = row_cont,
		.my = conn->my,
		.result = result };
	enum sl_code code = SL_OK;

	if (stream->sink) {
		stream->sink->len = 0;
		stream->sink->columns = mysql_num_fields(result);
	}
	for (;;) {
		finish(wait, &call);
		if (!call.row)
			break;
		if (stream->sink && code == SL_OK)
			code = keep_row(stream->sink, result, call.row, err);
	}
	if (mysql_errno(conn->my) != 0 && code == SL_OK)
		code = sl_my_error(conn, stream->sql, stream->len, err);
	return code;
}

static enum sl_code take(struct wait *wait, struct sl_my_stream *stream, struct sl_error *err)
{
	struct my_conn *conn = stream->conn;
	MYSQL_RES *result = mysql_use_result(conn->my);
	enum sl_code code;

	if (!result) {
		if (mysql_field_count(conn->my) > 0)
			return sl_my_error(conn, stream->sql, stream->len, err);
		stream->rows = (int64_t)mysql_affected_rows(conn->my);
		return SL_OK;
	}
	code = take_rows(wait, stream, result, err);
	mysql_free_result(result);
	if (code == SL_OK && stream->each) {
		struct sl_rows rows = { 0 };

		sl_row_sink_end(stream->sink, &rows);
		stream->each(stream->ctx, &rows);
		stream->sink->cells = NULL;
		stream->sink->len = stream->sink->cap = 0;
	}
	return code;
}

/* The first failure is kept; the rest is read all the same. */
static enum sl_code take_all(struct wait *wait, struct sl_my_stream *stream, struct sl_error *err)
{
	struct my_conn *conn = stream->conn;
	struct call next = { .start = next_start, .cont = next_cont, .my = conn->my };
	enum sl_code first = SL_OK;

	for (;;) {
		enum sl_code code = take(wait, stream, first == SL_OK ? err : NULL);

		if (first == SL_OK)
			first = code;
		if (!conn->my || !mysql_more_results(conn->my))
			return first;
		finish(wait, &next);
		if (next.status > 0)
			return first != SL_OK ? first :
						sl_my_error(conn, stream->sql, stream->len, err);
	}
}

static enum sl_code run(struct sl_my_stream *stream, struct sl_error *err)
{
	struct my_conn *conn = stream->conn;
	struct wait wait = { .conn = conn, .uncancelable = stream->uncancelable };
	struct call call = { .start = query_start,
		.cont = query_cont,
		.my = conn->my,
		.sql = stream->sql,
		.len = stream->len };

	if (conn->base.watch.look && !stream->uncancelable)
		wait.look_at = sl_clock_mono(conn->base.clock) + conn->base.watch.first_us;
	finish(&wait, &call);
	if (call.status != 0)
		return sl_my_error(conn, stream->sql, stream->len, err);
	return take_all(&wait, stream, err);
}

/* An error's packet does not say whether the transaction is still open, the answer to this does;
 * a cancel that came too late is spent on it. */
static void learn_state(struct my_conn *conn)
{
	static const char nothing[] = "DO 0";
	const struct sl_server_error kept = conn->base.server;
	struct sl_my_stream stream = { .conn = conn,
		.sql = nothing,
		.len = sizeof(nothing) - 1,
		.uncancelable = true };

	await_killers(conn);
	for (unsigned i = 0; i < 2 && conn->my; i++)
		if (run(&stream, NULL) == SL_OK)
			break;
	conn->base.server = kept;
}

enum sl_code sl_my_stream_run(struct sl_my_stream *stream, struct sl_error *err)
{
	struct my_conn *conn = stream->conn;
	enum sl_code code;

	if (!conn->my)
		return sl_my_error(conn, NULL, 0, err);
	code = stream->uncancelable ? SL_OK : sl_cancel_check(conn->base.cancel, "statement", err);
	if (code != SL_OK)
		return code;
	if (stream->len >= conn->packet_max)
		return sl_error_set(err, SL_ELIMIT,
			"the statement has %zu bytes, the server takes %zu (max_allowed_packet)",
			stream->len, conn->packet_max);
	stream->rows = -1;
	conn->running = true;
	code = run(stream, err);
	conn->running = false;
	if (conn->my &&
		((code != SL_OK && !stream->shows) || atomic_load(&conn->where->killers) > 0))
		learn_state(conn);
	return code;
}

enum sl_code sl_my_several(struct my_conn *conn, bool several, struct sl_error *err)
{
	struct wait wait = { .conn = conn, .uncancelable = true };
	struct call call = { .start = option_start,
		.cont = option_cont,
		.my = conn->my,
		.option = several ? MYSQL_OPTION_MULTI_STATEMENTS_ON :
				    MYSQL_OPTION_MULTI_STATEMENTS_OFF };

	if (!conn->my)
		return sl_my_error(conn, NULL, 0, err);
	finish(&wait, &call);
	return call.status == 0 ? SL_OK : sl_my_error(conn, NULL, 0, err);
}

enum sl_code sl_my_forget(struct my_conn *conn, struct sl_error *err)
{
	struct wait wait = { .conn = conn, .uncancelable = true };
	struct call call = { .start = forget_start, .cont = forget_cont, .my = conn->my };

	if (!conn->my)
		return sl_my_error(conn, NULL, 0, err);
	finish(&wait, &call);
	return call.status == 0 ? SL_OK : sl_my_error(conn, NULL, 0, err);
}
