#include "stream.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define COPY_CHUNK ((size_t)64 * 1024)

void sl_pg_give_up(struct pg_conn *conn)
{
	PQfinish(conn->pg);
	conn->pg = NULL;
}

static void *send_cancel(void *ctx)
{
	char ignored[256];

	(void)PQcancel(ctx, ignored, (int)sizeof(ignored));
	PQfreeCancel(ctx);
	return NULL;
}

void sl_pg_ask_cancel(struct pg_conn *conn)
{
	PGcancel *cancel = PQgetCancel(conn->pg);
	pthread_attr_t attr;
	pthread_t thread;
	int status;

	if (!cancel)
		return;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	status = pthread_create(&thread, &attr, send_cancel, cancel);
	(void)pthread_attr_destroy(&attr);
	if (status != 0)
		PQfreeCancel(cancel);
}

static bool is_lost(const struct pg_conn *conn)
{
	return !conn->pg || PQstatus(conn->pg) != CONNECTION_OK;
}

static enum sl_code lost(const struct pg_conn *conn, struct sl_error *err)
{
	const char *text = conn->pg ? PQerrorMessage(conn->pg) : "";

	return sl_error_set(err, SL_EUNAVAIL, "the connection was lost%s%.*s",
		text[0] != '\0' ? ": " : "", (int)strcspn(text, "\n"), text);
}

/* The state of one wait: who may end it, and since when the server was asked to stop. */
struct wait {
	struct sl_pg_stream *stream;
	int64_t asked_at; /* 0: not asked to stop */
	int64_t look_at; /* when somebody wants to know what it waits for; 0: nobody does */
};

static void let_look(struct wait *wait)
{
	struct pg_conn *conn = wait->stream->conn;

	if (wait->look_at == 0 || sl_clock_mono(conn->base.clock) < wait->look_at)
		return;
	conn->base.watch.look(conn->base.watch.ctx);
	wait->look_at = sl_clock_mono(conn->base.clock) + conn->base.watch.every_us;
}

/* Once the token says stop, the server is told once and has a moment to answer. */
static bool out_of_patience(struct wait *wait)
{
	struct pg_conn *conn = wait->stream->conn;
	int64_t now = sl_clock_mono(conn->base.clock);

	if (wait->asked_at == 0) {
		if (sl_cancel_check(conn->base.cancel, "", NULL) == SL_OK)
			return false;
		wait->asked_at = now > 0 ? now : 1;
		if (!wait->stream->uncancelable)
			sl_pg_ask_cancel(conn);
	}
	return now - wait->asked_at > SL_PG_GRACE_US;
}

/* Until the socket is readable, or writable where `out` is asked for. */
static enum sl_code wait_ready(struct wait *wait, bool out, struct sl_error *err)
{
	struct pg_conn *conn = wait->stream->conn;
	struct pollfd ready = { .fd = PQsocket(conn->pg),
		.events = (short)(out ? POLLIN | POLLOUT : POLLIN) };

	for (;;) {
		int n;

		if (out_of_patience(wait)) {
			sl_pg_give_up(conn);
			return lost(conn, err);
		}
		n = poll(&ready, 1, SL_CANCEL_SLICE_MS);
		if (n > 0 || (n < 0 && errno != EINTR))
			return SL_OK;
		let_look(wait);
	}
}

static enum sl_code flush(struct wait *wait, struct sl_error *err)
{
	struct pg_conn *conn = wait->stream->conn;
	int left;

	while ((left = PQflush(conn->pg)) > 0) {
		enum sl_code code = wait_ready(wait, true, err);

		if (code != SL_OK)
			return code;
		if (!PQconsumeInput(conn->pg))
			return lost(conn, err);
	}
	return left == 0 ? SL_OK : lost(conn, err);
}

static enum sl_code next_result(struct wait *wait, PGresult **out, struct sl_error *err)
{
	struct pg_conn *conn = wait->stream->conn;

	while (PQisBusy(conn->pg)) {
		enum sl_code code = wait_ready(wait, false, err);

		if (code != SL_OK)
			return code;
		if (!PQconsumeInput(conn->pg))
			return lost(conn, err);
	}
	*out = PQgetResult(conn->pg);
	return SL_OK;
}

/* Data errors quote the value: cut it. */
static void scrub(char *message, const char *sqlstate)
{
	char *quote;

	if (strncmp(sqlstate, "22", 2) != 0)
		return;
	quote = strstr(message, ": \"");
	if (quote)
		*quote = '\0';
}

