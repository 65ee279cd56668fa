#include "engine_mysql_world.h"

#include "sluice/schema/catalog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

/* --- connecting ----------------------------------------------------------------------------- */

static void the_server_says_which_of_the_two_it_is(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	assert_int_equal(w->spec.url.dialect, SL_DIALECT_MYSQL);
	assert_int_equal(sl_conn_dialect(conn), is_mysql() ? SL_DIALECT_MYSQL : SL_DIALECT_MARIADB);
	if (is_mysql())
		assert_true(sl_conn_version(conn) >= 80000);
	else
		assert_int_equal(sl_conn_version(conn) / 100, 1011);
	sl_conn_close(conn);
}

static void a_socket_is_reached_by_its_path(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn;

	point_at(w,
		sl_arena_printf(w->arena, "mariadb://%s@/%s?host=%s",
			environment("SLUICE_TEST_MARIADB_USER"), w->database,
			environment("SLUICE_TEST_MARIADB_SOCKET")));
	conn = opened(&w->spec);
	assert_string_equal(value(w, conn, "SELECT DATABASE()"), w->database);
	sl_conn_close(conn);
}

static void a_wrong_password_is_denied_and_not_repeated(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;

	w->spec.password = "hunter2";
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EDENIED);
	assert_non_null(strstr(err.msg, "Access denied"));
	assert_null(strstr(err.msg, "hunter2"));
}

static void the_right_password_is_taken(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn;

	must(w->other,
		sl_arena_printf(w->arena, "CREATE USER u%s IDENTIFIED BY 'o''ne \\\\ two'",
			w->database));
	must(w->other,
		sl_arena_printf(w->arena, "GRANT ALL ON %s.* TO u%s", w->database, w->database));
	w->spec.url.user = sl_arena_printf(w->arena, "u%s", w->database);
	w->spec.password = "o'ne \\ two";
	conn = opened(&w->spec);
	sl_conn_close(conn);
	must(w->other, sl_arena_printf(w->arena, "DROP USER u%s", w->database));
}

/* A socket that listens; nobody answers on it. */
static int silent_server(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void nobody_there_is_said_at_once(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;
	uint16_t port;
	int fd = silent_server(&port);

	(void)close(fd);
	point_at(w, url_to(w, sl_arena_printf(w->arena, "%u", port), w->database));
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
	assert_non_null(strstr(err.msg, "connect: "));
}

static void a_server_that_does_not_answer_is_given_up_in_time(void **state)
{
	struct world *w = *state;
	const struct sl_clock *clock = sl_clock_system();
	struct sl_conn *conn = NULL;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_cancel *cancel;
	int64_t began = sl_clock_mono(clock);
	uint16_t port;
	int fd = silent_server(&port);

	point_at(w, url_to(w, sl_arena_printf(w->arena, "%u", port), w->database));
	w->spec.connect_timeout_us = SL_SECOND_US / 5;
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
	assert_non_null(strstr(err.msg, "no answer in time"));
	w->spec.connect_timeout_us = 60 * SL_SECOND_US;
	cancel = sl_cancel_new(clock, NULL, SL_SECOND_US / 5);
	w->spec.cancel = cancel;
	assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_ETIMEOUT);
	assert_true(sl_clock_mono(clock) - began < 30 * SL_SECOND_US);
	sl_cancel_free(cancel);
	(void)close(fd);
}

static void tls_is_never_done_without_where_it_is_asked_for(void **state)
{
	static const char *const modes[] = { "require", "verify-full" };
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct sl_conn *conn = NULL;
		struct sl_error err = SL_ERROR_INIT;

		point_at(w,
			url_to(w, environment("SLUICE_TEST_MARIADB_PORT"),
				sl_arena_printf(w->arena, "%s?sslmode=%s", w->database, modes[i])));
		if (is_mysql() && i == 0) { /* it always has a certificate of its own */
			sl_conn_close(opened(&w->spec));
			continue;
		}
		assert_int_equal(sl_conn_open(&conn, &w->spec, &err), SL_EUNAVAIL);
		assert_non_null(strstr(err.msg, "TLS"));
	}
}

static void nothing_is_written_in_a_session_that_only_reads(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn;

	w->spec.read_only = true;
	conn = opened(&w->spec);
	assert_int_equal(run_sql(conn, "CREATE TABLE t (a int)", NULL, NULL), SL_EUNAVAIL);
	sl_conn_close(conn);
	assert_string_equal(value(w, w->other,
				    "SELECT count(*) FROM information_schema.tables "
				    "WHERE table_schema = DATABASE()"),
		"0");
}

