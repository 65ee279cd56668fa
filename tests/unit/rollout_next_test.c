/* What comes next for a merged change, and what it says that it waits for. */
#include "sluice/core/clock.h"
#include "sluice/core/rand.h"
#include "sluice/core/str.h"
#include "sluice/rollout/moves.h"
#include "sluice/rollout/next.h"

#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STAGES   3
#define EACH     3
#define TASKS    (STAGES * EACH)
#define NOON     (INT64_C(1763806440) * SL_SECOND_US) /* 2025-11-22T10:14:00Z */
#define WAIT_DBA "waiting for 1 of 2 approvals (dba)"

static const char *const environments[STAGES] = { "dev", "staging", "prod" };
static const char *const targets[TASKS] = { "dev-a", "dev-b", "dev-c", "staging-a", "staging-b",
	"staging-c", "prod-a", "prod-b", "prod-c" };

struct world {
	struct sl_arena *arena;
	struct sl_stage stages[STAGES];
	struct sl_task tasks[TASKS];
	struct sl_change_view change;
	struct sl_stage_gate gates[STAGES];
	struct sl_blocker blocker;
	struct sl_rollout_view view;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->arena = sl_arena_new();
	for (size_t i = 0; i < STAGES; i++) {
		world->stages[i] = (struct sl_stage){ .id = (int64_t)i + 1,
			.change_id = 7,
			.environment = environments[i],
			.position = (unsigned)i };
		world->gates[i] = (struct sl_stage_gate){ .open = true, .mode = SL_MODE_APPLY };
	}
	for (size_t i = 0; i < TASKS; i++)
		world->tasks[i] = (struct sl_task){ .id = (int64_t)i + 1,
			.stage_id = (int64_t)(i / EACH) + 1,
			.change_id = 7,
			.target = targets[i],
			.detail = "" };
	world->change = (struct sl_change_view){
		.change = { .id = 7, .state = SL_CHANGE_MERGED, .hold_by = "", .hold_reason = "" },
		.stages = world->stages,
		.stages_len = STAGES,
		.tasks = world->tasks,
		.tasks_len = TASKS
	};
	world->blocker = (struct sl_blocker){ "prod-a", 4, SL_TASK_RUNNING };
	world->view = (struct sl_rollout_view){ .change = &world->change,
		.planned = true,
		.gates = world->gates,
		.now = NOON };
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

static struct sl_move_list next(struct world *world)
{
	struct sl_move_list moves;

