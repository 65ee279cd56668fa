#include "apply_world.h"

#define FOUR \
	"CREATE TABLE t (a); VACUUM; INSERT INTO t VALUES (3); INSERT INTO t SELECT count(*) FROM t"

/* A file whose second statement was begun, and nobody saw it end. */
static void cut_off(struct world *w, const char *sql)
{
	file_of(w, 0, "1", sql);
	w->plot = (struct plot){ SL_FAKE_EXEC, SL_FAKE_CRASHES_AFTER, 0, "VACUUM" };
	assert_int_not_equal(run(w), SL_OK);
	w->plot.fate = SL_FAKE_GOES_WELL;
	sl_fake_revive(w->fake);
	assert_string_equal(value(w, "SELECT state || done FROM _sluice_migration"), "partial1");
	assert_string_equal(value(w, "SELECT group_concat(statement || state) FROM _sluice_step"),
		"1done,2started");
}

static enum sl_code answer(struct world *w, struct sl_apply_answer what, const char *contains)
{
	struct sl_apply_word word = { .target = &w->spec,
		.actor = "dana",
		.reason = "looked",
		.tool = "test",
		.clock = w->request.clock,
		.rand = w->request.rand };
	struct sl_error err = SL_ERROR_INIT;
	const char *text = "";
	enum sl_code code = sl_apply_resolve(&word, &w->set, &what, &text, w->arena, &err);

	if (!strstr(code == SL_OK ? text : err.msg, contains))
		fail_msg("%s: %s%s", sl_code_name(code), text, err.msg);
	return code;
}

static void say(struct world *w, enum sl_resolution is, const char *contains)
{
	assert_int_equal(answer(w, (struct sl_apply_answer){ .is = is }, contains), SL_OK);
}

static void refuse(struct world *w, enum sl_code code, enum sl_resolution is, const char *contains)
{
	assert_int_equal(answer(w, (struct sl_apply_answer){ .is = is }, contains), code);
}

#define ANSWERS "SELECT count(*) FROM _sluice_run WHERE outcome = 'resolved'"
#define STATE   "SELECT state || done || total FROM _sluice_migration"
#define ROWS    "SELECT group_concat(a) FROM t"

/* How often the statement in doubt is sent from here on. */
static void check_sent(struct world *w, bool wanted)
{
	w->plot = (struct plot){ SL_FAKE_EXEC, SL_FAKE_CRASHES, 0, "VACUUM" };
	assert_int_equal(run(w) != SL_OK, wanted);
	w->plot.fate = SL_FAKE_GOES_WELL;
	sl_fake_revive(w->fake);
}

static void a_statement_that_took_effect_is_not_sent_again_and_the_next_one_is(void **state)
{
	struct world *w = *state;

	cut_off(w, FOUR);
	say(w, SL_RESOLVED_APPLIED,
		"V1__test.sql: statement 2 of 4 took effect; it goes on at "
		"statement 3");
	assert_string_equal(value(w, STATE), "partial24");
	check_sent(w, false);
	assert_string_equal(value(w, STATE), "applied44");
	assert_string_equal(value(w, ROWS), "3,1");
}

static void behind_the_last_statement_the_file_is_applied(void **state)
{
	struct world *w = *state;
	const char *began;

	cut_off(w, "CREATE TABLE t (a); VACUUM");
	began = value(w, "SELECT run FROM _sluice_migration");
	say(w, SL_RESOLVED_APPLIED, "statement 2 of 2 took effect; the file is applied");
	assert_string_equal(value(w, STATE), "applied22");
	assert_string_equal(value(w, "SELECT run FROM _sluice_migration"), began);
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
}

static void a_file_that_got_more_statements_meanwhile_goes_on_behind_the_last(void **state)
{
	struct world *w = *state;

	cut_off(w, "CREATE TABLE t (a); VACUUM");
	file_of(w, 0, "1", FOUR);
	say(w, SL_RESOLVED_APPLIED, "statement 2 of 2 took effect; it goes on at statement 3");
	check_sent(w, false);
	assert_string_equal(value(w, STATE), "applied44");
	assert_string_equal(value(w, ROWS), "3,1");
}

static void a_statement_without_effect_is_sent_again(void **state)
{
	struct world *w = *state;

	cut_off(w, FOUR);
	say(w, SL_RESOLVED_NOT_APPLIED, "statement 2 of 4 had no effect; it runs again");
	check_sent(w, true);
	must_apply(w);
	assert_string_equal(value(w, ROWS), "3,1");
}

