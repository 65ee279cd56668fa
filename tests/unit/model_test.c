#include "sluice/model/words.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each value's name reads back as that value, and a word that is none is refused. */
#define CHECK_WORD(type, stem, count)                                                          \
	do {                                                                                   \
		enum type back = (enum type)0;                                                 \
                                                                                               \
		for (int i = 0; i < (count); i++) {                                            \
			assert_true(sl_##stem##_parse(&back, sl_##stem##_name((enum type)i))); \
			assert_int_equal(back, i);                                             \
		}                                                                              \
		assert_false(sl_##stem##_parse(&back, "nearly_done"));                         \
		assert_false(sl_##stem##_parse(&back, ""));                                    \
		assert_int_equal(back, (count)-1);                                             \
	} while (0)

static void every_word_reads_back_from_its_name(void **state)
{
	(void)state;
	CHECK_WORD(sl_dialect, dialect, SL_DIALECT_COUNT);
	CHECK_WORD(sl_severity, severity, SL_SEVERITY_COUNT);
	CHECK_WORD(sl_risk, risk, SL_RISK_COUNT);
	CHECK_WORD(sl_mode, mode, SL_MODE_COUNT);
	CHECK_WORD(sl_change_kind, change_kind, SL_CHANGE_KIND_COUNT);
	CHECK_WORD(sl_change_state, change_state, SL_CHANGE_STATE_COUNT);
	CHECK_WORD(sl_stage_state, stage_state, SL_STAGE_STATE_COUNT);
	CHECK_WORD(sl_task_state, task_state, SL_TASK_STATE_COUNT);
	CHECK_WORD(sl_outcome, outcome, SL_OUTCOME_COUNT);
	CHECK_WORD(sl_migration_kind, migration_kind, SL_MIGRATION_KIND_COUNT);
	CHECK_WORD(sl_object, object, SL_OBJECT_COUNT);
	CHECK_WORD(sl_verb, verb, SL_VERB_COUNT);
}

static void nothing_to_do_is_never_spelled_as_success(void **state)
{
	(void)state;
	assert_string_equal(sl_outcome_name(SL_OUTCOME_NOTHING), "nothing");
	assert_string_equal(sl_stage_state_name(SL_STAGE_NOTHING), "nothing");
	assert_string_equal(sl_change_state_name(SL_CHANGE_NOTHING), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_reads_back_from_its_name),
		cmocka_unit_test(nothing_to_do_is_never_spelled_as_success),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