static enum sl_code code_of(const struct pg_conn *conn, const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum sl_code code;
	} codes[] = {
		{ "57014", SL_EINVAL }, /* canceled, and not by us: statement_timeout */
		{ "55P03", SL_EBUSY },
		{ "40001", SL_EBUSY },
		{ "40P01", SL_EBUSY },
		{ "42501", SL_EDENIED },
		{ "25006", SL_EUNAVAIL },
		{ "08", SL_EUNAVAIL },
		{ "53", SL_EUNAVAIL },
		{ "57P", SL_EUNAVAIL },
		{ "58P", SL_EINVAL }, /* a file that the statement names */
		{ "58", SL_EUNAVAIL },
	};

	if (sl_str_eq(sqlstate, "57014") && sl_cancel_check(conn->base.cancel, "", NULL) != SL_OK)
		return sl_cancel_asked(conn->base.cancel) ? SL_ECANCELED : SL_ETIMEOUT;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (sl_str_starts(sqlstate, codes[i].prefix))
			return codes[i].code;
	return SL_EINVAL;
}

/* A $1 in a statement.  Poolers say the same of a session that they end. */
static bool lacks_value(const PGresult *result, const char *sqlstate)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return sl_str_eq(sqlstate, "08P01") && severity && sl_str_eq(severity, "ERROR");
}

enum sl_code sl_pg_error(struct pg_conn *conn, const PGresult *result, struct sl_error *err)
{
	struct sl_server_error *server = &conn->base.server;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	int64_t at = 0;

	if (!state) /* made by libpq: the connection broke */
		return lost(conn, err);
	(void)snprintf(server->code, sizeof(server->code), "%s", state);
	(void)snprintf(server->message, sizeof(server->message), "%s", message ? message : "");
	scrub(server->message, server->code);
	if (position && sl_parse_i64(position, 1, INT32_MAX, &at))
		server->position = (size_t)at;
	if (lacks_value(result, state))
		return sl_error_set(err, SL_EINVAL, "there is no value for $1 (%s)", state);
	return sl_error_set(err, code_of(conn, server->code), "%s (%s)", server->message,
		server->code);
}

static enum sl_code feed_copy(struct wait *wait, struct sl_error *err)
{
	struct sl_pg_stream *stream = wait->stream;
	PGconn *pg = stream->conn->pg;
	size_t done = 0;
	int status = 0;

	while (stream->copy && done < stream->copy_len) {
		size_t chunk = stream->copy_len - done;
		enum sl_code code;

		if (chunk > COPY_CHUNK)
			chunk = COPY_CHUNK;
		status = PQputCopyData(pg, stream->copy + done, (int)chunk);
		if (status < 0)
			return lost(stream->conn, err);
		done += status > 0 ? chunk : 0;
		code = flush(wait, err);
		if (code != SL_OK)
			return code;
	}
	while ((status = PQputCopyEnd(pg, stream->copy ? NULL : "the statement carries no data")) ==
		0) {
		enum sl_code code = flush(wait, err);

		if (code != SL_OK)
			return code;
	}
	return status > 0 ? flush(wait, err) : lost(stream->conn, err);
}

/* COPY TO STDOUT: read and dropped. */
static enum sl_code drain_copy(struct wait *wait, struct sl_error *err)
{
	PGconn *pg = wait->stream->conn->pg;
	char *row = NULL;
	int n;

	while ((n = PQgetCopyData(pg, &row, 1)) >= 0) {
		enum sl_code code = SL_OK;

		PQfreemem(row);
		if (n > 0)
			continue;
		code = wait_ready(wait, false, err);
		if (code != SL_OK)
			return code;
		if (!PQconsumeInput(pg))
			return lost(wait->stream->conn, err);
	}
	return SL_OK;
}

static enum sl_code keep_rows(struct sl_pg_stream *stream, const PGresult *result,
	struct sl_error *err)
{
	struct sl_row_sink *sink = stream->sink;
	int columns = PQnfields(result);
	struct sl_rows rows;

	if (!sink)
		return SL_OK;
	sl_row_sink_begin(sink, (size_t)columns, (size_t)PQntuples(result));
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < columns; column++) {
			const char *text = PQgetisnull(result, row, column) ?
				NULL :
				PQgetvalue(result, row, column);

			if (!sl_row_sink_add(sink, text, (size_t)PQgetlength(result, row, column)))
				return sl_error_set(err, SL_ELIMIT,
					"the answer has more than %zu bytes", SL_QUERY_MAX_BYTES);
		}
	if (stream->each) {
		sl_row_sink_end(sink, &rows);
		sink->cells = NULL;
		sink->len = sink->cap = 0;
		stream->each(stream->ctx, &rows);
	}
	return SL_OK;
}

