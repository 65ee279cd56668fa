#include "apply_world.h"

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
		"sluice baseline --url sqlite:orders.db --dir . --to 2");
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

int main(void)
{
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
