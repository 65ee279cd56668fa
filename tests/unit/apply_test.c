#include "sluice/apply.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILES_MAX 8

/* What the script of the fake world does: the n-th operation of a kind gets a fate. */
struct plot {
	enum sl_fake_point point;
	enum sl_fake_fate fate;
	unsigned after;
	const char *sql; /* only statements that hold this text count; or NULL */
};

struct world {
	struct sl_arena *arena;
	struct sl_fake_world *fake;
	struct plot plot;
	struct sl_rand_seeded rand;
	struct sl_conn_spec spec;
	struct sl_migration files[FILES_MAX];
	struct sl_migration_set set;
	struct sl_apply_request request;
	struct sl_apply_result result;
	struct sl_error err;
};

static enum sl_fake_fate scripted(void *ctx, const char *database, enum sl_fake_point point,
	const char *sql, size_t len)
{
	struct plot *plot = ctx;

	(void)database;
	if (plot->fate == SL_FAKE_GOES_WELL || point != plot->point)
		return SL_FAKE_GOES_WELL;
	if (plot->sql && !memmem(sql, len, plot->sql, strlen(plot->sql)))
		return SL_FAKE_GOES_WELL;
	if (plot->after > 0) {
		plot->after--;
		return SL_FAKE_GOES_WELL;
	}
	if (plot->fate != SL_FAKE_FAILS && plot->fate != SL_FAKE_UNREACHABLE) {
		enum sl_fake_fate fate = plot->fate;

		plot->fate = SL_FAKE_GOES_WELL;
		return fate;
	}
	return plot->fate;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sl_fake_script script = { scripted, NULL };

	assert_non_null(w);
	script.ctx = &w->plot;
	w->plot.fate = SL_FAKE_GOES_WELL;
	w->arena = sl_arena_new();
	w->fake = sl_fake_world_new(&script);
	sl_rand_seed(&w->rand, 42);
	w->spec = (struct sl_conn_spec){ .clock = sl_clock_system(), .fake = w->fake };
	assert_int_equal(sl_engine_url_parse(&w->spec.url, w->arena, "sqlite:orders.db", NULL),
		SL_OK);
	w->set.at = w->files;
	w->request = (struct sl_apply_request){ .target = &w->spec,
		.target_name = "orders",
		.set = &w->set,
		.actor = "test",
		.clock = sl_clock_system(),
		.rand = &w->rand.rand };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	sl_apply_result_done(&w->result);
	sl_fake_world_free(w->fake);
	sl_arena_free(w->arena);
	free(w);
	return 0;
}

static struct sl_migration *file_of(struct world *w, size_t i, const char *key, const char *sql)
{
	struct sl_migration *m = &w->files[i];
	char hash[SL_SHA256_HEX];

	sl_sha256_hex(sql, strlen(sql), hash);
	*m = (struct sl_migration){ .kind = SL_MIGRATION_VERSION,
		.key = key,
		.name = "test",
		.path = sl_arena_printf(w->arena, "V%s__test.sql", key),
		.sha256 = sl_arena_strdup(w->arena, hash),
		.sql = sql,
		.sql_len = strlen(sql),
		.first_line = 1 };
	if (w->set.len <= i)
		w->set.len = i + 1;
	return m;
}

static enum sl_code run(struct world *w)
{
	sl_apply_result_done(&w->result);
	w->err = (struct sl_error)SL_ERROR_INIT;
	return sl_apply_run(&w->request, &w->result, w->arena, &w->err);
}

static void must_apply(struct world *w)
{
	if (run(w) != SL_OK || w->result.outcome != SL_OUTCOME_APPLIED)
		fail_msg("%s: %s", sl_outcome_name(w->result.outcome), w->result.text);
}

