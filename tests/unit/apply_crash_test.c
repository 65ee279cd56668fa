#include "apply_world.h"

#include "sluice/schema/catalog.h"
#include "sluice/schema/snapshot.h"

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

static void the_live_structure_comes_with_what_the_newest_run_left(void **state)
{
	struct world *w = *state;
	const struct sl_catalog *live = NULL;
	struct sl_ledger ledger;
	char hash[SL_SHA256_HEX];

	file_of(w, 0, "1", "CREATE TABLE t (a INTEGER)");
	assert_int_equal(sl_apply_live(&w->spec, &live, &ledger, w->arena, NULL), SL_OK);
	assert_string_equal(sl_ledger_left(&ledger), "");
	sl_catalog_unref(live);
	must_apply(w);
	(void)value(w, "CREATE INDEX by_hand ON t (a)");
	assert_int_equal(sl_apply_live(&w->spec, &live, &ledger, w->arena, NULL), SL_OK);
	assert_string_equal(sl_ledger_left(&ledger), w->result.after_hash);
	sl_snapshot_hash(live, hash);
	assert_string_not_equal(hash, w->result.after_hash);
	sl_catalog_unref(live);
}

static void a_run_on_a_drifted_target_says_so(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a INTEGER)");
	must_apply(w);
	assert_string_equal(w->result.drift, "");
	(void)value(w, "CREATE INDEX by_hand ON t (a)");
	file_of(w, 1, "2", "CREATE TABLE u (a INTEGER)");
	must_apply(w);
	assert_non_null(strstr(w->result.drift, "not as the last run left it"));
	assert_non_null(strstr(w->result.text, "had drifted before"));
	file_of(w, 2, "3", "CREATE TABLE v (a INTEGER)");
	must_apply(w);
	assert_string_equal(w->result.drift, "");
}

static void a_drifted_target_is_blocked_when_that_is_wished(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a INTEGER)");
	must_apply(w);
	(void)value(w, "CREATE INDEX by_hand ON t (a)");
	file_of(w, 1, "2", "CREATE TABLE u (a INTEGER)");
	w->request.hold_drift = true;
	assert_int_equal(run(w), SL_ECONFLICT);
	expect(w, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "sluice drift accept");
	assert_string_equal(value(w, "SELECT count(*) FROM sqlite_schema WHERE name = 'u'"), "0");
	w->request.expected = sl_arena_strdup(w->arena, w->result.before_hash); /* accepted */
	must_apply(w);
	assert_string_equal(w->result.drift, "");
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
	const struct CMUnitTest tests[] = {
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
		WITH(the_live_structure_comes_with_what_the_newest_run_left),
		WITH(a_run_on_a_drifted_target_says_so),
		WITH(a_drifted_target_is_blocked_when_that_is_wished),
		WITH(the_ledger_says_enough_to_build_a_lost_store_anew),
		WITH(estimates_come_one_for_each_statement),
		WITH(a_table_rebuilt_with_keys_off_keeps_its_children),
		WITH(rows_that_would_point_to_nothing_are_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
