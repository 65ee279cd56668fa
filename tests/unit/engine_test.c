#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/engine.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
	struct sl_arena *arena;
	char *folder;
	struct sl_conn_spec spec;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *base = getenv("TMPDIR");
	char pattern[512];
	struct sl_error err = SL_ERROR_INIT;

	assert_non_null(w);
	w->arena = sl_arena_new();
	(void)snprintf(pattern, sizeof(pattern), "%s/engine.XXXXXX", base ? base : "/tmp");
	w->folder = strdup(mkdtemp(pattern));
	w->spec = (struct sl_conn_spec){ .create = true, .clock = sl_clock_system() };
	assert_int_equal(sl_engine_url_parse(&w->spec.url, w->arena,
				 sl_arena_printf(w->arena, "sqlite:%s/a.db", w->folder), &err),
		SL_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	assert_int_equal(sl_tree_remove(w->folder, NULL), SL_OK);
	free(w->folder);
	sl_arena_free(w->arena);
	free(w);
	return 0;
}

static struct sl_conn *opened(const struct sl_conn_spec *spec)
{
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_open(&conn, spec, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return conn;
}

static enum sl_code run_sql(struct sl_conn *conn, const char *sql, int64_t *rows,
	struct sl_error *err)
{
	struct sl_exec exec = { .sql = sql, .len = strlen(sql) };