static const char *value(struct world *w, const char *sql)
{
	struct plot kept = w->plot;
	struct sl_conn *conn = NULL;
	struct sl_rows rows = { 0 };
	struct sl_error err = SL_ERROR_INIT;

	w->plot.fate = SL_FAKE_GOES_WELL;
	if (sl_conn_open(&conn, &w->spec, &err) != SL_OK ||
		sl_conn_query(conn, &rows, w->arena, sql, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
	sl_conn_close(conn);
	w->plot = kept;
	return rows.len > 0 ? sl_rows_cell(&rows, 0, 0) : NULL;
}

static void expect(struct world *w, enum sl_outcome outcome, enum sl_code code, const char *text)
{
	if (w->result.outcome != outcome || w->result.code != code || !strstr(w->result.text, text))
		fail_msg("%s, %s: %s", sl_outcome_name(w->result.outcome),
			sl_code_name(w->result.code), w->result.text);
}

/* --- the usual way -------------------------------------------------------------------------- */

static void two_files_run_once_each_and_then_there_is_nothing_to_do(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1);");
	file_of(w, 1, "2", "INSERT INTO t VALUES (2);");
	must_apply(w);
	assert_int_equal(w->result.done, 3);
	assert_int_equal(w->result.total, 3);
	assert_int_equal(w->result.migrations_len, 2);
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_string_equal(w->result.run, "");
	assert_string_equal(value(w, "SELECT group_concat(a) FROM t"), "1,2");
	assert_string_equal(value(w, "SELECT count(*) FROM _sluice_run"), "1");
}

static void nothing_to_do_makes_no_ledger(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema"), "0");
}

static void a_dry_run_says_what_would_run_and_writes_nothing(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a); CREATE TABLE u (a)");
	w->request.dry_run = true;
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.migrations_len, 1);
	assert_int_equal(w->result.migrations[0].total, 2);
	assert_int_equal(w->result.migrations[0].did, SL_APPLY_WOULD_RUN);
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema"), "0");
}

static void a_file_without_a_statement_is_applied_as_none(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "-- nothing here\n");
	must_apply(w);
	assert_string_equal(value(w, "SELECT state || done FROM _sluice_migration"), "applied0");
}

static void a_repeatable_runs_again_when_it_changes(void **state)
{
	struct world *w = *state;
	struct sl_migration *m;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	m = file_of(w, 1, "fill", "INSERT INTO t VALUES (1)");
	m->kind = SL_MIGRATION_REPEATABLE;
	must_apply(w);
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	m = file_of(w, 1, "fill", "INSERT INTO t VALUES (2)");
	m->kind = SL_MIGRATION_REPEATABLE;
	must_apply(w);
	assert_string_equal(value(w, "SELECT group_concat(a) FROM t"), "1,2");
}

static void to_a_version_leaves_the_later_ones_alone(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	file_of(w, 1, "2", "INSERT INTO t VALUES (2)");
	w->request.to = "1";
	must_apply(w);
	assert_string_equal(value(w, "SELECT count(*) FROM t"), "0");
	w->request.to = "3";
	assert_int_equal(run(w), SL_EINVAL);
	expect(w, SL_OUTCOME_FAILED_CLEAN, SL_EINVAL, "the folder has no such migration");
}

/* --- failures ------------------------------------------------------------------------------- */

static void a_failed_file_leaves_nothing_and_names_file_and_line(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1",
		"CREATE TABLE t (a);\nINSERT INTO t VALUES (1);\nINSERT INTO nope\nVALUES (1);");
	assert_int_equal(run(w), SL_EINVAL);
	expect(w, SL_OUTCOME_FAILED_CLEAN, SL_EINVAL, "V1__test.sql:3: no such table: nope");
	assert_string_equal(w->result.path, "V1__test.sql");
	assert_int_equal(w->result.line, 3);
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), "0");
	file_of(w, 0, "1", "CREATE TABLE t (a);\nINSERT INTO t VALUES (1);");
	must_apply(w);
}

static void the_files_before_a_failed_one_stay(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	file_of(w, 1, "2", "INSERT INTO t VALUES (1); INSERT INTO nope VALUES (1)");
	assert_int_equal(run(w), SL_EINVAL);
	assert_int_equal(w->result.outcome, SL_OUTCOME_FAILED_CLEAN);
	assert_int_equal(w->result.migrations[0].did, SL_APPLY_DID);
	assert_int_equal(w->result.migrations[1].did, SL_APPLY_DID_NOTHING);
	assert_string_equal(value(w, "SELECT count(*) FROM t"), "0");
}