	sl_rollout_next(&world->view, world->arena, &moves);
	return moves;
}

/* Makes the moves as the store would, each checked against the table and the present state. */
static void make(struct world *world, const struct sl_move_list *moves)
{
	for (size_t i = 0; i < moves->len; i++) {
		const struct sl_move *move = &moves->at[i];

		assert_int_equal(sl_rollout_check(move, NULL), SL_OK);
		switch (move->object) {
		case SL_OBJECT_CHANGE:
			assert_int_equal(world->change.change.state, move->from);
			world->change.change.state = (enum sl_change_state)move->to;
			break;
		case SL_OBJECT_STAGE:
			assert_int_equal(world->stages[move->id - 1].state, move->from);
			world->stages[move->id - 1].state = (enum sl_stage_state)move->to;
			break;
		case SL_OBJECT_TASK:
			assert_int_equal(world->tasks[move->id - 1].state, move->from);
			world->tasks[move->id - 1].state = (enum sl_task_state)move->to;
			break;
		case SL_OBJECT_COUNT:
			fail();
		}
	}
}

static void advance(struct world *world)
{
	struct sl_move_list moves = next(world);

	while (moves.len > 0) {
		make(world, &moves);
		moves = next(world);
	}
}

static void set_stage(struct world *world, size_t stage, enum sl_stage_state state,
	enum sl_task_state tasks)
{
	world->stages[stage].state = state;
	for (size_t i = stage * EACH; i < (stage + 1) * EACH; i++)
		world->tasks[i].state = tasks;
}

static void set_outcomes(struct world *world, size_t stage, enum sl_outcome outcome)
{
	for (size_t i = stage * EACH; i < (stage + 1) * EACH; i++)
		world->tasks[i].outcome = outcome;
}

/* --- moves ---------------------------------------------------------------------------------- */

static void the_first_stage_starts_with_all_its_tasks(void **state)
{
	struct world *world = *state;
	struct sl_move_list moves = next(world);

	assert_int_equal(moves.len, 1 + EACH);
	assert_string_equal(moves.at[0].event->kind, "stage.started");
	make(world, &moves);
	assert_int_equal(world->stages[0].state, SL_STAGE_RUNNING);
	assert_int_equal(world->tasks[2].state, SL_TASK_READY);
	assert_int_equal(world->tasks[3].state, SL_TASK_WAITING);
	assert_int_equal(next(world).len, 0);
}

static void nothing_moves_before_the_merge_or_the_plan(void **state)
{
	struct world *world = *state;

	world->change.change.state = SL_CHANGE_OPEN;
	assert_int_equal(next(world).len, 0);
	world->change.change.state = SL_CHANGE_MERGED;
	world->view.planned = false;
	assert_int_equal(next(world).len, 0);
}

static void a_stage_waits_for_its_gate(void **state)
{
	struct world *world = *state;

	world->gates[0] = (struct sl_stage_gate){ .open = false,
		.waits = WAIT_DBA,
		.mode = SL_MODE_APPLY };
	assert_int_equal(next(world).len, 0);
	world->gates[0].open = true;
	assert_int_not_equal(next(world).len, 0);
}

static void a_stage_that_is_done_lets_the_next_one_start(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_DONE);
	set_outcomes(world, 0, SL_OUTCOME_APPLIED);
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_DONE);
	assert_int_equal(world->stages[1].state, SL_STAGE_RUNNING);
	assert_int_equal(world->stages[2].state, SL_STAGE_WAITING);
}

static void a_failed_target_lets_its_stage_finish_and_stops_the_later_ones(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_DONE);
	world->tasks[0].state = SL_TASK_FAILED;
	world->tasks[1].state = SL_TASK_RUNNING;
	assert_int_equal(next(world).len, 0);
	world->tasks[1].state = SL_TASK_DONE;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_FAILED);
	assert_int_equal(world->stages[1].state, SL_STAGE_WAITING);
	assert_int_equal(next(world).len, 0);
}

static void a_retry_touches_only_the_target_that_failed(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_FAILED, SL_TASK_DONE);
	set_outcomes(world, 0, SL_OUTCOME_APPLIED);
	world->tasks[1].state = SL_TASK_READY;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_RUNNING);
	assert_int_equal(world->tasks[0].state, SL_TASK_DONE);
	world->tasks[1].state = SL_TASK_DONE;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_DONE);
	assert_int_equal(world->stages[1].state, SL_STAGE_RUNNING);
}

static void a_skip_heals_a_failed_stage(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_FAILED, SL_TASK_DONE);
	set_outcomes(world, 0, SL_OUTCOME_APPLIED);
	world->tasks[1].state = SL_TASK_SKIPPED;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_DONE);
}

static void a_hold_takes_back_what_is_ready_and_lets_run_what_runs(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_READY);
	world->tasks[0].state = SL_TASK_RUNNING;
	world->tasks[2].state = SL_TASK_BLOCKED;
	world->change.change.held = true;
	advance(world);
	assert_int_equal(world->tasks[0].state, SL_TASK_RUNNING);
	assert_int_equal(world->tasks[1].state, SL_TASK_WAITING);
	assert_int_equal(world->tasks[2].state, SL_TASK_BLOCKED);
	world->change.change.held = false;
	advance(world);
	assert_int_equal(world->tasks[1].state, SL_TASK_READY);
	assert_int_equal(world->tasks[2].state, SL_TASK_READY);
}

static void a_hold_never_hides_that_an_outcome_is_unproved(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_READY);
	world->tasks[1].outcome = SL_OUTCOME_UNKNOWN;
	world->tasks[1].ended_at = NOON - 1;
	world->change.change.held = true;
	advance(world);
	assert_int_equal(world->tasks[0].state, SL_TASK_WAITING);
	assert_int_equal(world->tasks[1].state, SL_TASK_UNKNOWN);
}