	return sl_conn_exec(conn, &exec, rows, err);
}

static void must(struct sl_conn *conn, const char *sql)
{
	struct sl_error err = SL_ERROR_INIT;

	if (run_sql(conn, sql, NULL, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
}

static const char *value(struct world *w, struct sl_conn *conn, const char *sql)
{
	struct sl_rows rows = { 0 };
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_query(conn, &rows, w->arena, sql, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
	return rows.len > 0 ? sl_rows_cell(&rows, 0, 0) : NULL;
}

/* --- URLs ----------------------------------------------------------------------------------- */

static void a_postgres_url_is_taken_apart(void **state)
{
	struct world *w = *state;
	struct sl_engine_url url;

	assert_int_equal(sl_engine_url_parse(&url, w->arena,
				 "postgres://dep%20loy@db1.example:6432/shop?sslmode=require",
				 NULL),
		SL_OK);
	assert_int_equal(url.dialect, SL_DIALECT_POSTGRES);
	assert_string_equal(url.user, "dep loy");
	assert_string_equal(url.host, "db1.example");
	assert_string_equal(url.port, "6432");
	assert_string_equal(url.database, "shop");
	assert_int_equal(url.tls, SL_TLS_REQUIRE);
}

static void a_postgres_url_may_name_a_socket_or_an_ipv6_address(void **state)
{
	struct world *w = *state;
	struct sl_engine_url url;

	assert_int_equal(sl_engine_url_parse(&url, w->arena,
				 "postgresql:///shop?host=/run/postgresql", NULL),
		SL_OK);
	assert_string_equal(url.host, "/run/postgresql");
	assert_null(url.user);
	assert_int_equal(sl_engine_url_parse(&url, w->arena, "postgres://u@[::1]:5433/x", NULL),
		SL_OK);
	assert_string_equal(url.host, "::1");
	assert_string_equal(url.port, "5433");
}

static void a_password_in_a_url_is_refused_and_never_repeated(void **state)
{
	static const char *const urls[] = {
		"postgres://ana:hunter2@db1/shop",
		"postgres://ana@db1/shop?password=hunter2",
		"mysql://ana:hunter2@db1/shop",
		"oracle://ana:hunter2@db1/shop",
		"postgres://ana:hunter2@db1/shop?nonsense=1",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct sl_engine_url url;
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(sl_engine_url_parse(&url, w->arena, urls[i], &err), SL_EINVAL);
		assert_null(strstr(err.msg, "hunter2"));
	}
}

static void what_is_no_url_of_an_engine_is_refused(void **state)
{
	static const char *const urls[] = { "", "shop.db", "sqlite:", "sqlite:://x", "sqlite://x",
		"sqlite::memory:", "postgres://u@h:0/x", "postgres://u@h:99999/x",
		"postgres://u@h/%zz", "postgres://h/x?sslmode=none", "postgres://h/x?hots=y",
		"mysql://u@h", "mariadb://u@h/" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct sl_engine_url url;

		if (sl_engine_url_parse(&url, w->arena, urls[i], NULL) != SL_EINVAL)
			fail_msg("'%s' was taken", urls[i]);
	}
}

static void sqlite_paths_may_be_relative_or_absolute(void **state)
{
	struct world *w = *state;
	struct sl_engine_url url;

	assert_int_equal(sl_engine_url_parse(&url, w->arena, "sqlite:dev.db", NULL), SL_OK);
	assert_string_equal(url.path, "dev.db");
	assert_int_equal(sl_engine_url_parse(&url, w->arena, "sqlite:///srv/a.db", NULL), SL_OK);
	assert_string_equal(url.path, "/srv/a.db");
}

/* --- SQLite --------------------------------------------------------------------------------- */

static void a_missing_file_is_made_only_when_asked(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;

	w->spec.create = false;
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
	assert_non_null(strstr(err.msg, "does not exist"));
	assert_false(sl_file_exists(w->spec.url.path));
	w->spec.create = true;
	sl_conn_close(opened(&w->spec));
	assert_true(sl_file_exists(w->spec.url.path));
}

static void a_folder_and_a_text_file_are_no_databases(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;

	w->spec.url.path = w->folder;
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
	assert_non_null(strstr(err.msg, "is a folder"));
	w->spec.url.path = sl_path_join(w->arena, w->folder, "text");
	assert_int_equal(
		sl_file_write(w->spec.url.path, "not a database at all, but text", 31, 0600, NULL),
		SL_OK);
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
}

static void rows_are_counted_for_dml_only(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	int64_t rows = 0;

	assert_int_equal(run_sql(conn, "CREATE TABLE t (a)", &rows, NULL), SL_OK);
	assert_int_equal(rows, -1);
	assert_int_equal(run_sql(conn, "INSERT INTO t VALUES (1), (2), (3)", &rows, NULL), SL_OK);
	assert_int_equal(rows, 3);
	assert_int_equal(run_sql(conn, "UPDATE t SET a = 0 WHERE a > 1", &rows, NULL), SL_OK);
	assert_int_equal(rows, 2);
	sl_conn_close(conn);
}

static void an_error_carries_the_code_and_the_place(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_error err = SL_ERROR_INIT;

	assert_int_equal(run_sql(conn, "SELECT 'ä', nope", NULL, &err), SL_EINVAL);
	assert_non_null(strstr(err.msg, "no such column: nope"));
	assert_int_equal(sl_conn_server_error(conn)->position, 13);
	assert_string_equal(sl_conn_server_error(conn)->code, "1");
	sl_conn_close(conn);
}

static void what_was_rolled_back_is_gone(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a)");
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "INSERT INTO t VALUES (1)");
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_OPEN);
	sl_conn_rollback(conn);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_IDLE);
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
}

static void a_canceled_statement_ends_and_has_no_effect(void **state)
{
	struct world *w = *state;
	struct sl_cancel *cancel = sl_cancel_new(sl_clock_system(), NULL, SL_SECOND_US / 20);
	struct sl_conn *conn;
	struct sl_error err = SL_ERROR_INIT;

	w->spec.cancel = cancel;
	conn = opened(&w->spec);
	must(conn, "CREATE TABLE t (a)");
	assert_int_equal(run_sql(conn,
				 "INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL "
				 "SELECT n + 1 FROM c) SELECT n FROM c",
				 NULL, &err),
		SL_ETIMEOUT);
	sl_conn_set_cancel(conn, NULL);
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
	sl_cancel_free(cancel);
}

