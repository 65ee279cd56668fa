#include "engine_mysql_world.h"

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

/* --- lock and reset ------------------------------------------------------------------------- */

static bool takes(struct world *w, struct sl_conn *conn, const char *scope, const char **holder)
{
	struct sl_error err = SL_ERROR_INIT;
	bool got = false;

	if (sl_conn_lock(conn, scope, &got, holder, w->arena, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return got;
}

static bool holds(struct sl_conn *conn, const char *scope)
{
	bool held = false;

	assert_int_equal(sl_conn_lock_held(conn, scope, &held, NULL), SL_OK);
	return held;
}

static void a_lock_is_one_per_database_and_scope(void **state)
{
	struct world *w = *state;
	struct sl_conn *one = opened(&w->spec), *two = opened(&w->spec), *elsewhere;
	const char *holder = NULL, *id = value(w, one, "SELECT CONNECTION_ID()");

	assert_true(takes(w, one, "default", NULL));
	assert_true(takes(w, one, "default", NULL));
	assert_false(takes(w, two, "default", &holder));
	assert_non_null(strstr(holder, id));
	assert_non_null(strstr(holder, "sluice@127.0.0.1"));
	assert_true(takes(w, two, "other", NULL));
	assert_true(holds(one, "default"));
	assert_false(holds(two, "default"));
	point_at(w, url_to(w, environment("SLUICE_TEST_MARIADB_PORT"), "mysql"));
	elsewhere = opened(&w->spec);
	assert_true(takes(w, elsewhere, "default", NULL));
	sl_conn_close(elsewhere);
	sl_conn_close(one);
	await_gone(w, id);
	assert_true(takes(w, two, "default", NULL));
	sl_conn_close(two);
}

static void a_reset_forgets_the_file_and_keeps_the_lock(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec), *rival = opened(&w->spec);
	struct sl_error err = SL_ERROR_INIT;

	assert_true(takes(w, conn, "default", NULL));
	must(conn, "SET sql_mode = 'ANSI_QUOTES', @mine = 5, autocommit = 0, wait_timeout = 3");
	must(conn, "SET NAMES latin1");
	must(conn, "CREATE TEMPORARY TABLE t (a int)");
	must(conn, "PREPARE p FROM 'SELECT 1'");
	must(conn, "USE mysql");
	if (sl_conn_reset(conn, &err) != SL_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(value(w, conn, "SELECT @@sql_mode LIKE '%ANSI_QUOTES%'"), "0");
	assert_null(value(w, conn, "SELECT @mine"));
	assert_string_equal(value(w, conn, "SELECT @@autocommit"), "1");
	assert_string_equal(value(w, conn, "SELECT @@wait_timeout"), "28800");
	assert_string_equal(value(w, conn, "SELECT @@character_set_client"), "utf8mb4");
	assert_string_equal(value(w, conn, "SELECT DATABASE()"), w->database);
	assert_int_equal(run_sql(conn, "SELECT * FROM t", NULL, NULL), SL_EINVAL);
	assert_int_equal(run_sql(conn, "EXECUTE p", NULL, NULL), SL_EINVAL);
	assert_true(holds(conn, "default"));
	assert_false(takes(w, rival, "default", NULL));
	sl_conn_close(rival);
	sl_conn_close(conn);
}

struct rival {
	struct world *w;
	struct sl_conn *conn;
	_Atomic bool stop, got;
	unsigned tries;
};

static void *try_for_the_lock(void *ctx)
{
	struct rival *rival = ctx;
	bool got = false;

	while (!rival->stop &&
		sl_conn_lock(rival->conn, "default", &got, NULL, NULL, NULL) == SL_OK) {
		rival->tries++;
		if (got)
			rival->got = true;
	}
	return NULL;
}

static void nobody_gets_the_lock_while_it_is_kept_over_resets(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct rival rival = { .w = w, .conn = opened(&w->spec) };
	pthread_t thread;

	assert_true(takes(w, conn, "default", NULL));
	assert_int_equal(pthread_create(&thread, NULL, try_for_the_lock, &rival), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(sl_conn_reset(conn, NULL), SL_OK);
	rival.stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(rival.tries > 20);
	assert_false(rival.got);
	assert_true(holds(conn, "default"));
	sl_conn_close(rival.conn);
	sl_conn_close(conn);
}

/* --- other sessions, and objects ------------------------------------------------------------ */

/* The server's list lags a little behind the answers that it gives. */
static void await_busy(struct world *w, const char *name, bool busy, struct sl_session *seen)
{
	const struct sl_clock *clock = sl_clock_system();
	int64_t until = sl_clock_mono(clock) + 30 * SL_SECOND_US;

	do {
		assert_int_equal(sl_conn_look(w->other, name, seen, w->arena, NULL), SL_OK);
		assert_true(sl_clock_mono(clock) < until);
	} while (!seen->there || seen->busy != busy);
}

static void a_session_can_be_looked_for_by_its_name(void **state)
{
	struct world *w = *state;
	struct sleeper sleeper = { opened(&w->spec), SL_OK };
	struct sl_session seen;
	const char *name = NULL;
	pthread_t thread;

	assert_int_equal(sl_conn_session(sleeper.conn, &name, w->arena, NULL), SL_OK);
	await_busy(w, name, false, &seen);
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper), 0);
	await_busy(w, name, true, &seen);
	assert_string_equal(seen.statement, SLEEP_LONG);
	sl_conn_interrupt(sleeper.conn);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sl_conn_close(sleeper.conn);
	await_gone(w, sl_arena_strndup(w->arena, name, strcspn(name, "@")));
	assert_int_equal(sl_conn_look(w->other, name, &seen, w->arena, NULL), SL_OK);
	assert_false(seen.there);
}

/* A copy of 100 rows that takes some seconds. */
static const char slow_alter[] =
	"ALTER TABLE t ADD COLUMN c varchar(128) DEFAULT (sha2(repeat(a, 2000000), 512)), "
	"ALGORITHM=COPY";

/* In a process of its own: says which session it is, takes the lock, and alters. */
static void alter_and_never_return(struct world *w, int out)
{
	struct sl_conn *conn = opened(&w->spec);
	const char *name = NULL;

	if (sl_conn_session(conn, &name, w->arena, NULL) != SL_OK ||
		!takes(w, conn, "default", NULL) || write(out, name, strlen(name) + 1) < 0)
		_exit(1);
	(void)run_sql(conn, slow_alter, NULL, NULL);
	_exit(2);
}

static void an_alter_outlives_its_client_and_is_found(void **state)
{
	static const char altering[] =
		"SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() "
		"AND state = 'copy to tmp table'";
	struct world *w = *state;
	struct sl_conn *rival = opened(&w->spec);
	struct sl_session seen;
	const char *holder = NULL;
	char name[64] = "";
	int ends[2], status;
	pid_t child;

	must(w->other, "CREATE TABLE t (a int)");
	must(w->other, "INSERT INTO t SELECT seq FROM " NUMBERS(100));
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0)
		alter_and_never_return(w, ends[1]);
	assert_true(read(ends[0], name, sizeof(name)) > 0);
	await_value(w, altering, "1");
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(sl_conn_look(w->other, name, &seen, w->arena, NULL), SL_OK);
	assert_true(seen.there && seen.busy);
	assert_string_equal(seen.doing, "copy to tmp table");
	assert_true(sl_str_starts(seen.shown, "ALTER TABLE t ADD COLUMN c varchar(128)"));
	assert_true(is_mysql() ? seen.percent == -1 : seen.percent >= 0 && seen.percent < 100);
	assert_false(takes(w, rival, "default", &holder));
	assert_non_null(strstr(holder, "busy for"));
	await_gone(w, sl_arena_strndup(w->arena, name, strcspn(name, "@")));
	assert_int_equal(sl_conn_look(w->other, name, &seen, w->arena, NULL), SL_OK);
	assert_false(seen.there);
	assert_true(takes(w, rival, "default", NULL));
	assert_string_equal(value(w, rival, "SELECT count(c) FROM t"), "100");
	sl_conn_close(rival);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void a_session_of_an_earlier_server_is_gone(void **state)
{
	struct world *w = *state;
	struct sl_session seen;
	const char *name = NULL;

	assert_int_equal(sl_conn_session(w->other, &name, w->arena, NULL), SL_OK);
	name = sl_arena_printf(w->arena, "%.*s@1700000000", (int)strcspn(name, "@"), name);
	assert_int_equal(sl_conn_look(w->other, name, &seen, w->arena, NULL), SL_OK);
	assert_false(seen.there);
	assert_int_equal(sl_conn_look(w->other, "", &seen, w->arena, NULL), SL_OK);
	assert_false(seen.there);
}

static struct sl_fingerprint print_of(struct world *w, struct sl_conn *conn,
	enum sl_engine_object_kind kind, const char *name)
{
	struct sl_engine_object object = { kind, NULL, name, true };
	struct sl_fingerprint print;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_fingerprint(conn, &object, &print, w->arena, &err) != SL_OK)
		fail_msg("%s: %s", name, err.msg);
	return print;
}

