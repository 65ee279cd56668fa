/* How long a statement waits and runs.  The servers count waits in whole seconds.  MariaDB ends
 * what runs too long by itself; MySQL does so for SELECT only, so there the session counts, and
 * cancels. */
#include "mysql_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/sql/token.h"
#include "sluice/sys/cancel.h"

#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>

/* What the servers take for "never". */
#define FOREVER_S 31536000

static int64_t whole_seconds(int64_t us)
{
	return us <= 0 ? FOREVER_S : (us + SL_SECOND_US - 1) / SL_SECOND_US;
}

struct bound {
	const char *name;
	const char *untouched; /* its value where nobody said anything */
	const char *wanted;
	bool where_none;
};

/* A value that somebody chose for the server stays where only our default speaks against it. */
static enum sl_code set_bounds(struct sl_conn *base, const struct bound *bounds, size_t n,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	sl_auto_buf struct sl_buf ask = SL_BUF_INIT(1024), set = SL_BUF_INIT(1024);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	for (size_t i = 0; i < n; i++)
		sl_buf_addf(&ask, "%s@@SESSION.%s", i > 0 ? ", " : "SELECT ", bounds[i].name);
	code = sl_my_query(base, &rows, arena, sl_buf_str(&ask), err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < n; i++)
		if (!bounds[i].where_none ||
			sl_str_eq(sl_rows_cell(&rows, 0, i), bounds[i].untouched))
			sl_buf_addf(&set, "%sSESSION %s = %s", set.len > 0 ? ", " : "SET ",
				bounds[i].name, bounds[i].wanted);
	return set.len > 0 ? sl_my_query(base, NULL, NULL, sl_buf_str(&set), err) : SL_OK;
}

static enum sl_code limit_mariadb(struct sl_conn *base, const struct sl_limits *limits,
	const char *wait, struct sl_error *err)
{
	char run[48];
	const struct bound bounds[] = {
		{ "lock_wait_timeout", "86400", wait, limits->lock_where_none },
		{ "innodb_lock_wait_timeout", "50", wait, limits->lock_where_none },
		{ "max_statement_time", "0.000000", run, limits->statement_where_none },
	};

	(void)snprintf(run, sizeof(run), "%" PRId64 ".%06" PRId64,
		limits->statement_us / SL_SECOND_US, limits->statement_us % SL_SECOND_US);
	return set_bounds(base, bounds, sizeof(bounds) / sizeof(bounds[0]), err);
}

static enum sl_code limit_mysql(struct sl_conn *base, const struct sl_limits *limits,
	const char *wait, struct sl_error *err)
{
	char run[24];
	const struct bound bounds[] = {
		{ "lock_wait_timeout", "31536000", wait, limits->lock_where_none },
		{ "innodb_lock_wait_timeout", "50", wait, limits->lock_where_none },
		{ "max_execution_time", "0", run, limits->statement_where_none },
	};

	(void)snprintf(run, sizeof(run), "%" PRId64, (limits->statement_us + 999) / 1000);
	sl_my(base)->statement_us = limits->statement_us;
	return set_bounds(base, bounds, sizeof(bounds) / sizeof(bounds[0]), err);
}

enum sl_code sl_my_limit(struct sl_conn *base, const struct sl_limits *limits, struct sl_error *err)
{
	char wait[24];

	(void)snprintf(wait, sizeof(wait), "%" PRId64, whole_seconds(limits->lock_us));
	return base->dialect == SL_DIALECT_MARIADB ? limit_mariadb(base, limits, wait, err) :
						     limit_mysql(base, limits, wait, err);
}

void sl_my_bound(struct my_conn *conn)
{
	conn->limit_at = conn->statement_us > 0 ?
		sl_clock_mono(conn->base.clock) + conn->statement_us :
		0;
}

/* SET max_execution_time = ... of a file. */
static bool says_how_long(const struct my_conn *conn, const char *sql, size_t len)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, conn->base.dialect, sql, len);
	if (!sl_lexer_next_code(&lexer, &token) || !sl_token_is(&token, sql, "set"))
		return false;
	while (sl_lexer_next_code(&lexer, &token))
		if (sl_token_is(&token, sql, "max_execution_time"))
			return true;
	return false;
}

/* The file's word is the last one: 0 is no bound at all, more time than ours is given. */
static void take_over(struct my_conn *conn)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	int64_t ms = 0;

	if (sl_my_query(&conn->base, &rows, arena, "SELECT @@SESSION.max_execution_time", NULL) !=
			SL_OK ||
		!sl_parse_i64(sl_rows_cell(&rows, 0, 0), 0, INT64_MAX / 1000, &ms))
		return;
	if (ms == 0 || ms * 1000 > conn->statement_us)
		conn->statement_us = ms * 1000;
}

enum sl_code sl_my_bound_end(struct my_conn *conn, const struct sl_exec *statement,
	enum sl_code code, struct sl_error *err)
{
	int64_t until = conn->limit_at, number = 0;

	conn->limit_at = 0;
	if (code == SL_OK && conn->statement_us > 0 &&
		says_how_long(conn, statement->sql, statement->len))
		take_over(conn);
	if (code == SL_OK || until == 0 || sl_clock_mono(conn->base.clock) <= until ||
		sl_cancel_check(conn->base.cancel, "", NULL) != SL_OK ||
		!sl_parse_i64(conn->base.server.code, 1, UINT16_MAX, &number) ||
		number != ER_QUERY_INTERRUPTED)
		return code;
	return sl_error_set(err, SL_ETIMEOUT, "the statement ran too long and was canceled (%s)",
		conn->base.server.code);
}