static void without_a_transaction_a_mended_file_goes_on_where_it_stood(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1",
		"CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO nope VALUES (1)")
		->no_transaction = true;
	assert_int_equal(run(w), SL_EINVAL);
	expect(w, SL_OUTCOME_FAILED_PARTIAL, SL_EINVAL, "2 of 3 statements are applied");
	file_of(w, 0, "1",
		"CREATE TABLE t (a); /* mended */ INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
		->no_transaction = true;
	must_apply(w);
	assert_int_equal(w->result.done, 1);
	assert_string_equal(value(w, "SELECT group_concat(a) FROM t"), "1,2");
}

static void a_change_before_the_place_where_it_stood_is_a_conflict(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1",
		"CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO nope VALUES (1)")
		->no_transaction = true;
	assert_int_equal(run(w), SL_EINVAL);
	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (9); INSERT INTO t VALUES (2)")
		->no_transaction = true;
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "statement 2 is applied and was changed");
	file_of(w, 0, "1", "CREATE TABLE t (a)")->no_transaction = true;
	assert_int_equal(run(w), SL_ECONFLICT);
}

static void transaction_control_is_refused_before_anything_runs(void **state)
{
	static const char *const texts[] = { "CREATE TABLE t (a);\nCOMMIT;",
		"BEGIN; CREATE TABLE t (a); END;", "SAVEPOINT x;", ".read other.sql" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		file_of(w, 0, "1", texts[i]);
		assert_int_equal(run(w), SL_EINVAL);
		assert_int_equal(w->result.outcome, SL_OUTCOME_FAILED_CLEAN);
		assert_string_equal(w->result.run, "");
		assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema"), "0");
	}
}

static void more_rows_than_agreed_on_are_rolled_back(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
	w->request.max_rows = 2;
	assert_int_equal(run(w), SL_EINVAL);
	expect(w, SL_OUTCOME_FAILED_CLEAN, SL_EINVAL, "3 rows touched where at most 2");
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), "0");
}

/* --- what the ledger refuses ---------------------------------------------------------------- */

static void an_edited_applied_file_is_a_conflict(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	must_apply(w);
	file_of(w, 0, "1", "CREATE TABLE t (b)");
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "was edited after it was applied");
}

static void an_edit_of_blanks_and_comments_is_a_notice(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	must_apply(w);
	file_of(w, 0, "1", "-- the first\r\nCREATE  TABLE t (a);\r\n");
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_int_equal(w->result.notices_len, 1);
}

static void a_version_below_the_highest_is_a_conflict_unless_allowed(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "2", "CREATE TABLE t (a)");
	must_apply(w);
	file_of(w, 0, "1.5", "CREATE TABLE u (a)");
	file_of(w, 1, "2", "CREATE TABLE t (a)");
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "version 1.5 comes after 2");
	w->request.order = SL_APPLY_ANY_ORDER;
	must_apply(w);
}

static void a_database_that_is_not_empty_needs_a_baseline(void **state)
{
	struct world *w = *state;
	struct sl_apply_word word = { .target = &w->spec,
		.actor = "dana",
		.reason = "was there before",
		.clock = w->request.clock,
		.rand = w->request.rand };
	size_t count = 0;

	(void)value(w, "CREATE TABLE t (a)");
	file_of(w, 0, "1", "CREATE TABLE t (a)");
	file_of(w, 1, "2", "INSERT INTO t VALUES (2)");
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
		"sluice baseline --url 'sqlite:orders.db' --dir '.' --to 2");
	assert_int_equal(sl_apply_baseline(&word, &w->set, "1", &count, NULL), SL_OK);
	assert_int_equal(count, 1);
	must_apply(w);
	assert_string_equal(value(w, "SELECT group_concat(a) FROM t"), "2");
	assert_int_equal(sl_apply_baseline(&word, &w->set, "1", &count, NULL), SL_ECONFLICT);
	assert_int_equal(sl_apply_baseline(&word, &w->set, "7", &count, NULL), SL_ENOTFOUND);
}

static void a_skipped_file_does_not_run(void **state)
{
	struct world *w = *state;
	struct sl_apply_word word = { .target = &w->spec,
		.actor = "dana",
		.clock = w->request.clock,
		.rand = w->request.rand };
	struct sl_ledger ledger;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	file_of(w, 1, "2", "INSERT INTO nope VALUES (1)");
	assert_int_equal(run(w), SL_EINVAL);
	assert_int_equal(sl_apply_skip(&word, &w->files[1], NULL), SL_OK);
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_int_equal(sl_apply_history(&w->spec, NULL, &ledger, w->arena, NULL), SL_OK);
	assert_int_equal(ledger.migrations_len, 2);
	assert_int_equal(ledger.migrations[1].state, SL_LEDGER_SKIPPED);
	assert_string_equal(ledger.migrations[1].actor, "dana");
}

