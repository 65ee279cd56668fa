/* One statement and all that comes back, under the session's token. */
#ifndef SLUICE_ENGINE_MYSQL_STREAM_H
#define SLUICE_ENGINE_MYSQL_STREAM_H

#include "mysql_int.h"

struct sl_my_stream {
	struct my_conn *conn;
	const char *sql; /* not terminated */
	size_t len;
	struct sl_row_sink *sink; /* keeps the last result's rows; NULL: rows are dropped */
	/* Called with each result that has rows, in the sink's arena; or NULL. */
	void (*each)(void *ctx, const struct sl_rows *rows);
	void *ctx;
	bool shows; /* leaves a transaction as it is, also when it fails */
	bool uncancelable; /* COMMIT, ROLLBACK: a cancel only shortens the wait for the answer */
	int64_t rows; /* out: of the last result without rows of its own, -1 none */
};

enum sl_code sl_my_stream_run(struct sl_my_stream *stream, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Whether one message may hold several statements; off unless said. */
enum sl_code sl_my_several(struct my_conn *conn, bool several, struct sl_error *err)
	__attribute__((warn_unused_result));

/* COM_RESET_CONNECTION: the session is as after the login, its lock included. */
enum sl_code sl_my_forget(struct my_conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Sends the cancel on a thread of its own, since it may block. */
void sl_my_ask_cancel(struct my_conn *conn);

#endif