static void a_file_that_was_finished_by_hand_runs_no_more(void **state)
{
	struct world *w = *state;

	cut_off(w, FOUR);
	say(w, SL_RESOLVED_FILE_APPLIED, "V1__test.sql: all of it is applied");
	assert_string_equal(value(w, STATE), "applied44");
	check_sent(w, false);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_string_equal(value(w, "SELECT count(*) FROM t"), "0");
}

static void a_file_that_was_undone_by_hand_runs_from_its_beginning(void **state)
{
	struct world *w = *state;

	cut_off(w, FOUR);
	(void)value(w, "DROP TABLE t");
	say(w, SL_RESOLVED_FILE_NOT_APPLIED, "it runs from its beginning");
	must_apply(w);
	assert_string_equal(value(w, ROWS), "3,1");
}

static void who_said_it_and_why_stays_in_the_ledger(void **state)
{
	struct world *w = *state;
	struct sl_ledger ledger;

	cut_off(w, FOUR);
	say(w, SL_RESOLVED_APPLIED, "took effect");
	must_apply(w);
	assert_int_equal(sl_apply_history(&w->spec, NULL, &ledger, w->arena, NULL), SL_OK);
	assert_int_equal(ledger.runs_len, 3);
	assert_string_equal(ledger.runs[1].outcome, "resolved");
	assert_string_equal(ledger.runs[1].actor, "dana");
	assert_string_equal(ledger.runs[1].detail, "version 1: applied, statement 2 of 4: looked");
	assert_false(ledger.runs[1].open);
	assert_true(ledger.runs[1].ended_at > 0);
	assert_true(ledger.runs[1].epoch > ledger.runs[2].epoch);
}

static void an_answer_that_is_given_twice_changes_nothing(void **state)
{
	static const struct {
		enum sl_resolution is;
		const char *leaves;
	} rows[] = { { SL_RESOLVED_APPLIED, "partial2" }, { SL_RESOLVED_NOT_APPLIED, "partial1" },
		{ SL_RESOLVED_FILE_APPLIED, "applied4" }, { SL_RESOLVED_FILE_NOT_APPLIED, NULL } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *left;

		w->spec.url.path = sl_arena_printf(w->arena, "db%zu", i);
		cut_off(w, FOUR);
		say(w, rows[i].is, "V1__test.sql: ");
		say(w, rows[i].is, "dana has said so already");
		assert_string_equal(value(w, ANSWERS), "1");
		left = value(w, "SELECT state || done FROM _sluice_migration");
		if (rows[i].leaves)
			assert_string_equal(left, rows[i].leaves);
		else
			assert_null(left);
	}
}

static void an_answer_that_was_lost_on_its_way_may_be_given_again(void **state)
{
	struct world *w = *state;

	for (unsigned n = 0; n < 30; n++) {
		struct sl_apply_answer applied = { .is = SL_RESOLVED_APPLIED };

		w->spec.url.path = sl_arena_printf(w->arena, "db%u", n);
		cut_off(w, FOUR);
		w->plot = (struct plot){ n % 2 == 0 ? SL_FAKE_QUERY : SL_FAKE_COMMIT,
			n % 4 < 2 ? SL_FAKE_CRASHES : SL_FAKE_CRASHES_AFTER, n / 4, NULL };
		(void)answer(w, applied, "");
		w->plot.fate = SL_FAKE_GOES_WELL;
		sl_fake_revive(w->fake);
		assert_int_equal(answer(w, applied, ""), SL_OK);
		assert_string_equal(value(w, ANSWERS), "1");
		check_sent(w, false);
		assert_string_equal(value(w, ROWS), "3,1");
	}
}

static void the_opposite_is_refused_until_something_was_tried(void **state)
{
	struct world *w = *state;

	cut_off(w, FOUR);
	say(w, SL_RESOLVED_APPLIED, "took effect");
	refuse(w, SL_ECONFLICT, SL_RESOLVED_NOT_APPLIED, "dana has said otherwise");
	assert_string_equal(value(w, STATE), "partial24");
	w->spec.url.path = "other";
	cut_off(w, FOUR);
	say(w, SL_RESOLVED_NOT_APPLIED, "had no effect");
	refuse(w, SL_ECONFLICT, SL_RESOLVED_APPLIED, "dana has said otherwise");
	assert_string_equal(value(w, STATE), "partial14");
	say(w, SL_RESOLVED_FILE_APPLIED, "all of it");
	refuse(w, SL_ECONFLICT, SL_RESOLVED_NOT_APPLIED, "dana has said otherwise");
}