static void end_command(struct sl_pg_stream *stream, PGresult *result)
{
	const char *count = PQcmdTuples(result);

	if (!sl_parse_i64(count, 0, INT64_MAX, &stream->rows))
		stream->rows = -1;
	(void)snprintf(stream->tag, sizeof(stream->tag), "%s", PQcmdStatus(result));
}

static enum sl_code take(struct wait *wait, PGresult *result, struct sl_error *err)
{
	struct sl_pg_stream *stream = wait->stream;

	stream->answered = true;
	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_EMPTY_QUERY:
		return SL_OK;
	case PGRES_COMMAND_OK:
		end_command(stream, result);
		return SL_OK;
	case PGRES_TUPLES_OK:
		end_command(stream, result);
		return keep_rows(stream, result, err);
	case PGRES_COPY_IN:
		return feed_copy(wait, err);
	case PGRES_COPY_OUT:
		return drain_copy(wait, err);
	case PGRES_COPY_BOTH:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED:
		break;
	}
	return sl_pg_error(stream->conn, result, err);
}

/* The first failure is kept; the rest is read all the same, or the session would be out of step. */
static enum sl_code take_all(struct wait *wait, struct sl_error *err)
{
	struct sl_pg_stream *stream = wait->stream;
	enum sl_code first = SL_OK;

	for (;;) {
		PGresult *result = NULL;
		enum sl_code code = next_result(wait, &result, first == SL_OK ? err : NULL);

		if (code == SL_OK && result)
			code = take(wait, result, first == SL_OK ? err : NULL);
		if (first == SL_OK)
			first = code;
		if (!result)
			return first;
		PQclear(result);
		if (is_lost(stream->conn))
			return first != SL_OK ? first : lost(stream->conn, err);
	}
}

static void watch_from_now(struct wait *wait)
{
	const struct sl_conn *base = &wait->stream->conn->base;

	if (base->watch.look)
		wait->look_at = sl_clock_mono(base->clock) + base->watch.first_us;
}

/* What is asked before anything is sent. */
static enum sl_code may_send(struct wait *wait, struct sl_error *err)
{
	struct pg_conn *conn = wait->stream->conn;

	if (is_lost(conn))
		return lost(conn, err);
	if (wait->stream->uncancelable)
		return SL_OK;
	watch_from_now(wait);
	return sl_cancel_check(conn->base.cancel, "statement", err);
}

enum sl_code sl_pg_stream_run(struct sl_pg_stream *stream, struct sl_error *err)
{
	struct pg_conn *conn = stream->conn;
	struct wait wait = { .stream = stream };
	sl_autofree char *sql = NULL;
	enum sl_code code = may_send(&wait, err);

	if (code != SL_OK)
		return code;
	sql = sl_xstrndup(stream->sql, stream->len);
	conn->running = true;
	if (!PQsendQuery(conn->pg, sql))
		code = lost(conn, err);
	if (code == SL_OK && !stream->sink)
		(void)PQsetSingleRowMode(conn->pg);
	if (code == SL_OK)
		code = flush(&wait, err);
	if (code == SL_OK)
		code = take_all(&wait, err);
	conn->running = false;
	return code;
}

enum sl_code sl_pg_commit_unknown(struct sl_error *err)
{
	return sl_error_set(err, SL_EUNKNOWN, "commit: the connection was lost before the answer");
}

enum sl_code sl_pg_commit_seen(const struct sl_pg_stream *stream, struct sl_error *err)
{
	if (sl_str_eq(stream->tag, "COMMIT"))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "commit: the server rolled back instead");
}

/* --- several at once ------------------------------------------------------------------------- */