/* --- statements ----------------------------------------------------------------------------- */

static void rows_are_counted_for_dml_only(void **state)
{
	static const struct {
		const char *sql;
		int64_t rows;
	} cases[] = {
		{ "CREATE TABLE t (a int) ENGINE=InnoDB", -1 },
		{ "INSERT INTO t VALUES (1), (2), (3)", 3 },
		{ "/* why */ UPDATE t SET a = 0 WHERE a > 1", 2 },
		{ "-- why\nDELETE FROM t WHERE a = 1", 1 },
		{ "ALTER TABLE t ADD COLUMN b int, ALGORITHM=COPY", -1 },
		{ "SELECT * FROM t", -1 },
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t rows = -7;

		assert_int_equal(run_sql(conn, cases[i].sql, &rows, NULL), SL_OK);
		if (rows != cases[i].rows)
			fail_msg("%s: %d rows", cases[i].sql, (int)rows);
	}
	sl_conn_close(conn);
}

static void a_migrations_statement_is_one_for_the_server_too(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	assert_int_equal(
		run_sql(conn, "CREATE TABLE a (x int); CREATE TABLE b (x int)", NULL, NULL),
		SL_EINVAL);
	assert_null(value(w, conn, "SHOW TABLES"));
	sl_conn_close(conn);
}

static void all_results_of_a_procedure_are_read(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int)");
	must(conn,
		"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2, 3; INSERT INTO t VALUES (4); "
		"SELECT a FROM t; END");
	must(conn, "CALL p()");
	assert_string_equal(value(w, conn, "SELECT sum(a) FROM t"), "4");
	must(conn, "DROP PROCEDURE p");
	must(conn, "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT * FROM nowhere; END");
	assert_int_equal(run_sql(conn, "CALL p()", NULL, NULL), SL_EINVAL);
	assert_string_equal(sl_conn_server_error(conn)->code, "1146");
	assert_string_equal(value(w, conn, "SELECT 5"), "5");
	sl_conn_close(conn);
}

static void an_error_carries_the_number_and_the_place(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_error err = SL_ERROR_INIT;

	assert_int_equal(run_sql(conn, "SELECT 'ä',\n  1 WHENCE x", NULL, &err), SL_EINVAL);
	assert_string_equal(sl_conn_server_error(conn)->code, "1064");
	assert_int_equal(sl_conn_server_error(conn)->position, 24);
	assert_int_equal(run_sql(conn, "SELECT nope", NULL, &err), SL_EINVAL);
	assert_string_equal(sl_conn_server_error(conn)->code, "1054");
	assert_non_null(strstr(err.msg, "Unknown column 'nope'"));
	sl_conn_close(conn);
}

static void row_values_are_cut_out_of_messages(void **state)
{
	static const char *const cases[] = {
		"INSERT INTO t (a) VALUES ('se''cret'' for key ''x')",
		"INSERT INTO t (b) VALUES ('secret')",
		"INSERT INTO t (b) SELECT a FROM t",
		"INSERT INTO t (c) VALUES ('secret')",
		"ALTER TABLE t MODIFY a int",
		"INSERT INTO p VALUES (5, 'secret')",
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a varchar(40) UNIQUE, b int, c date)");
	must(conn,
		"CREATE TABLE p (a int, b varchar(10)) PARTITION BY LIST COLUMNS (b) "
		"(PARTITION x VALUES IN ('x'))");
	must(conn, "INSERT INTO t (a) VALUES ('secret'), ('se''cret'' for key ''x')");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(run_sql(conn, cases[i], NULL, &err), SL_EINVAL);
		if (strstr(err.msg, "cret"))
			fail_msg("%s: %s", cases[i], err.msg);
	}
	sl_conn_close(conn);
}

static void a_statement_that_is_too_long_is_not_sent(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	size_t len = (size_t)(is_mysql() ? 65 : 17) << 20;
	char *sql = malloc(len + 1);
	struct sl_error err = SL_ERROR_INIT;

	assert_non_null(sql);
	memset(sql, ' ', len);
	sql[len] = '\0';
	memcpy(sql, "DO 1", 4);
	assert_int_equal(run_sql(conn, sql, NULL, &err), SL_ELIMIT);
	assert_non_null(strstr(err.msg, "max_allowed_packet"));
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_IDLE);
	free(sql);
	sl_conn_close(conn);
}