static void an_answer_about_another_statement_is_refused(void **state)
{
	struct world *w = *state;
	struct sl_apply_answer third = { .is = SL_RESOLVED_APPLIED, .statement = 3 };
	struct sl_apply_answer second = { .is = SL_RESOLVED_APPLIED, .statement = 2 };

	cut_off(w, FOUR);
	assert_int_equal(answer(w, third, "statement 2 of 4 is in doubt, not 3"), SL_ECONFLICT);
	assert_int_equal(answer(w, second, "statement 2 of 4 took effect"), SL_OK);
	assert_int_equal(answer(w, second, "said so already"), SL_OK);
	assert_int_equal(answer(w, third, "no statement of it is in doubt"), SL_ECONFLICT);
}

static void without_a_statement_in_doubt_only_the_whole_file_can_be_applied(void **state)
{
	struct world *w = *state;

	file_of(w, 0, "1", "CREATE TABLE t (a); INSERT INTO nope VALUES (1)")
		->no_transaction = true;
	refuse(w, SL_ENOTFOUND, SL_RESOLVED_APPLIED, "nothing open");
	assert_int_equal(run(w), SL_EINVAL);
	refuse(w, SL_ECONFLICT, SL_RESOLVED_APPLIED, "1 of 2 are applied; say file-applied");
	say(w, SL_RESOLVED_NOT_APPLIED, "it goes on at statement 2");
	assert_string_equal(value(w, STATE), "partial12");
	say(w, SL_RESOLVED_FILE_APPLIED, "all of it");
	assert_string_equal(value(w, "SELECT actor || reason FROM _sluice_migration"),
		"danalooked");
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	refuse(w, SL_ECONFLICT, SL_RESOLVED_NOT_APPLIED, "dana has said otherwise");
}

static void a_file_that_the_ledger_does_not_know_is_answered_for_by_who_knows_its_attempt(
	void **state)
{
	struct world *w = *state;
	struct sl_apply_answer unknown = { .is = SL_RESOLVED_APPLIED, .run = "r" };

	file_of(w, 0, "1", "CREATE TABLE t (a)");
	must_apply(w);
	file_of(w, 1, "2", "CREATE TABLE u (a)");
	assert_int_equal(answer(w, unknown, "V2__test.sql: the ledger has no statement"),
		SL_ECONFLICT);
	unknown.is = SL_RESOLVED_NOT_APPLIED;
	assert_int_equal(answer(w, unknown, "V2__test.sql: it runs from its beginning"), SL_OK);
	unknown.is = SL_RESOLVED_FILE_APPLIED;
	w->spec.url.path = "other";
	must_apply(w);
	file_of(w, 2, "3", "CREATE TABLE v (a)");
	assert_int_equal(answer(w, unknown, "V3__test.sql: all of it is applied"), SL_OK);
	assert_string_equal(
		value(w, "SELECT run || state FROM _sluice_migration WHERE version = '3'"),
		"rapplied");
	assert_int_equal(run(w), SL_OK);
	assert_int_equal(w->result.outcome, SL_OUTCOME_NOTHING);
	assert_int_equal(answer(w, unknown, "said so already"), SL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_statement_that_took_effect_is_not_sent_again_and_the_next_one_is),
		WITH(behind_the_last_statement_the_file_is_applied),
		WITH(a_file_that_got_more_statements_meanwhile_goes_on_behind_the_last),
		WITH(a_statement_without_effect_is_sent_again),
		WITH(a_file_that_was_finished_by_hand_runs_no_more),
		WITH(a_file_that_was_undone_by_hand_runs_from_its_beginning),
		WITH(who_said_it_and_why_stays_in_the_ledger),
		WITH(an_answer_that_is_given_twice_changes_nothing),
		WITH(an_answer_that_was_lost_on_its_way_may_be_given_again),
		WITH(the_opposite_is_refused_until_something_was_tried),
		WITH(an_answer_about_another_statement_is_refused),
		WITH(without_a_statement_in_doubt_only_the_whole_file_can_be_applied),
		WITH(a_file_that_the_ledger_does_not_know_is_answered_for_by_who_knows_its_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