static void a_fingerprint_tells_a_change_and_not_the_counter(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_fingerprint first, next;

	must(conn,
		"CREATE TABLE t (a int PRIMARY KEY AUTO_INCREMENT, b int COMMENT 'x AUTO_INCREMENT=7') "
		"COMMENT='AUTO_INCREMENT=8'");
	first = print_of(w, conn, SL_ENGINE_TABLE, "t");
	must(conn, "INSERT INTO t (b) VALUES (1), (2)");
	next = print_of(w, conn, SL_ENGINE_TABLE, "t");
	assert_string_equal(first.shape, next.shape);
	assert_string_equal(first.incarnation, next.incarnation);
	assert_true(first.incarnation[0] != '\0');
	must(conn,
		is_mysql() ? "SET sql_mode = 'ANSI_QUOTES'" :
			     "SET sql_mode = 'ANSI_QUOTES,NO_FIELD_OPTIONS'");
	assert_string_equal(print_of(w, conn, SL_ENGINE_TABLE, "t").shape, first.shape);
	must(conn, "ALTER TABLE t COMMENT='AUTO_INCREMENT=9'");
	assert_string_not_equal(print_of(w, conn, SL_ENGINE_TABLE, "t").shape, first.shape);
	sl_conn_close(conn);
}

static void a_truncated_table_has_the_shape_and_another_incarnation(void **state)
{
	const char *name = "T-ä#1";
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	struct sl_fingerprint first, next;

	must(conn, "CREATE TABLE `t-#1 日` (a int)");
	must(conn,
		sl_arena_printf(w->arena,
			"CREATE TABLE `%s` (a int) PARTITION BY HASH (a) PARTITIONS 2", name));
	first = print_of(w, conn, SL_ENGINE_TABLE, name);
	must(conn, "TRUNCATE TABLE `t-#1 日`");
	assert_string_equal(print_of(w, conn, SL_ENGINE_TABLE, name).incarnation,
		first.incarnation);
	must(conn, sl_arena_printf(w->arena, "TRUNCATE TABLE `%s`", name));
	next = print_of(w, conn, SL_ENGINE_TABLE, name);
	assert_string_equal(first.shape, next.shape);
	assert_non_null(strchr(first.incarnation, ','));
	assert_string_not_equal(first.incarnation, next.incarnation);
	sl_conn_close(conn);
}

