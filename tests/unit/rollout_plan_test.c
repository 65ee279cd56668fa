/* The plan, its digest, and its way through the store. */
#include "sluice/rollout/plan.h"

#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
	struct sl_arena *arena;
	struct sl_migration files[2];
	struct sl_plan_part parts[2];
	struct sl_plan_target dev[1], prod[3];
	struct sl_approval_step steps[1];
	struct sl_plan_environment environments[3];
	struct sl_plan_request request;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->arena = sl_arena_new();
	world->files[0] = (struct sl_migration){ .key = "1", .path = "V1__a.sql", .sha256 = "aa" };
	world->files[1] = (struct sl_migration){ .kind = SL_MIGRATION_REPEATABLE,
		.key = "views",
		.path = "R__views.sql",
		.sha256 = "bb" };
	world->parts[0] = (struct sl_plan_part){ .folder = "db/main",
		.layout = "flyway",
		.ledger = "default",
		.selector = "app = 'shop'",
		.set = { world->files, 2 } };
	world->parts[1] = (struct sl_plan_part){ .folder = "db/audit",
		.layout = "plain",
		.ledger = "audit",
		.selector = "audit = 'yes'",
		.set = { world->files, 1 } };
	world->dev[0] = (struct sl_plan_target){ .name = "dev", .dialect = SL_DIALECT_SQLITE };
	world->prod[0] = (struct sl_plan_target){ .name = "prod-1",
		.dialect = SL_DIALECT_POSTGRES,
		.risk = SL_RISK_MODERATE,
		.rows = 12 };
	world->prod[1] = (struct sl_plan_target){ .name = "prod-2",
		.dialect = SL_DIALECT_POSTGRES,
		.rows = -1 };
	world->prod[2] = (struct sl_plan_target){ .part = 1,
		.name = "prod-1",
		.dialect = SL_DIALECT_POSTGRES };
	world->steps[0] = (struct sl_approval_step){ "dba", 2 };
	world->environments[0] = (struct sl_plan_environment){ .name = "dev",
		.mode = SL_MODE_APPLY,
		.targets = world->dev,
		.targets_len = 1 };
	world->environments[1] = (struct sl_plan_environment){ .name = "staging", .position = 1 };
	world->environments[2] = (struct sl_plan_environment){ .name = "prod",
		.position = 2,
		.mode = SL_MODE_APPLY,
		.flow = { world->steps, 1 },
		.targets = world->prod,
		.targets_len = 3 };
	world->request = (struct sl_plan_request){ .change_id = 7,
		.commit = "c1",
		.now = 99,
		.parts = world->parts,
		.parts_len = 2,
		.environments = world->environments,
		.environments_len = 3 };
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sl_arena_free(world->arena);
	free(world);
	return 0;
}

static void an_environment_with_targets_is_a_stage_and_each_target_a_task(void **state)
{
	struct world *world = *state;
	struct sl_plan plan;

	sl_rollout_plan(&world->request, world->arena, &plan);
	assert_int_equal(plan.len, 2);
	assert_string_equal(plan.stages[0].stage.environment, "dev");
	assert_int_equal(plan.stages[0].tasks_len, 1);
	assert_string_equal(plan.stages[1].stage.environment, "prod");
	assert_int_equal(plan.stages[1].stage.position, 2);
	assert_int_equal(plan.stages[1].stage.risk, SL_RISK_MODERATE);
	assert_int_equal(plan.stages[1].stage.change_id, 7);
	assert_int_equal(plan.stages[1].tasks_len, 3);
	assert_string_equal(plan.stages[1].tasks[2].target, "prod-1");
	assert_string_equal(plan.stages[1].tasks[2].folder, "db/audit");
	assert_int_equal(plan.stages[1].tasks[2].state, SL_TASK_WAITING);
}

static void where_the_team_applies_by_itself_there_are_no_tasks(void **state)
{
	struct world *world = *state;
	struct sl_plan plan;

	world->environments[2].mode = SL_MODE_GATE;
	sl_rollout_plan(&world->request, world->arena, &plan);
	assert_int_equal(plan.len, 2);
	assert_int_equal(plan.stages[1].tasks_len, 0);
}