static void literals_mean_the_same_under_every_mode(void **state)
{
	const char *const settings[] = { "SET sql_mode = ''",
		"SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'", "SET NAMES latin1",
		"SET NAMES gbk", is_mysql() ? "SET sql_mode = 'ANSI'" : "SET sql_mode = 'ORACLE'" };
	static const char *const texts[] = { "", "plain", "it's \\ \"so\"; DROP", "ä€😀", "\\", "'",
		"a\nb\t\x7f", "\xbf'; --" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct sl_conn *conn = opened(&w->spec);

		must(conn, settings[i]);
		for (size_t j = 0; j + 1 < sizeof(texts) / sizeof(texts[0]); j++) {
			sl_auto_buf struct sl_buf sql = SL_BUF_INIT(400);
			sl_auto_buf struct sl_buf hex = SL_BUF_INIT(400);

			for (const char *c = texts[j]; *c != '\0'; c++)
				sl_buf_addf(&hex, "%02X", (unsigned)(unsigned char)*c);
			sl_buf_adds(&sql, "SELECT HEX(CONVERT(");
			sl_conn_literal(conn, &sql, texts[j]);
			sl_buf_adds(&sql, " USING utf8mb4))");
			assert_string_equal(value(w, conn, sl_buf_str(&sql)), sl_buf_str(&hex));
		}
		sl_conn_close(conn);
	}
}

static void several_statements_of_ours_end_with_the_last_ones_rows(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	assert_string_equal(value(w, conn,
				    "CREATE TABLE `a;b` (x varchar(9)); INSERT INTO `a;b` VALUES "
				    "('1;2'), (NULL); SELECT x FROM `a;b` ORDER BY x DESC"),
		"1;2");
	sl_conn_close(conn);
}

/* How many messages the session has sent. */
static int64_t messages(struct world *w, struct sl_conn *conn)
{
	int64_t n = -1;

	assert_true(
		sl_parse_i64(value(w, conn,
				     "SELECT variable_value FROM information_schema.session_status "
				     "WHERE variable_name = 'QUESTIONS'"),
			0, INT64_MAX, &n));
	return n;
}

static const char in_a_transaction[] =
	"START TRANSACTION READ WRITE; SELECT a FROM t FOR UPDATE; UPDATE t SET a = a + 1; "
	"INSERT INTO t VALUES (7); ";

static void what_is_written_in_a_transaction_is_one_message_for_mariadb(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	int64_t before;

	if (is_mysql()) {
		sl_conn_close(conn);
		return;
	}
	must(conn, "CREATE TABLE t (a int PRIMARY KEY)");
	must(conn, "INSERT INTO t VALUES (1)");
	before = messages(w, conn);
	assert_string_equal(value(w, conn, in_a_transaction), "1");
	assert_int_equal(messages(w, conn) - before, 2);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_OPEN);
	assert_int_equal(sl_conn_commit(conn, NULL), SL_OK);
	assert_string_equal(value(w, w->other, "SELECT group_concat(a ORDER BY a) FROM t"), "2,7");
	sl_conn_close(conn);
}

static void the_first_failure_ends_what_is_written(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int PRIMARY KEY)");
	assert_int_equal(sl_conn_query(conn, NULL, NULL,
				 "START TRANSACTION READ WRITE; INSERT INTO t VALUES (1); "
				 "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)",
				 NULL),
		SL_EINVAL);
	assert_string_equal(sl_conn_server_error(conn)->code, "1062");
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_OPEN);
	assert_string_equal(value(w, conn, "SELECT group_concat(a) FROM t"), "1");
	sl_conn_rollback(conn);
	assert_null(value(w, conn, "SELECT group_concat(a) FROM t"));
	sl_conn_close(conn);
}

static void the_mode_of_another_database_changes_nothing_of_it(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int PRIMARY KEY)");
	must(conn, "INSERT INTO t VALUES (1)");
	must(conn, is_mysql() ? "SET sql_mode = 'ANSI'" : "SET sql_mode = 'ORACLE'");
	assert_string_equal(value(w, conn, in_a_transaction), "1");
	assert_int_equal(sl_conn_query(conn, NULL, NULL,
				 "INSERT INTO t VALUES (8); INSERT INTO t VALUES (9)", NULL),
		SL_OK);
	assert_int_equal(sl_conn_commit(conn, NULL), SL_OK);
	assert_string_equal(value(w, w->other, "SELECT group_concat(a ORDER BY a) FROM t"),
		"2,7,8,9");
	sl_conn_close(conn);
}