/* --- fence and installation ----------------------------------------------------------------- */

static void the_epoch_only_grows_and_passes_the_callers(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	w->request.epoch = 41;
	must_apply(w);
	assert_int_equal(w->result.epoch, 42);
	w->request.epoch = 0;
	file_of(w, 1, "2", "CREATE TABLE u (a)");
	must_apply(w);
	assert_int_equal(w->result.epoch, 43);
}

static void another_installation_is_refused_until_it_adopts(void **state)
{
	struct world *w = *state;
	struct sl_apply_word word = { .target = &w->spec,
		.actor = "dana",
		.installation = "bbbb",
		.clock = w->request.clock,
		.rand = w->request.rand };

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	w->request.installation = "aaaa";
	must_apply(w);
	file_of(w, 1, "2", "CREATE TABLE u (a)");
	w->request.installation = "bbbb";
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "another Sluice installation");
	assert_int_equal(sl_apply_adopt(&word, NULL), SL_OK);
	must_apply(w);
}

static void a_plain_run_is_refused_while_a_daemons_is_open(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	w->request.installation = "aaaa";
	w->plot = (struct plot){ SL_FAKE_EXEC, SL_FAKE_CRASHES, 0, "CREATE TABLE t" };
	(void)run(w);
	sl_fake_revive(w->fake);
	w->request.installation = "";
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "of a daemon");
	w->request.installation = "aaaa";
	must_apply(w);
}

static void another_database_under_the_name_is_noticed(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	must_apply(w);
	file_of(w, 1, "2", "CREATE TABLE u (a)");
	w->request.installation = "aaaa";
	w->request.database_id = "0123456789";
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "another database than before");
}

/* --- crashes -------------------------------------------------------------------------------- */

/* Runs two files while the n-th operation of a kind meets a fate, then again until all is well. */
static void survive(struct world *w, enum sl_fake_point point, enum sl_fake_fate fate, unsigned n)
{
	unsigned tries = 0;

	w->plot = (struct plot){ point, fate, n, NULL };
	(void)run(w);
	if (w->result.outcome == SL_OUTCOME_FAILED_CLEAN ||
		w->result.outcome == SL_OUTCOME_NEEDS_HUMAN)
		fail_msg("operation %u: %s", n, w->result.text);
	w->plot.fate = SL_FAKE_GOES_WELL;
	sl_fake_revive(w->fake);
	while (run(w) != SL_OK && tries++ < 5)
		;
	if (w->result.code != SL_OK)
		fail_msg("operation %u, afterwards: %s", n, w->result.text);
	if (!sl_str_eq(value(w, "SELECT group_concat(a) FROM t"), "1,2,3,4"))
		fail_msg("operation %u: %s", n, value(w, "SELECT group_concat(a) FROM t"));
	if (!sl_str_eq(value(w, "SELECT count(*) FROM _sluice_migration WHERE state = 'applied'"),
		    "3"))
		fail_msg("operation %u: the ledger is not complete", n);
}

static void survive_everywhere(struct world *w, enum sl_fake_point point, enum sl_fake_fate fate,
	unsigned operations)
{
	for (unsigned n = 0; n < operations; n++) {
		w->spec.url.path = sl_arena_printf(w->arena, "db%u", n);
		file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
		file_of(w, 1, "2", "INSERT INTO t VALUES (2); VACUUM; INSERT INTO t VALUES (3)");
		file_of(w, 2, "3", "INSERT INTO t VALUES (4)")->no_transaction = true;
		survive(w, point, fate, n);
	}
}

static void a_crash_at_any_statement_repeats_nothing_and_loses_nothing(void **state)
{
	survive_everywhere(*state, SL_FAKE_EXEC, SL_FAKE_CRASHES, 8);
	survive_everywhere(*state, SL_FAKE_EXEC, SL_FAKE_CRASHES_AFTER, 8);
}