static void a_plan_reads_back_as_it_was_written(void **state)
{
	struct world *world = *state;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_plan plan;
	struct sl_stage_plan back;

	sl_rollout_plan(&world->request, world->arena, &plan);
	if (sl_rollout_read_plan(plan.stages[1].stage.plan, world->arena, &back, &err) != SL_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(back.commit, "c1");
	assert_int_equal(back.parts_len, 2);
	assert_string_equal(back.parts[1].ledger, "audit");
	assert_string_equal(back.parts[0].selector, "app = 'shop'");
	assert_int_equal(back.parts[0].set.len, 2);
	assert_int_equal(back.parts[0].set.at[1].kind, SL_MIGRATION_REPEATABLE);
	assert_string_equal(back.parts[0].set.at[1].sha256, "bb");
	assert_int_equal(back.targets_len, 3);
	assert_int_equal(back.targets[0].rows, 12);
	assert_int_equal(back.targets[1].rows, -1);
	assert_int_equal(back.targets[2].part, 1);
	assert_int_equal(back.flow.len, 1);
	assert_int_equal(back.flow.steps[0].count, 2);
}

static void a_text_that_is_no_plan_is_refused(void **state)
{
	static const char *const texts[] = { "", "[", "{\"targets\":[{\"part\":3}]}",
		"{\"approvals\":[{\"role\":\"dba\",\"count\":0}]}",
		"{\"parts\":[{\"migrations\":[{\"kind\":\"odd\"}]}]}" };
	struct world *world = *state;
	struct sl_stage_plan back;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(sl_rollout_read_plan(texts[i], world->arena, &back, NULL),
			SL_OK);
}

/* --- the digest ----------------------------------------------------------------------------- */

struct digest {
	char hex[SL_SHA256_HEX];
};

static struct digest digest(const struct world *world)
{
	struct digest out;

	sl_rollout_digest(&world->request, &world->environments[2], out.hex);
	return out;
}

static void a_squash_a_moved_folder_and_a_new_target_keep_the_digest(void **state)
{
	struct world *world = *state;
	struct digest before = digest(world);
	struct sl_plan_target more[4];

	world->request.commit = "c2";
	world->request.change_id = 8;
	world->request.now = 100;
	assert_string_equal(digest(world).hex, before.hex);
	world->parts[0].folder = "database";
	assert_string_equal(digest(world).hex, before.hex);
	memcpy(more, world->prod, sizeof(world->prod));
	more[3] = (struct sl_plan_target){ .name = "prod-3",
		.dialect = SL_DIALECT_POSTGRES,
		.rows = 1000000 };
	world->environments[2].targets = more;
	world->environments[2].targets_len = 4;
	assert_string_equal(digest(world).hex, before.hex);
	more[3].risk = SL_RISK_HIGH;
	assert_string_not_equal(digest(world).hex, before.hex);
}

static void content_names_order_selector_engine_and_risk_are_in_the_digest(void **state)
{
	struct world *world = *state;
	struct digest before = digest(world);
	const struct world kept = *world;

	world->files[0].sha256 = "ab";
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	world->files[0].path = "V1__b.sql";
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	world->files[0] = kept.files[1];
	world->files[1] = kept.files[0];
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	world->parts[0].selector = "true";
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	world->prod[1].dialect = SL_DIALECT_SQLITE;
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	world->prod[0].risk = SL_RISK_HIGH;
	assert_string_not_equal(digest(world).hex, before.hex);
	*world = kept;
	assert_string_equal(digest(world).hex, before.hex);
}

static void a_part_that_no_target_of_the_environment_takes_is_not_in_its_digest(void **state)
{
	struct world *world = *state;
	struct digest before = digest(world);

	world->environments[2].targets_len = 2;
	assert_string_not_equal(digest(world).hex, before.hex);
	before = digest(world);
	world->parts[1].selector = "true";
	assert_string_equal(digest(world).hex, before.hex);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_environment_with_targets_is_a_stage_and_each_target_a_task),
		TEST(where_the_team_applies_by_itself_there_are_no_tasks),
		TEST(a_plan_reads_back_as_it_was_written),
		TEST(a_text_that_is_no_plan_is_refused),
		TEST(a_squash_a_moved_folder_and_a_new_target_keep_the_digest),
		TEST(content_names_order_selector_engine_and_risk_are_in_the_digest),
		TEST(a_part_that_no_target_of_the_environment_takes_is_not_in_its_digest),
	};

	return cmocka_run_group_tests_name("rollout_plan", tests, NULL, NULL);
}