static void a_held_change_starts_no_stage(void **state)
{
	struct world *world = *state;

	world->change.change.held = true;
	assert_int_equal(next(world).len, 0);
}

static void a_held_change_without_stages_waits_until_it_is_let_go(void **state)
{
	struct world *world = *state;

	world->change.stages_len = world->change.tasks_len = 0;
	world->change.change.held = true;
	assert_int_equal(next(world).len, 0);
	world->change.change.held = false;
	advance(world);
	assert_int_equal(world->change.change.state, SL_CHANGE_NOTHING);
}

static void a_blocked_task_is_tried_again_when_due(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_DONE);
	world->tasks[1].state = SL_TASK_BLOCKED;
	world->tasks[1].due_at = NOON + 5;
	world->tasks[2].state = SL_TASK_UNKNOWN;
	world->tasks[2].due_at = NOON + 3;
	assert_int_equal(next(world).len, 0);
	assert_int_equal(sl_rollout_due(&world->view), NOON + 3);
	world->view.now = NOON + 4;
	advance(world);
	assert_int_equal(world->tasks[2].state, SL_TASK_READY);
	assert_int_equal(world->tasks[1].state, SL_TASK_BLOCKED);
}

static void nothing_to_do_is_not_called_done(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < STAGES; i++) {
		set_stage(world, i, SL_STAGE_RUNNING, SL_TASK_DONE);
		set_outcomes(world, i, SL_OUTCOME_NOTHING);
	}
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_NOTHING);
	assert_int_equal(world->change.change.state, SL_CHANGE_NOTHING);
}

static void one_target_that_needed_it_makes_it_done(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < STAGES; i++) {
		set_stage(world, i, SL_STAGE_RUNNING, SL_TASK_DONE);
		set_outcomes(world, i, SL_OUTCOME_NOTHING);
	}
	world->tasks[4].outcome = SL_OUTCOME_APPLIED;
	advance(world);
	assert_int_equal(world->stages[1].state, SL_STAGE_DONE);
	assert_int_equal(world->change.change.state, SL_CHANGE_DONE);
}

static void a_stage_without_tasks_has_nothing_to_do_once_its_gate_is_open(void **state)
{
	struct world *world = *state;

	world->change.tasks_len = 0;
	world->gates[1] = (struct sl_stage_gate){ .open = false,
		.waits = WAIT_DBA,
		.mode = SL_MODE_APPLY };
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_NOTHING);
	assert_int_equal(world->stages[1].state, SL_STAGE_WAITING);
}

static void leave(struct world *world, size_t stage, enum sl_mode mode, const char *pending)
{
	world->gates[stage].mode = mode;
	world->gates[stage].pending = pending;
	for (size_t i = 0; i < TASKS; i++) {
		if (world->tasks[i].stage_id == (int64_t)stage + 1)
			world->tasks[i].stage_id = 99;
	}
}

static void a_stage_below_apply_is_left_and_never_called_nothing(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < STAGES; i++)
		leave(world, i, i == 2 ? SL_MODE_REVIEW : SL_MODE_OBSERVE, NULL);
	advance(world);
	for (size_t i = 0; i < STAGES; i++)
		assert_int_equal(world->stages[i].state, SL_STAGE_LEFT);
	assert_int_equal(world->change.change.state, SL_CHANGE_DONE);
}

static void a_gate_is_left_to_the_teams_tool_once_it_is_open(void **state)
{
	struct world *world = *state;
	struct sl_move_list moves;

	leave(world, 0, SL_MODE_GATE, "dev-a");
	world->gates[0].open = false;
	world->gates[0].waits = WAIT_DBA;
	assert_int_equal(next(world).len, 0);
	world->gates[0].open = true;
	moves = next(world);
	assert_int_equal(moves.len, 1);
	assert_int_equal(moves.at[0].to, SL_STAGE_LEFT);
	assert_string_equal(moves.at[0].event->text, "stage dev: left to the team's own tool");
}