static void literals_survive_quotes_and_backslashes(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(200);

	sl_buf_adds(&sql, "SELECT ");
	sl_conn_literal(conn, &sql, "it's \\ 'so'");
	assert_string_equal(value(w, conn, sl_buf_str(&sql)), "it's \\ 'so'");
	sl_conn_close(conn);
}

static void a_new_session_forgets_temporary_tables_and_pragmas(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TEMP TABLE t (a)");
	must(conn, "PRAGMA foreign_keys = on");
	assert_int_equal(sl_conn_reset(conn, NULL), SL_OK);
	assert_string_equal(value(w, conn, "PRAGMA foreign_keys"), "0");
	assert_int_equal(run_sql(conn, "SELECT * FROM t", NULL, NULL), SL_EINVAL);
	sl_conn_close(conn);
}

static void estimates_count_what_a_statement_would_touch(void **state)
{
	static const struct {
		const char *sql;
		enum sl_estimate_kind kind;
		int64_t rows;
	} cases[] = {
		{ "DELETE FROM t", SL_ESTIMATE_EXACT, 10 },
		{ "DELETE FROM t WHERE a <= 3", SL_ESTIMATE_EXACT, 3 },
		{ "delete from t where a in (select a from t where a > 8) returning a",
			SL_ESTIMATE_EXACT, 2 },
		{ "UPDATE t SET a = (SELECT max(a) FROM t WHERE a < 5) WHERE a > 5",
			SL_ESTIMATE_EXACT, 5 },
		{ "UPDATE OR IGNORE t AS x SET a = 1", SL_ESTIMATE_EXACT, 10 },
		{ "UPDATE t SET a = 1 FROM u WHERE u.b = t.a", SL_ESTIMATE_EXACT, 1 },
		{ "INSERT INTO t VALUES (1), (2)", SL_ESTIMATE_EXACT, 2 },
		{ "INSERT INTO t (a) SELECT a FROM t WHERE a < 5 ON CONFLICT DO NOTHING",
			SL_ESTIMATE_EXACT, 4 },
		{ "WITH c AS (SELECT 2 AS n) DELETE FROM t WHERE a = (SELECT n FROM c)",
			SL_ESTIMATE_EXACT, 1 },
		{ "DROP TABLE t", SL_ESTIMATE_UNKNOWN, 0 },
		{ "DELETE FROM nowhere", SL_ESTIMATE_UNKNOWN, 0 },
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a)");
	must(conn,
		"INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
		"WHERE n < 10) SELECT n FROM c");
	must(conn, "CREATE TABLE u (b)");
	must(conn, "INSERT INTO u VALUES (7)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_estimate estimate;

		assert_int_equal(sl_conn_estimate(conn, cases[i].sql, strlen(cases[i].sql),
					 SL_SECOND_US, &estimate, NULL),
			SL_OK);
		if (estimate.kind != cases[i].kind || estimate.rows != cases[i].rows)
			fail_msg("%s: kind %d, %d rows", cases[i].sql, (int)estimate.kind,
				(int)estimate.rows);
	}
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "10");
	sl_conn_close(conn);
}

static void an_estimate_gives_up_at_its_limit(void **state)
{
	static const char endless[] = "INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL "
				      "SELECT n + 1 FROM c) SELECT n FROM c";
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_estimate estimate;

	must(conn, "CREATE TABLE t (a)");
	assert_int_equal(sl_conn_estimate(conn, endless, strlen(endless), SL_SECOND_US / 20,
				 &estimate, NULL),
		SL_OK);
	assert_int_equal(estimate.kind, SL_ESTIMATE_UNKNOWN);
	sl_conn_close(conn);
}

/* --- the fake ------------------------------------------------------------------------------- */

struct fates {
	enum sl_fake_point point;
	enum sl_fake_fate fate;
	unsigned after; /* how many go well before */
};