static void a_crash_at_any_commit_repeats_nothing_and_loses_nothing(void **state)
{
	survive_everywhere(*state, SL_FAKE_COMMIT, SL_FAKE_CRASHES, 10);
	survive_everywhere(*state, SL_FAKE_COMMIT, SL_FAKE_CRASHES_AFTER, 10);
}

static void a_crash_at_any_word_to_the_ledger_repeats_nothing_and_loses_nothing(void **state)
{
	survive_everywhere(*state, SL_FAKE_QUERY, SL_FAKE_CRASHES, 40);
	survive_everywhere(*state, SL_FAKE_QUERY, SL_FAKE_CRASHES_AFTER, 40);
}

static void a_lost_answer_anywhere_is_proved_in_the_same_attempt(void **state)
{
	survive_everywhere(*state, SL_FAKE_COMMIT, SL_FAKE_ANSWER_LOST, 10);
	survive_everywhere(*state, SL_FAKE_EXEC, SL_FAKE_ANSWER_LOST, 8);
	survive_everywhere(*state, SL_FAKE_QUERY, SL_FAKE_ANSWER_LOST, 40);
}

static void a_lost_commit_is_applied_once_and_said_so(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	w->plot = (struct plot){ SL_FAKE_COMMIT, SL_FAKE_ANSWER_LOST, 1, NULL };
	must_apply(w);
	assert_string_equal(value(w, "SELECT count(*) FROM t"), "1");
}

static void an_unreachable_target_is_blocked_and_no_failure(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	w->plot = (struct plot){ SL_FAKE_CONNECT, SL_FAKE_UNREACHABLE, 0, NULL };
	assert_int_equal(run(w), SL_EUNAVAIL);
	assert_int_equal(w->result.outcome, SL_OUTCOME_BLOCKED);
	assert_true(w->result.try_after_us > 0);
}

static void a_held_lock_is_blocked_with_its_holder(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	w->plot = (struct plot){ SL_FAKE_LOCK, SL_FAKE_FAILS, 0, NULL };
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "locked by another session");
}

/* --- the journal ---------------------------------------------------------------------------- */

struct told {
	unsigned intents, steps, ends, finished, stop_before;
};

static enum sl_code on_intent(void *ctx, const struct sl_apply_intent *intent, struct sl_error *err)
{
	struct told *told = ctx;

	(void)err;
	told->intents++;
	assert_int_equal(intent->steps_total, 3);
	assert_true(intent->epoch > 0);
	return SL_OK;
}

static enum sl_code on_may_go_on(void *ctx, const struct sl_step *next, struct sl_error *err)
{
	struct told *told = ctx;

	if (told->stop_before != 0 && next->number == told->stop_before)
		return sl_error_set(err, SL_ECANCELED, "asked to stop");
	return SL_OK;
}

static enum sl_code on_step(void *ctx, const struct sl_step *step, struct sl_error *err)
{
	struct told *told = ctx;

	(void)err;
	if (step->ended_at == 0)
		told->steps++;
	else
		told->ends++;
	return SL_OK;
}

static void on_finished(void *ctx, const struct sl_apply_result *result)
{
	struct told *told = ctx;

	(void)result;
	told->finished++;
}

static void the_journal_is_told_everything_in_order(void **state)
{
	struct world *w = *state;
	struct told told = { 0 };
	struct sl_apply_journal journal = { .intent = on_intent,
		.may_go_on = on_may_go_on,
		.step = on_step,
		.finished = on_finished,
		.ctx = &told };

	w->request.journal = &journal;
	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	file_of(w, 1, "2", "INSERT INTO t VALUES (2)");
	must_apply(w);
	assert_int_equal(told.intents, 1);
	assert_int_equal(told.steps, 3);
	assert_int_equal(told.ends, 3);
	assert_int_equal(told.finished, 1);
}

static void stopped_before_a_statement_the_open_file_is_undone(void **state)
{
	struct world *w = *state;
	struct told told = { .stop_before = 3 };
	struct sl_apply_journal journal = { .may_go_on = on_may_go_on, .ctx = &told };

	w->request.journal = &journal;
	file_of(w, 0, "1", "CREATE TABLE t (a)");
	file_of(w, 1, "2", "INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)");
	assert_int_equal(run(w), SL_ECANCELED);
	assert_int_equal(w->result.outcome, SL_OUTCOME_CANCELED);
	assert_int_equal(w->result.done, 1);
	assert_string_equal(value(w, "SELECT count(*) FROM t"), "0");
	assert_string_equal(value(w, "SELECT outcome FROM _sluice_run"), "canceled");
	told.stop_before = 0;
	must_apply(w);
}