static void what_together_is_too_long_for_a_message_is_sent_one_by_one(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT((size_t)200 << 20);

	must(conn, "CREATE TABLE t (a int PRIMARY KEY)");
	must(conn, "INSERT INTO t VALUES (1)");
	sl_buf_adds(&sql, in_a_transaction);
	for (unsigned i = 0; i < 2; i++) {
		sl_buf_addf(&sql, "INSERT INTO t VALUES (%*u", (is_mysql() ? 40 : 9) << 20, i + 20);
		sl_buf_adds(&sql, "); ");
	}
	assert_true(sl_buf_ok(&sql));
	assert_string_equal(value(w, conn, sl_buf_str(&sql)), "1");
	assert_int_equal(sl_conn_commit(conn, NULL), SL_OK);
	assert_string_equal(value(w, w->other, "SELECT group_concat(a ORDER BY a) FROM t"),
		"2,7,20,21");
	sl_conn_close(conn);
}

/* --- transactions --------------------------------------------------------------------------- */

static void what_was_rolled_back_is_gone(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int)");
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "INSERT INTO t VALUES (1)");
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_OPEN);
	sl_conn_rollback(conn);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_IDLE);
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "INSERT INTO t VALUES (2)");
	assert_int_equal(sl_conn_commit(conn, NULL), SL_OK);
	assert_string_equal(value(w, w->other, "SELECT group_concat(a) FROM t"), "2");
	sl_conn_close(conn);
}

static void a_statement_that_commits_by_itself_is_seen_at_the_commit(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "CREATE TABLE t (a int)");
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_IDLE);
	assert_int_equal(sl_conn_commit(conn, NULL), SL_EUNKNOWN);
	sl_conn_close(conn);
}

static void a_deadlock_is_busy_and_leaves_no_transaction(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_error err = SL_ERROR_INIT;

	must(conn, "CREATE TABLE t (a int PRIMARY KEY)");
	must(conn, "INSERT INTO t VALUES (1)");
	assert_int_equal(sl_conn_begin(w->other, true, NULL), SL_OK);
	must(w->other, "SELECT a FROM t FOR UPDATE");
	must(conn, "SET innodb_lock_wait_timeout = 1");
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	assert_int_equal(run_sql(conn, "UPDATE t SET a = 2", NULL, &err), SL_EBUSY);
	assert_string_equal(sl_conn_server_error(conn)->code, "1205");
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_OPEN);
	sl_conn_rollback(conn);
	sl_conn_rollback(w->other);
	sl_conn_close(conn);
}

static void a_killed_session_is_lost_and_says_so(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	const char *id = value(w, conn, "SELECT CONNECTION_ID()");

	must(conn, "CREATE TABLE t (a int)");
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "INSERT INTO t VALUES (1)");
	must(w->other, sl_arena_printf(w->arena, "KILL %s", id));
	await_gone(w, id);
	assert_int_equal(run_sql(conn, "INSERT INTO t VALUES (2)", NULL, NULL), SL_EUNAVAIL);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_LOST);
	assert_false(sl_conn_alive(conn));
	assert_int_equal(sl_conn_commit(conn, NULL), SL_EUNAVAIL);
	assert_string_equal(value(w, w->other, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
}

/* --- cancel --------------------------------------------------------------------------------- */

static void a_canceled_statement_ends_and_the_session_goes_on(void **state)
{
	static const char *const statements[] = {
		"INSERT INTO t SELECT SLEEP(1) FROM " NUMBERS(1000),
		"WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) "
		"SELECT count(*) FROM n AS a JOIN n AS b JOIN n AS c JOIN n AS d",
		"SELECT seq, SLEEP(1) FROM " NUMBERS(1000),
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int)");
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct sl_cancel *cancel = sl_cancel_new(sl_clock_system(), NULL,
			SL_SECOND_US / 10);
		struct sl_error err = SL_ERROR_INIT;
		enum sl_code code;

		sl_conn_set_cancel(conn, cancel);
		code = run_sql(conn, statements[i], NULL, &err);
		sl_conn_set_cancel(conn, NULL);
		sl_cancel_free(cancel);
		if (code != SL_ETIMEOUT)
			fail_msg("%s: %d %s", statements[i], (int)code, err.msg);
		assert_string_equal(value(w, conn, "SELECT SLEEP(0.01)"), "0");
	}
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "0");
	sl_conn_close(conn);
}

