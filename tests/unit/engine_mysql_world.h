/* A database of its own on the test server for each test, and a relay that can be cut. */
#ifndef SLUICE_TESTS_ENGINE_MYSQL_WORLD_H
#define SLUICE_TESTS_ENGINE_MYSQL_WORLD_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/engine.h"
#include "sluice/sys/cancel.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct sl_arena *arena;
	const char *database;
	struct sl_conn_spec spec;
	struct sl_conn *other; /* a second session, to look from outside */
};

static inline const char *environment(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: eval \"$(tests/servers start)\"", name);
	return value;
}

/* Whether a MySQL stands in MariaDB's place. */
static inline bool is_mysql(void)
{
	return getenv("SLUICE_TEST_MYSQLD") != NULL;
}

/* A column seq from 1 to n, at most 1,000. */
#define NUMBERS(n)                                                                             \
	"(WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < " #n \
	") SELECT seq FROM s) AS numbers"

static inline struct sl_conn *opened(const struct sl_conn_spec *spec)
{
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_open(&conn, spec, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return conn;
}

static inline enum sl_code run_sql(struct sl_conn *conn, const char *sql, int64_t *rows,
	struct sl_error *err)
{
	struct sl_exec exec = { .sql = sql, .len = strlen(sql) };

	return sl_conn_exec(conn, &exec, rows, err);
}

static inline void must(struct sl_conn *conn, const char *sql)
{
	struct sl_error err = SL_ERROR_INIT;

	if (run_sql(conn, sql, NULL, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
}

static inline const char *value(struct world *w, struct sl_conn *conn, const char *sql)
{
	struct sl_rows rows = { 0 };
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_query(conn, &rows, w->arena, sql, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
	return rows.len > 0 ? sl_rows_cell(&rows, 0, 0) : NULL;
}

static inline const char *url_to(struct world *w, const char *port, const char *rest)
{
	return sl_arena_printf(w->arena, "mysql://%s@%s:%s/%s",
		environment("SLUICE_TEST_MARIADB_USER"), environment("SLUICE_TEST_MARIADB_HOST"),
		port, rest);
}

static inline void point_at(struct world *w, const char *url)
{
	struct sl_error err = SL_ERROR_INIT;

	if (sl_engine_url_parse(&w->spec.url, w->arena, url, &err) != SL_OK)
		fail_msg("%s: %s", url, err.msg);
}

static inline int set_up(void **state)
{
	static unsigned count;
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->arena = sl_arena_new();
	w->database = sl_arena_printf(w->arena, "engine_%ld_%u", (long)getpid(), count++);
	w->spec = (struct sl_conn_spec){ .clock = sl_clock_system() };
	point_at(w, url_to(w, environment("SLUICE_TEST_MARIADB_PORT"), "mysql"));
	w->other = opened(&w->spec);
	must(w->other, sl_arena_printf(w->arena, "CREATE DATABASE %s", w->database));
	must(w->other, sl_arena_printf(w->arena, "USE %s", w->database));
	point_at(w, url_to(w, environment("SLUICE_TEST_MARIADB_PORT"), w->database));
	*state = w;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	must(w->other, sl_arena_printf(w->arena, "DROP DATABASE %s", w->database));
	sl_conn_close(w->other);
	sl_arena_free(w->arena);
	free(w);
	return 0;
}

/* Asks again until the query says `wanted`, for at most 30 seconds. */
static inline void await_value(struct world *w, const char *sql, const char *wanted)
{
	const struct sl_clock *clock = sl_clock_system();
	int64_t until = sl_clock_mono(clock) + 30 * SL_SECOND_US;
	const char *got = NULL;

	while (sl_clock_mono(clock) < until) {
		got = value(w, w->other, sql);
		if (got && sl_str_eq(got, wanted))
			return;
		(void)poll(NULL, 0, 2);
	}
	fail_msg("%s is %s, not %s", sql, got ? got : "NULL", wanted);
}

/* Until the server has let go of a session. */
static inline void await_gone(struct world *w, const char *id)
{
	await_value(w,
		sl_arena_printf(w->arena,
			"SELECT count(*) FROM information_schema.processlist WHERE id = %s", id),
		"0");
}

#define SLEEP_LONG "SELECT /* here */ SLEEP(1) FROM " NUMBERS(1000)

/* A statement of a thread that goes on until it is canceled. */
struct sleeper {
	struct sl_conn *conn;
	enum sl_code code;
};

static inline void *sleep_long(void *ctx)
{
	struct sleeper *sleeper = ctx;

	sleeper->code = run_sql(sleeper->conn, SLEEP_LONG, NULL, NULL);
	return NULL;
}

#endif