/* What GROUP_CONCAT cuts off would hide the last of many partitions. */
static void an_incarnation_is_told_whole(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	const char *first;

	must(conn,
		"CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p1 VALUES LESS THAN (1), "
		"PARTITION p2 VALUES LESS THAN (2))");
	must(conn, "SET group_concat_max_len = 4");
	first = print_of(w, conn, SL_ENGINE_TABLE, "t").incarnation;
	must(conn, "ALTER TABLE t TRUNCATE PARTITION p2");
	assert_string_not_equal(print_of(w, conn, SL_ENGINE_TABLE, "t").incarnation, first);
	sl_conn_close(conn);
}

static void numbers_that_were_not_asked_for_are_not_looked_up(void **state)
{
	struct world *w = *state;
	struct sl_engine_object object = { SL_ENGINE_TABLE, NULL, "t", false };
	struct sl_conn *conn = opened(&w->spec);
	struct sl_fingerprint print;

	must(conn, "CREATE TABLE t (a int)");
	assert_int_equal(sl_conn_fingerprint(conn, &object, &print, w->arena, NULL), SL_OK);
	assert_string_equal(print.incarnation, "");
	assert_string_equal(print.shape, print_of(w, conn, SL_ENGINE_TABLE, "t").shape);
	sl_conn_close(conn);
}

static const char *told(struct world *w, struct sl_conn *conn, const char *sql)
{
	const char *text = value(w, conn, sql);

	return text ? text : "null";
}