/* Rows enough for a copy that takes a while. */
static void fill(struct sl_conn *conn, const char *table)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(400);

	sl_buf_addf(&sql, "CREATE TABLE %s (a int PRIMARY KEY AUTO_INCREMENT, b varchar(200))",
		table);
	must(conn, sl_buf_str(&sql));
	sl_buf_clear(&sql);
	sl_buf_addf(&sql,
		"INSERT INTO %s (b) WITH RECURSIVE n (x) AS "
		"(SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) "
		"SELECT repeat('x', 200) FROM n AS a JOIN n AS b WHERE b.x <= 300",
		table);
	must(conn, sl_buf_str(&sql));
}

static void a_canceled_alter_leaves_the_table_as_it_was(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_cancel *cancel;
	struct sl_error err = SL_ERROR_INIT;

	fill(conn, "t");
	cancel = sl_cancel_new(sl_clock_system(), NULL, SL_SECOND_US / 10);
	sl_conn_set_cancel(conn, cancel);
	assert_int_equal(
		run_sql(conn, "ALTER TABLE t ADD COLUMN c int, ALGORITHM=COPY", NULL, &err),
		SL_ETIMEOUT);
	sl_conn_set_cancel(conn, NULL);
	sl_cancel_free(cancel);
	assert_string_equal(value(w, conn,
				    "SELECT count(*) FROM information_schema.columns "
				    "WHERE table_schema = DATABASE()"),
		"2");
	sl_conn_close(conn);
}

static void another_thread_may_interrupt(void **state)
{
	struct world *w = *state;
	struct sleeper sleeper = { opened(&w->spec), SL_OK };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper), 0);
	await_value(w,
		"SELECT count(*) > 0 FROM information_schema.processlist "
		"WHERE info LIKE 'SELECT /* here */%' AND db = DATABASE()",
		"1");
	sl_conn_interrupt(sleeper.conn);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sleeper.code, SL_EINVAL);
	assert_string_equal(value(w, sleeper.conn, "SELECT 1"), "1");
	sl_conn_close(sleeper.conn);
}

/* --- a connection that is cut --------------------------------------------------------------- */

enum cut { CUT_BEFORE, CUT_AFTER };

struct relay {
	int listener;
	enum cut cut;
	const char *at; /* the message that is cut */
	unsigned messages; /* chunks from the client */
};

/* Passes one chunk on; false when it is time to cut. */
static bool pass(struct relay *relay, int from, int to, bool to_server, bool *cut_next)
{
	char chunk[65536];
	ssize_t n = recv(from, chunk, sizeof(chunk), 0);
	bool found;

	if (n <= 0)
		return false;
	if (!to_server && *cut_next)
		return false;
	relay->messages += to_server;
	found = to_server && memmem(chunk, (size_t)n, relay->at, strlen(relay->at));
	if (found && relay->cut == CUT_BEFORE)
		return false;
	*cut_next = *cut_next || found;
	return send(to, chunk, (size_t)n, MSG_NOSIGNAL) == n;
}