static void behind_a_gate_the_next_stage_waits_until_it_was_seen_applied(void **state)
{
	struct world *world = *state;
	sl_auto_buf struct sl_buf said = SL_BUF_INIT(1000);

	leave(world, 0, SL_MODE_GATE, "V1.sql is not yet applied on dev-a");
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_LEFT);
	assert_int_equal(world->stages[1].state, SL_STAGE_WAITING);
	sl_rollout_waits_for(&world->view, &said);
	assert_string_equal(sl_buf_str(&said),
		"waiting for the team's own tool in dev: V1.sql is not yet applied on dev-a (if it "
		"never will be: sluice skip 7 --environment dev --reason ...)");
	world->gates[0].pending = NULL;
	world->gates[0].seen = "applied by Flyway";
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_ELSEWHERE);
	assert_int_equal(world->stages[1].state, SL_STAGE_RUNNING);
}

static void a_gate_that_is_last_ends_its_change_when_it_was_seen_applied(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i + 1 < STAGES; i++) {
		set_stage(world, i, SL_STAGE_RUNNING, SL_TASK_DONE);
		set_outcomes(world, i, SL_OUTCOME_APPLIED);
	}
	leave(world, STAGES - 1, SL_MODE_GATE, "prod-a");
	advance(world);
	assert_int_equal(world->change.change.state, SL_CHANGE_MERGED);
	world->gates[STAGES - 1].pending = NULL;
	world->gates[STAGES - 1].seen = "applied by Flyway";
	advance(world);
	assert_int_equal(world->change.change.state, SL_CHANGE_DONE);
	assert_int_equal(world->stages[STAGES - 1].state, SL_STAGE_ELSEWHERE);
}

static void a_gate_that_was_skipped_lets_the_later_ones_go_on_and_its_change_end(void **state)
{
	struct world *world = *state;
	struct sl_move_list moves;

	leave(world, 0, SL_MODE_GATE, "V1.sql is not yet applied on dev-a");
	advance(world);
	world->stages[0].state = SL_STAGE_SKIPPED;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_SKIPPED);
	assert_int_equal(world->stages[1].state, SL_STAGE_RUNNING);
	for (size_t i = 1; i < STAGES; i++) {
		set_stage(world, i, SL_STAGE_NOTHING, SL_TASK_DONE);
		set_outcomes(world, i, SL_OUTCOME_NOTHING);
	}
	moves = next(world);
	assert_int_equal(moves.len, 1);
	assert_int_equal(moves.at[0].to, SL_CHANGE_DONE);
	assert_string_equal(moves.at[0].event->text,
		"through; nothing was applied: it was skipped");
}

static void a_canceled_stage_stops_the_later_ones_until_it_is_taken_up_again(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_DONE);
	set_outcomes(world, 0, SL_OUTCOME_APPLIED);
	world->tasks[0].state = SL_TASK_CANCELED;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_CANCELED);
	assert_int_equal(world->stages[1].state, SL_STAGE_WAITING);
	world->tasks[0].state = SL_TASK_READY;
	advance(world);
	assert_int_equal(world->stages[0].state, SL_STAGE_RUNNING);
}

/* What happens to tasks from outside: a claim with its outcome, or a person's order. */
static void disturb(struct world *world, const struct sl_rand *rand)
{
	struct sl_task *task = &world->tasks[sl_rand_below(rand, TASKS)];

	if (task->state == SL_TASK_READY) {
		uint64_t outcome = sl_rand_below(rand, SL_OUTCOME_COUNT);
		const struct sl_attempt attempt = { .outcome = (enum sl_outcome)outcome,
			.now = world->view.now };
		struct sl_task running = *task;
		struct sl_move move;

		running.state = SL_TASK_RUNNING;
		sl_rollout_settle(&running, &attempt, rand, world->arena, &move);
		task->state = (enum sl_task_state)move.to;
		task->outcome = attempt.outcome;
		task->ended_at = world->view.now;
		task->due_at = move.due_at;
	} else {
		static const enum sl_verb verbs[] = { SL_VERB_RETRY, SL_VERB_SKIP,
			SL_VERB_RESOLVE };
		const struct sl_task_order order = { .verb = verbs[sl_rand_below(rand, 3)],
			.reason = "r",
			.by = "dana" };
		struct sl_move move;

		if (sl_rollout_order(task, &order, world->arena, &move, NULL) == SL_OK) {
			task->state = (enum sl_task_state)move.to;
			task->due_at = 0;
		}
	}
}