static enum sl_code on_full_disk(void *ctx, const struct sl_apply_intent *intent,
	struct sl_error *err)
{
	(void)ctx;
	(void)intent;
	return sl_error_set(err, SL_EUNAVAIL, "the disk is full");
}

static void without_a_durable_intent_nothing_is_written(void **state)
{
	struct world *w = *state;
	struct sl_apply_journal journal = { .intent = on_full_disk };

	w->request.journal = &journal;
	file_of(w, 0, "1", "CREATE TABLE t (a)");
	assert_int_equal(run(w), SL_EUNAVAIL);
	expect(w, SL_OUTCOME_BLOCKED, SL_EUNAVAIL, "the disk is full");
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema"), "0");
}

/* --- reading -------------------------------------------------------------------------------- */

static void drift_is_what_somebody_did_behind_our_back(void **state)
{
	struct world *w = *state;
	enum sl_drift drift;

	file_of(w, 0, "1", "CREATE TABLE t (a INTEGER)");
	assert_int_equal(sl_apply_drift(&w->spec, NULL, &drift, NULL, NULL), SL_OK);
	assert_int_equal(drift, SL_DRIFT_UNKNOWN);
	must_apply(w);
	assert_int_equal(sl_apply_drift(&w->spec, NULL, &drift, NULL, NULL), SL_OK);
	assert_int_equal(drift, SL_DRIFT_NONE);
	assert_int_equal(sl_apply_drift(&w->spec, w->result.before_hash, &drift, NULL, NULL),
		SL_OK);
	assert_int_equal(drift, SL_DRIFT_FOUND);
	(void)value(w, "CREATE INDEX by_hand ON t (a)");
	assert_int_equal(sl_apply_drift(&w->spec, NULL, &drift, NULL, NULL), SL_OK);
	assert_int_equal(drift, SL_DRIFT_FOUND);
}

static void the_ledger_says_enough_to_build_a_lost_store_anew(void **state)
{
	struct world *w = *state;
	struct sl_apply_ping ping;
	struct sl_ledger ledger;

	w->request.installation = "aaaa";
	w->request.epoch = 6;
	file_of(w, 0, "1", "CREATE TABLE t (a)");
	assert_int_equal(sl_apply_history(&w->spec, NULL, &ledger, w->arena, NULL), SL_OK);
	assert_false(ledger.exists);
	must_apply(w);
	assert_int_equal(sl_apply_history(&w->spec, NULL, &ledger, w->arena, NULL), SL_OK);
	assert_string_equal(ledger.installation, "aaaa");
	assert_int_equal(ledger.epoch, 7);
	assert_string_equal(ledger.database_id, w->result.database_id);
	assert_int_equal(ledger.runs_len, 1);
	assert_string_equal(ledger.runs[0].outcome, "applied");
	assert_string_equal(ledger.runs[0].after, w->result.after_hash);
	assert_string_equal(ledger.migrations[0].sha256, w->files[0].sha256);
	assert_int_equal(sl_apply_ping(&w->spec, &ping, w->arena, NULL), SL_OK);
	assert_string_equal(ping.database_id, ledger.database_id);
}

static void estimates_come_one_for_each_statement(void **state)
{
	struct world *w = *state;
	const struct sl_apply_sql texts[] = { { "DELETE FROM t", 13 }, { "DELETE FROM u", 13 } };
	struct sl_estimate out[2];

	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
	must_apply(w);
	assert_int_equal(sl_apply_estimate(&w->spec, texts, 2, SL_SECOND_US, out, NULL), SL_OK);
	assert_int_equal(out[0].kind, SL_ESTIMATE_EXACT);
	assert_int_equal(out[0].rows, 2);
	assert_int_equal(out[1].kind, SL_ESTIMATE_UNKNOWN);
}