static int dial(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int64_t port = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(sl_parse_i64(environment("SLUICE_TEST_MARIADB_PORT"), 1, UINT16_MAX, &port));
	address.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void *relay_one(void *ctx)
{
	struct relay *relay = ctx;
	int client = accept(relay->listener, NULL, NULL), server = dial();
	struct pollfd fds[2] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
	bool cut_next = false, goes_on = true;

	while (goes_on && poll(fds, 2, -1) > 0) {
		if (fds[0].revents != 0)
			goes_on = pass(relay, client, server, true, &cut_next);
		if (goes_on && fds[1].revents != 0)
			goes_on = pass(relay, server, client, false, &cut_next);
	}
	(void)close(client);
	(void)close(server);
	return NULL;
}

static void cut_at_commit(struct world *w, enum cut cut, const char *rows_after)
{
	struct relay relay = { .cut = cut, .at = "COMMIT" };
	struct sl_conn *conn;
	pthread_t thread;
	uint16_t port;

	must(w->other, "CREATE TABLE t (a int)");
	relay.listener = silent_server(&port);
	assert_int_equal(pthread_create(&thread, NULL, relay_one, &relay), 0);
	point_at(w, url_to(w, sl_arena_printf(w->arena, "%u", port), w->database));
	conn = opened(&w->spec);
	assert_int_equal(sl_conn_begin(conn, true, NULL), SL_OK);
	must(conn, "INSERT INTO t VALUES (1)");
	assert_int_equal(sl_conn_commit(conn, NULL), SL_EUNKNOWN);
	assert_int_equal(sl_conn_tx_state(conn), SL_TX_LOST);
	assert_int_equal(pthread_join(thread, NULL), 0);
	await_value(w, "SELECT count(*) FROM t", rows_after);
	sl_conn_close(conn);
	(void)close(relay.listener);
}

static void a_commit_that_was_cut_off_is_unknown(void **state)
{
	cut_at_commit(*state, CUT_BEFORE, "0");
}

static void a_commit_whose_answer_was_cut_off_is_unknown_and_done(void **state)
{
	cut_at_commit(*state, CUT_AFTER, "1");
}

/* A message may arrive in several chunks, a chunk never holds two messages. */
static void a_thousand_tables_are_read_in_a_handful_of_messages(void **state)
{
	struct world *w = *state;
	struct relay relay = { .at = "no such message" };
	const struct sl_catalog *catalog = NULL;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_conn *conn;
	pthread_t thread;
	uint16_t port;

	for (unsigned i = 0; i < 1000; i++)
		must(w->other,
			sl_arena_printf(w->arena, "CREATE TABLE t%u (a int) ENGINE=%s", i,
				is_mysql() ? "MyISAM" : "Aria"));
	relay.listener = silent_server(&port);
	assert_int_equal(pthread_create(&thread, NULL, relay_one, &relay), 0);
	point_at(w, url_to(w, sl_arena_printf(w->arena, "%u", port), w->database));
	conn = opened(&w->spec);
	if (sl_conn_introspect(conn, &catalog, &err) != SL_OK)
		fail_msg("%s", err.msg);
	sl_conn_close(conn);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_non_null(sl_catalog_table(catalog, "", "t999"));
	sl_catalog_unref(catalog);
	if (relay.messages > 60)
		fail_msg("%u messages", relay.messages);
	(void)close(relay.listener);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(the_server_says_which_of_the_two_it_is),
		WITH(a_socket_is_reached_by_its_path),
		WITH(a_wrong_password_is_denied_and_not_repeated),
		WITH(the_right_password_is_taken),
		WITH(nobody_there_is_said_at_once),
		WITH(a_server_that_does_not_answer_is_given_up_in_time),
		WITH(tls_is_never_done_without_where_it_is_asked_for),
		WITH(nothing_is_written_in_a_session_that_only_reads),
		WITH(rows_are_counted_for_dml_only),
		WITH(a_migrations_statement_is_one_for_the_server_too),
		WITH(all_results_of_a_procedure_are_read),
		WITH(an_error_carries_the_number_and_the_place),
		WITH(row_values_are_cut_out_of_messages),
		WITH(a_statement_that_is_too_long_is_not_sent),
		WITH(literals_mean_the_same_under_every_mode),
		WITH(several_statements_of_ours_end_with_the_last_ones_rows),
		WITH(what_is_written_in_a_transaction_is_one_message_for_mariadb),
		WITH(the_first_failure_ends_what_is_written),
		WITH(the_mode_of_another_database_changes_nothing_of_it),
		WITH(what_together_is_too_long_for_a_message_is_sent_one_by_one),
		WITH(what_was_rolled_back_is_gone),
		WITH(a_statement_that_commits_by_itself_is_seen_at_the_commit),
		WITH(a_deadlock_is_busy_and_leaves_no_transaction),
		WITH(a_killed_session_is_lost_and_says_so),
		WITH(a_canceled_statement_ends_and_the_session_goes_on),
		WITH(a_canceled_alter_leaves_the_table_as_it_was),
		WITH(another_thread_may_interrupt),
		WITH(a_commit_that_was_cut_off_is_unknown),
		WITH(a_commit_whose_answer_was_cut_off_is_unknown_and_done),
		WITH(a_thousand_tables_are_read_in_a_handful_of_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