static void check_order(const struct world *world)
{
	for (size_t i = 1; i < STAGES; i++) {
		bool before = world->stages[i - 1].state == SL_STAGE_DONE ||
			world->stages[i - 1].state == SL_STAGE_NOTHING;

		if (!before)
			assert_int_equal(world->stages[i].state, SL_STAGE_WAITING);
	}
}

static void any_history_keeps_to_the_tables_and_the_order_and_ends(void **state)
{
	struct world *world = *state;
	struct sl_rand_seeded random;
	unsigned ended = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		sl_rand_seed(&random, seed);
		world->change.change.state = SL_CHANGE_MERGED;
		for (size_t i = 0; i < STAGES; i++)
			set_stage(world, i, SL_STAGE_WAITING, SL_TASK_WAITING);
		for (int step = 0; step < 3000 && world->change.change.state == SL_CHANGE_MERGED;
			step++) {
			world->change.change.held = sl_rand_below(&random.rand, 10) == 0;
			world->view.now += 60 * SL_SECOND_US;
			disturb(world, &random.rand);
			advance(world);
			check_order(world);
			sl_arena_clear(world->arena);
		}
		ended += world->change.change.state != SL_CHANGE_MERGED;
	}
	assert_int_equal(ended, 200);
}

/* --- sentences ------------------------------------------------------------------------------ */

static void assert_says(struct world *world, const char *sentence)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1000);

	sl_rollout_waits_for(&world->view, &text);
	assert_string_equal(sl_buf_str(&text), sentence);
}

static void an_open_change_waits_for_its_review_then_the_merge(void **state)
{
	struct world *world = *state;

	world->change.change.state = SL_CHANGE_OPEN;
	assert_says(world, "waiting for its review");
	world->change.change.review_id = 1;
	assert_says(world, "waiting to be merged");
}

static void a_closed_gate_says_what_it_needs(void **state)
{
	struct world *world = *state;

	world->gates[0] = (struct sl_stage_gate){ .open = false,
		.waits = WAIT_DBA,
		.mode = SL_MODE_APPLY };
	assert_says(world, WAIT_DBA);
}

static void a_later_stage_waits_for_the_one_before(void **state)
{
	struct world *world = *state;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1000);

	sl_rollout_stage_waits_for(&world->view, &world->stages[2], &text);
	assert_string_equal(sl_buf_str(&text), "waiting for stage dev");
	sl_buf_clear(&text);
	sl_rollout_task_waits_for(&world->view, &world->tasks[3], &text);
	assert_string_equal(sl_buf_str(&text), "waiting for stage dev");
}

static void a_hold_says_whose_and_why(void **state)
{
	struct world *world = *state;

	world->change.change.held = true;
	world->change.change.hold_by = "dana";
	world->change.change.hold_reason = "month end";
	assert_says(world, "held by dana: month end");
	world->change.change.hold_by = "sluice";
	world->change.change.hold_reason = "merged with a red review";
	assert_says(world, "held: merged with a red review");
}

static void another_change_on_the_target_is_named(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_DONE, SL_TASK_DONE);
	set_stage(world, 1, SL_STAGE_DONE, SL_TASK_DONE);
	set_stage(world, 2, SL_STAGE_RUNNING, SL_TASK_READY);
	world->view.blockers = &world->blocker;
	world->view.blockers_len = 1;
	assert_says(world, "blocked by change 4 on prod-a (and 2 more)");
}

static void a_blocked_target_says_since_when_and_when_next(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_DONE);
	world->tasks[0].state = SL_TASK_BLOCKED;
	world->tasks[0].detail = "target unreachable";
	world->tasks[0].blocked_at = NOON - 3600 * SL_SECOND_US;
	world->tasks[0].due_at = NOON + 40 * SL_SECOND_US;
	assert_says(world, "target unreachable since 09:14 UTC, next try in 40 s");
}