static enum sl_fake_fate scripted(void *ctx, const char *database, enum sl_fake_point point,
	const char *sql, size_t len)
{
	struct fates *fates = ctx;

	(void)database;
	(void)sql;
	(void)len;
	if (point != fates->point)
		return SL_FAKE_GOES_WELL;
	if (fates->after > 0) {
		fates->after--;
		return SL_FAKE_GOES_WELL;
	}
	fates->point = SL_FAKE_POINT_COUNT;
	return fates->fate;
}

static void a_fake_database_outlives_its_sessions(void **state)
{
	struct world *w = *state;
	struct sl_fake_world *fake = sl_fake_world_new(NULL);
	struct sl_conn *conn;

	w->spec.fake = fake;
	conn = opened(&w->spec);
	must(conn, "CREATE TABLE t (a)");
	sl_conn_close(conn);
	conn = opened(&w->spec);
	must(conn, "INSERT INTO t VALUES (1)");
	sl_conn_close(conn);
	assert_false(sl_file_exists(w->spec.url.path));
	sl_fake_world_free(fake);
}

static void a_lost_answer_to_a_commit_is_unknown_and_done(void **state)
{
	struct world *w = *state;
	struct fates fates = { SL_FAKE_COMMIT, SL_FAKE_ANSWER_LOST, 0 };
	struct sl_fake_script script = { scripted, &fates };
	struct sl_fake_world *fake = sl_fake_world_new(&script);
	struct sl_conn *conn;

	w->spec.fake = fake;
	conn = opened(&w->spec);
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "CREATE TABLE t (a)");
	assert_int_equal(sl_conn_commit(conn, NULL), SL_EUNKNOWN);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_LOST);
	sl_conn_close(conn);
	conn = opened(&w->spec);
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
	sl_fake_world_free(fake);
}

static void a_crash_undoes_what_is_open_and_stops_everybody(void **state)
{
	struct world *w = *state;
	struct fates fates = { SL_FAKE_EXEC, SL_FAKE_CRASHES_AFTER, 1 };
	struct sl_fake_script script = { scripted, &fates };
	struct sl_fake_world *fake = sl_fake_world_new(&script);
	struct sl_conn *conn, *other = NULL;

	w->spec.fake = fake;
	conn = opened(&w->spec);
	must(conn, "CREATE TABLE t (a)");
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	assert_int_equal(run_sql(conn, "INSERT INTO t VALUES (1)", NULL, NULL), SL_EUNAVAIL);
	assert_true(sl_fake_crashed(fake));
	assert_int_equal(sl_conn_open(&other, &w->spec, NULL), SL_EUNAVAIL);
	sl_fake_revive(fake);
	sl_conn_close(conn);
	conn = opened(&w->spec);
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
	sl_fake_world_free(fake);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(a_postgres_url_is_taken_apart),
		WITH(a_postgres_url_may_name_a_socket_or_an_ipv6_address),
		WITH(a_password_in_a_url_is_refused_and_never_repeated),
		WITH(what_is_no_url_of_an_engine_is_refused),
		WITH(sqlite_paths_may_be_relative_or_absolute),
		WITH(a_missing_file_is_made_only_when_asked),
		WITH(a_folder_and_a_text_file_are_no_databases),
		WITH(rows_are_counted_for_dml_only),
		WITH(an_error_carries_the_code_and_the_place),
		WITH(what_was_rolled_back_is_gone),
		WITH(a_canceled_statement_ends_and_has_no_effect),
		WITH(literals_survive_quotes_and_backslashes),
		WITH(a_new_session_forgets_temporary_tables_and_pragmas),
		WITH(estimates_count_what_a_statement_would_touch),
		WITH(an_estimate_gives_up_at_its_limit),
		WITH(a_fake_database_outlives_its_sessions),
		WITH(a_lost_answer_to_a_commit_is_unknown_and_done),
		WITH(a_crash_undoes_what_is_open_and_stops_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
