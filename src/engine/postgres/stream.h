/* One message, of the simple protocol or a pipeline, and all that comes back, under the session's
 * token. */
#ifndef SLUICE_ENGINE_POSTGRES_STREAM_H
#define SLUICE_ENGINE_POSTGRES_STREAM_H

#include "postgres_int.h"

struct sl_pg_stream {
	struct pg_conn *conn;
	const char *sql; /* not terminated */
	size_t len;
	const char *copy; /* data for COPY FROM STDIN, or NULL */
	size_t copy_len;
	struct sl_row_sink
		*sink; /* keeps the last result's rows; NULL: rows are dropped as they come */
	/* Called with each answer that has rows, in the sink's arena, while the server goes on with
	 * the next statement of the text; or NULL. */
	void (*each)(void *ctx, const struct sl_rows *rows);
	void *ctx;
	bool answered; /* out: by anything at all */
	bool uncancelable; /* COMMIT, ROLLBACK: a cancel only shortens the wait for the answer */
	int64_t rows; /* out: of the last command, -1 none */
	char tag[32]; /* out: command tag of the last command */
};

enum sl_code sl_pg_stream_run(struct sl_pg_stream *stream, struct sl_error *err)
	__attribute__((warn_unused_result));

/* As engine.h describes the sl_conn_...() of these names. */
enum sl_code sl_pg_prepare(struct sl_conn *base, const struct sl_prepared *all, size_t len,
	struct sl_error *err);
enum sl_code sl_pg_send_all(struct sl_conn *base, const struct sl_exec *all, size_t len,
	struct sl_error *err);
enum sl_code sl_pg_take_all(struct sl_conn *base, size_t len, int64_t *rows, size_t *done,
	struct sl_error *err);

/* What is said of a COMMIT that was sent, unless its answer is known. */
enum sl_code sl_pg_commit_unknown(struct sl_error *err);

/* SL_OK where the tag of its answer says that it committed. */
enum sl_code sl_pg_commit_seen(const struct sl_pg_stream *stream, struct sl_error *err);

/* Closes the connection; the session is SL_TX_LOST from here on. */
void sl_pg_give_up(struct pg_conn *conn);

/* Sends the cancel on a thread of its own, since it may block. */
void sl_pg_ask_cancel(struct pg_conn *conn);

#endif