static void a_failed_stage_says_where_and_why(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_FAILED, SL_TASK_DONE);
	world->tasks[1].state = SL_TASK_FAILED;
	world->tasks[1].detail = "V2__b.sql:3: relation \"x\" exists";
	assert_says(world, "stage dev failed on dev-b: V2__b.sql:3: relation \"x\" exists");
	world->tasks[1].detail = "dev-b: V2__b.sql:3: relation \"x\" exists";
	assert_says(world, "stage dev failed on dev-b: V2__b.sql:3: relation \"x\" exists");
	world->tasks[2].state = SL_TASK_FAILED;
	world->tasks[1].detail = "";
	assert_says(world, "stage dev failed on dev-b and 1 more");
	world->tasks[1].state = SL_TASK_NEEDS_HUMAN;
	assert_says(world, "stage dev needs a human on dev-b and 1 more");
}

static void what_needs_a_person_is_said_before_what_runs(void **state)
{
	struct world *world = *state;

	set_stage(world, 0, SL_STAGE_RUNNING, SL_TASK_RUNNING);
	assert_says(world, "running on dev-a (and 2 more)");
	world->tasks[1].state = SL_TASK_FAILED;
	world->tasks[1].detail = "no such table";
	assert_says(world, "failed on dev-b: no such table (and 2 more)");
	world->tasks[2].state = SL_TASK_NEEDS_HUMAN;
	world->tasks[2].detail = "statement 3 may have run";
	assert_says(world, "dev-c needs a human: statement 3 may have run (and 1 more)");
}

static void what_is_over_waits_for_nothing(void **state)
{
	struct world *world = *state;

	world->change.change.state = SL_CHANGE_DONE;
	assert_says(world, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_stage_starts_with_all_its_tasks),
		TEST(nothing_moves_before_the_merge_or_the_plan),
		TEST(a_stage_waits_for_its_gate),
		TEST(a_stage_that_is_done_lets_the_next_one_start),
		TEST(a_failed_target_lets_its_stage_finish_and_stops_the_later_ones),
		TEST(a_retry_touches_only_the_target_that_failed),
		TEST(a_skip_heals_a_failed_stage),
		TEST(a_hold_takes_back_what_is_ready_and_lets_run_what_runs),
		TEST(a_hold_never_hides_that_an_outcome_is_unproved),
		TEST(a_held_change_starts_no_stage),
		TEST(a_held_change_without_stages_waits_until_it_is_let_go),
		TEST(a_blocked_task_is_tried_again_when_due),
		TEST(nothing_to_do_is_not_called_done),
		TEST(one_target_that_needed_it_makes_it_done),
		TEST(a_stage_without_tasks_has_nothing_to_do_once_its_gate_is_open),
		TEST(a_canceled_stage_stops_the_later_ones_until_it_is_taken_up_again),
		TEST(any_history_keeps_to_the_tables_and_the_order_and_ends),
		TEST(an_open_change_waits_for_its_review_then_the_merge),
		TEST(a_closed_gate_says_what_it_needs),
		TEST(a_later_stage_waits_for_the_one_before),
		TEST(a_hold_says_whose_and_why),
		TEST(another_change_on_the_target_is_named),
		TEST(a_blocked_target_says_since_when_and_when_next),
		TEST(a_failed_stage_says_where_and_why),
		TEST(what_needs_a_person_is_said_before_what_runs),
		TEST(what_is_over_waits_for_nothing),
		TEST(a_stage_below_apply_is_left_and_never_called_nothing),
		TEST(a_gate_is_left_to_the_teams_tool_once_it_is_open),
		TEST(behind_a_gate_the_next_stage_waits_until_it_was_seen_applied),
		TEST(a_gate_that_is_last_ends_its_change_when_it_was_seen_applied),
		TEST(a_gate_that_was_skipped_lets_the_later_ones_go_on_and_its_change_end),
	};

	return cmocka_run_group_tests_name("rollout_next", tests, NULL, NULL);
}