static void the_lock_is_told_beside_another_question(void **state)
{
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);
	const char *sql = sl_arena_printf(w->arena, "SELECT %s",
		sl_conn_lock_sql(conn, "default", w->arena));
	bool got = false;

	assert_string_not_equal(told(w, conn, sql), "1");
	assert_int_equal(sl_conn_lock(conn, "default", &got, NULL, w->arena, NULL), SL_OK);
	assert_true(got);
	assert_string_equal(value(w, conn, sql), "1");
	assert_string_equal(value(w, w->other, sql), "0");
	must(conn, "DO RELEASE_ALL_LOCKS()");
	assert_string_not_equal(told(w, conn, sql), "1");
	sl_conn_close(conn);
}

/* A name of letters that the servers write in a way of their own. */
static void has_numbers(struct world *w, struct sl_conn *conn, uint32_t from, uint32_t to)
{
	sl_auto_buf struct sl_buf name = SL_BUF_INIT(256);

	for (uint32_t c = from; c < to; c++) {
		char utf8[3] = { (char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)),
			(char)(0x80 | (c & 0x3F)) };

		if (c < 0x800)
			utf8[1] = (char)(0xC0 | c >> 6);
		sl_buf_add(&name, c < 0x800 ? utf8 + 1 : utf8, c < 0x800 ? 2 : 3);
	}
	must(conn, sl_arena_printf(w->arena, "CREATE TABLE `%s` (a int)", sl_buf_str(&name)));
	if (print_of(w, conn, SL_ENGINE_TABLE, sl_buf_str(&name)).incarnation[0] == '\0')
		fail_msg("%s (U+%04X) has no incarnation", sl_buf_str(&name), from);
}

static void a_name_in_any_letters_has_an_incarnation(void **state)
{
	static const struct {
		uint32_t from, to;
	} blocks[] = { { 0xA1, 0x600 }, { 0x1E00, 0x2000 }, { 0x2100, 0x2200 }, { 0x2480, 0x2500 },
		{ 0x3040, 0x3080 }, { 0xFF01, 0xFFF0 } };
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		for (uint32_t c = blocks[i].from; c < blocks[i].to; c += 16)
			has_numbers(w, conn, c, c + 16 < blocks[i].to ? c + 16 : blocks[i].to);
	sl_conn_close(conn);
}

static void every_kind_of_object_is_there_or_absent(void **state)
{
	static const struct {
		enum sl_engine_object_kind kind;
		const char *create;
	} kinds[] = {
		{ SL_ENGINE_TABLE, "CREATE TABLE x (a int)" },
		{ SL_ENGINE_VIEW, "CREATE VIEW x AS SELECT a FROM base" },
		{ SL_ENGINE_SEQUENCE, "CREATE SEQUENCE x" },
		{ SL_ENGINE_TRIGGER,
			"CREATE TRIGGER x BEFORE INSERT ON base FOR EACH ROW SET NEW.a = 1" },
		{ SL_ENGINE_PROCEDURE, "CREATE PROCEDURE x() SELECT 1" },
		{ SL_ENGINE_FUNCTION, "CREATE FUNCTION x() RETURNS int DETERMINISTIC RETURN 1" },
		{ SL_ENGINE_EVENT, "CREATE EVENT x ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1" },
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE base (a int)");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (is_mysql() && kinds[i].kind == SL_ENGINE_SEQUENCE)
			continue;
		assert_string_equal(print_of(w, conn, kinds[i].kind, "x").shape, "");
		must(conn, kinds[i].create);
		assert_int_equal(strlen(print_of(w, conn, kinds[i].kind, "x").shape), 64);
		if (kinds[i].kind <= SL_ENGINE_SEQUENCE)
			must(conn,
				kinds[i].kind == SL_ENGINE_TABLE        ? "DROP TABLE x" :
					kinds[i].kind == SL_ENGINE_VIEW ? "DROP VIEW x" :
									  "DROP SEQUENCE x");
	}
	assert_string_equal(print_of(w, conn, SL_ENGINE_DATABASE, "no such").shape, "");
	assert_int_equal(strlen(print_of(w, conn, SL_ENGINE_DATABASE, w->database).shape), 64);
	sl_conn_close(conn);
}