static void a_resolved_file_counts_as_a_whole_or_runs_its_rest(void **state)
{
	struct world *w = *state;
	struct sl_apply_word word = { .target = &w->spec,
		.actor = "dana",
		.reason = "looked",
		.clock = w->request.clock,
		.rand = w->request.rand };

	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO nope VALUES (1)")
		->no_transaction = true;
	assert_int_equal(sl_apply_resolve(&word, &w->files[0], true, NULL), SL_ENOTFOUND);
	assert_int_equal(run(w), SL_EINVAL);
	assert_int_equal(sl_apply_resolve(&word, &w->files[0], true, NULL), SL_OK);
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
}

/* --- SQLite's own --------------------------------------------------------------------------- */

static void a_table_rebuilt_with_keys_off_keeps_its_children(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1",
		"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p ON "
		"DELETE CASCADE); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (2);");
	file_of(w, 1, "2",
		"PRAGMA foreign_keys = OFF;\nCREATE TABLE p2 (id INTEGER PRIMARY KEY, n TEXT);\n"
		"INSERT INTO p2 (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE p2 RENAME TO p;\n"
		"PRAGMA foreign_keys = ON;");
	must_apply(w);
	assert_string_equal(value(w, "SELECT count(*) FROM c"), "2");
	assert_string_equal(
		value(w, "SELECT done || state FROM _sluice_migration WHERE version = '2'"),
		"6applied");
}

static void rows_that_would_point_to_nothing_are_rolled_back(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1",
		"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p);"
		"INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);");
	file_of(w, 1, "2", "PRAGMA foreign_keys = off; DELETE FROM p; PRAGMA foreign_keys = on");
	assert_int_equal(run(w), SL_EINVAL);
	expect(w, SL_OUTCOME_FAILED_CLEAN, SL_EINVAL, "1 rows would point to nothing");
	assert_string_equal(value(w, "SELECT count(*) FROM p"), "1");
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(two_files_run_once_each_and_then_there_is_nothing_to_do),
		WITH(nothing_to_do_makes_no_ledger),
		WITH(a_dry_run_says_what_would_run_and_writes_nothing),
		WITH(a_file_without_a_statement_is_applied_as_none),
		WITH(a_repeatable_runs_again_when_it_changes),
		WITH(to_a_version_leaves_the_later_ones_alone),
		WITH(a_failed_file_leaves_nothing_and_names_file_and_line),
		WITH(the_files_before_a_failed_one_stay),
		WITH(without_a_transaction_a_mended_file_goes_on_where_it_stood),
		WITH(a_change_before_the_place_where_it_stood_is_a_conflict),
		WITH(transaction_control_is_refused_before_anything_runs),
		WITH(more_rows_than_agreed_on_are_rolled_back),
		WITH(an_edited_applied_file_is_a_conflict),
		WITH(an_edit_of_blanks_and_comments_is_a_notice),
		WITH(a_version_below_the_highest_is_a_conflict_unless_allowed),
		WITH(a_database_that_is_not_empty_needs_a_baseline),
		WITH(a_skipped_file_does_not_run),
		WITH(the_epoch_only_grows_and_passes_the_callers),
		WITH(another_installation_is_refused_until_it_adopts),
		WITH(a_plain_run_is_refused_while_a_daemons_is_open),
		WITH(another_database_under_the_name_is_noticed),
		WITH(a_crash_at_any_statement_repeats_nothing_and_loses_nothing),
		WITH(a_crash_at_any_commit_repeats_nothing_and_loses_nothing),
		WITH(a_crash_at_any_word_to_the_ledger_repeats_nothing_and_loses_nothing),
		WITH(a_lost_answer_anywhere_is_proved_in_the_same_attempt),
		WITH(a_lost_commit_is_applied_once_and_said_so),
		WITH(an_unreachable_target_is_blocked_and_no_failure),
		WITH(a_held_lock_is_blocked_with_its_holder),
		WITH(the_journal_is_told_everything_in_order),
		WITH(stopped_before_a_statement_the_open_file_is_undone),
		WITH(without_a_durable_intent_nothing_is_written),
		WITH(drift_is_what_somebody_did_behind_our_back),
		WITH(the_ledger_says_enough_to_build_a_lost_store_anew),
		WITH(estimates_come_one_for_each_statement),
		WITH(a_resolved_file_counts_as_a_whole_or_runs_its_rest),
		WITH(a_table_rebuilt_with_keys_off_keeps_its_children),
		WITH(rows_that_would_point_to_nothing_are_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