static bool put_statement(PGconn *pg, const struct sl_exec *exec)
{
	sl_autofree char *sql = NULL;

	if (exec->prepared)
		return PQsendQueryPrepared(pg, exec->prepared, (int)exec->values_len, exec->values,
			       NULL, NULL, 0) == 1;
	sql = sl_xstrndup(exec->sql, exec->len);
	return PQsendQueryParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static enum sl_code end_sending(struct wait *wait, bool sent, size_t len, struct sl_error *err)
{
	struct pg_conn *conn = wait->stream->conn;

	conn->answers_left = len;
	if (!sent || PQpipelineSync(conn->pg) != 1)
		return lost(conn, err);
	return flush(wait, err);
}

/* The session is given up with what may or may not have been sent. */
static enum sl_code not_sent(struct pg_conn *conn, enum sl_code code, struct sl_error *err)
{
	if (conn->pg)
		sl_pg_give_up(conn);
	conn->running = false;
	return conn->commit_left > 0 ? sl_pg_commit_unknown(err) : code;
}

enum sl_code sl_pg_send_all(struct sl_conn *base, const struct sl_exec *all, size_t len,
	struct sl_error *err)
{
	struct pg_conn *conn = sl_pg(base);
	struct sl_pg_stream stream = { .conn = conn };
	struct wait wait = { .stream = &stream };
	enum sl_code code = may_send(&wait, err);
	bool sent;

	if (code != SL_OK)
		return code;
	conn->running = true;
	conn->commit_left = 0;
	sent = PQenterPipelineMode(conn->pg) == 1;
	for (size_t i = 0; sent && i < len; i++) {
		if (all[i].commits)
			conn->commit_left = i + 1;
		sent = put_statement(conn->pg, &all[i]);
		/* Its answer would else wait for what runs behind it. */
		if (sent && all[i].commits && i + 1 < len)
			sent = PQsendFlushRequest(conn->pg) == 1;
	}
	code = end_sending(&wait, sent, len, err);
	return code == SL_OK ? SL_OK : not_sent(conn, code, err);
}

/* Up to what ends the answers of one statement, or the connection. */
static enum sl_code take_one(struct wait *wait, struct sl_error *err)
{
	struct sl_pg_stream *stream = wait->stream;
	struct pg_conn *conn = stream->conn;
	enum sl_code code;

	(void)PQsetSingleRowMode(conn->pg);
	stream->rows = -1;
	stream->answered = false;
	code = take_all(wait, err);
	if (code == SL_OK && !stream->answered)
		code = lost(conn, err);
	if (code == SL_OK && conn->commit_left == 1)
		code = sl_pg_commit_seen(stream, err);
	else if (code != SL_OK && conn->commit_left > 0 && is_lost(conn))
		code = sl_pg_commit_unknown(err);
	conn->answers_left--;
	conn->commit_left -= conn->commit_left > 0;
	return code;
}

/* The answers of the statements behind the one that failed, and of the message's end. */
static enum sl_code take_rest(struct wait *wait, struct sl_error *err)
{
	PGconn *pg = wait->stream->conn->pg;

	for (;;) {
		PGresult *result = NULL;
		enum sl_code code = next_result(wait, &result, err);
		bool end = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;

		PQclear(result);
		if (code != SL_OK)
			return code;
		if (PQstatus(pg) != CONNECTION_OK)
			return lost(wait->stream->conn, err);
		if (end)
			return PQexitPipelineMode(pg) == 1 ? SL_OK : lost(wait->stream->conn, err);
	}
}

enum sl_code sl_pg_take_all(struct sl_conn *base, size_t len, int64_t *rows, size_t *done,
	struct sl_error *err)
{
	struct pg_conn *conn = sl_pg(base);
	struct sl_pg_stream stream = { .conn = conn,
		.uncancelable = conn->commit_left > 0 && conn->commit_left <= len };
	struct wait wait = { .stream = &stream };
	enum sl_code code = SL_OK, end;

	watch_from_now(&wait);
	for (*done = 0; code == SL_OK && *done < len;) {
		code = take_one(&wait, err);
		if (code == SL_OK)
			rows[(*done)++] = stream.rows;
	}
	if (code == SL_OK && conn->answers_left > 0)
		return SL_OK;
	if (!is_lost(conn)) {
		end = take_rest(&wait, code == SL_OK ? err : NULL);
		/* What was seen to commit did, whatever becomes of the session. */
		code = code == SL_OK && !stream.uncancelable ? end : code;
	}
	conn->answers_left = conn->commit_left = 0;
	conn->running = false;
	return code;
}

enum sl_code sl_pg_prepare(struct sl_conn *base, const struct sl_prepared *all, size_t len,
	struct sl_error *err)
{
	struct pg_conn *conn = sl_pg(base);
	struct sl_pg_stream stream = { .conn = conn };
	struct wait wait = { .stream = &stream };
	sl_autofree int64_t *rows = sl_xcalloc(len, sizeof(*rows));
	enum sl_code code = may_send(&wait, err);
	size_t done;
	bool sent;

	if (code != SL_OK)
		return code;
	conn->running = true;
	sent = PQenterPipelineMode(conn->pg) == 1;
	for (size_t i = 0; sent && i < len; i++)
		sent = PQsendPrepare(conn->pg, all[i].name, all[i].sql, 0, NULL) == 1;
	code = end_sending(&wait, sent, len, err);
	if (code != SL_OK)
		return not_sent(conn, code, err);
	return sl_pg_take_all(base, len, rows, &done, err);
}