static void a_server_is_told_by_its_id_or_place_and_a_database_by_its_name(void **state)
{
	struct world *w = *state;
	struct sl_engine_identity who;

	assert_int_equal(sl_conn_identity(w->other, &who, w->arena, NULL), SL_OK);
	if (is_mysql())
		assert_int_equal(strlen(who.server), 36);
	else
		assert_non_null(strstr(who.server, environment("SLUICE_TEST_MARIADB_PORT")));
	assert_string_equal(who.database, w->database);
	assert_string_equal(who.login, "sluice@%");
}

static void an_estimate_is_the_planners_or_counted(void **state)
{
	static const struct {
		const char *sql;
		enum sl_estimate_kind kind;
		int64_t least, most;
	} cases[] = {
		{ "DELETE FROM t", SL_ESTIMATE_PLANNER, 900, 1100 },
		{ "DELETE FROM t WHERE b = 3", SL_ESTIMATE_PLANNER, 80, 120 },
		{ "DELETE FROM t WHERE b = 3 LIMIT 7", SL_ESTIMATE_PLANNER, 7, 7 },
		{ "UPDATE t SET b = 1 WHERE b % 2 = 0", SL_ESTIMATE_PLANNER, 900, 1100 },
		{ "UPDATE t JOIN u ON u.a = t.b SET t.b = 2", SL_ESTIMATE_PLANNER, 20, 200 },
		{ "UPDATE t SET b = 1 WHERE 1 = 0", SL_ESTIMATE_PLANNER, 0, 0 },
		{ "INSERT INTO u SELECT a + 1000 FROM t", SL_ESTIMATE_PLANNER, 900, 1100 },
		{ "INSERT INTO u SELECT a FROM t UNION SELECT 5", SL_ESTIMATE_PLANNER, 900, 1100 },
		{ "INSERT INTO u (a) VALUES (7), ((8)), (';')", SL_ESTIMATE_EXACT, 3, 3 },
		{ "INSERT INTO u SET a = 9 ON DUPLICATE KEY UPDATE a = 1", SL_ESTIMATE_EXACT, 1,
			1 },
		{ "REPLACE INTO u VALUES (7)", SL_ESTIMATE_EXACT, 1, 1 },
		{ "DROP TABLE t", SL_ESTIMATE_UNKNOWN, 0, 0 },
		{ "DELETE FROM nowhere", SL_ESTIMATE_UNKNOWN, 0, 0 },
	};
	struct world *w = *state;
	struct sl_conn *conn = opened(&w->spec);

	must(conn, "CREATE TABLE t (a int PRIMARY KEY, b int, KEY (b))");
	must(conn, "INSERT INTO t SELECT seq, seq % 10 FROM " NUMBERS(1000));
	must(conn, "CREATE TABLE u (a int PRIMARY KEY)");
	must(conn, "INSERT INTO u VALUES (5)");
	must(conn, "ANALYZE TABLE t, u");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_estimate estimate;

		assert_int_equal(sl_conn_estimate(conn, cases[i].sql, strlen(cases[i].sql),
					 30 * SL_SECOND_US, &estimate, NULL),
			SL_OK);
		if (estimate.kind != cases[i].kind || estimate.rows < cases[i].least ||
			estimate.rows > cases[i].most)
			fail_msg("%s: kind %d, %d rows", cases[i].sql, (int)estimate.kind,
				(int)estimate.rows);
	}
	assert_string_equal(value(w, conn, "SELECT count(*) FROM t"), "1000");
	assert_string_equal(value(w, conn, "SELECT count(*) FROM u"), "1");
	sl_conn_close(conn);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(a_lock_is_one_per_database_and_scope),
		WITH(a_reset_forgets_the_file_and_keeps_the_lock),
		WITH(nobody_gets_the_lock_while_it_is_kept_over_resets),
		WITH(a_session_can_be_looked_for_by_its_name),
		WITH(an_alter_outlives_its_client_and_is_found),
		WITH(a_session_of_an_earlier_server_is_gone),
		WITH(a_fingerprint_tells_a_change_and_not_the_counter),
		WITH(an_incarnation_is_told_whole),
		WITH(numbers_that_were_not_asked_for_are_not_looked_up),
		WITH(the_lock_is_told_beside_another_question),
		WITH(a_truncated_table_has_the_shape_and_another_incarnation),
		WITH(a_name_in_any_letters_has_an_incarnation),
		WITH(every_kind_of_object_is_there_or_absent),
		WITH(a_server_is_told_by_its_id_or_place_and_a_database_by_its_name),
		WITH(an_estimate_is_the_planners_or_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
