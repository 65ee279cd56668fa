#include "sluice/rollout/moves.h"

#include "next_int.h"

#define BIT(state) (1u << (state))

/* Row: from.  Mask: the states it may move to.  The only places that know. */
static const unsigned task_moves[] = {
	[SL_TASK_WAITING] = BIT(SL_TASK_READY) | BIT(SL_TASK_SKIPPED) | BIT(SL_TASK_CANCELED),
	[SL_TASK_READY] = BIT(SL_TASK_WAITING) | BIT(SL_TASK_RUNNING) | BIT(SL_TASK_SKIPPED) |
		BIT(SL_TASK_CANCELED) | BIT(SL_TASK_UNKNOWN),
	[SL_TASK_RUNNING] = BIT(SL_TASK_DONE) | BIT(SL_TASK_FAILED) | BIT(SL_TASK_BLOCKED) |
		BIT(SL_TASK_UNKNOWN) | BIT(SL_TASK_NEEDS_HUMAN) | BIT(SL_TASK_READY) |
		BIT(SL_TASK_CANCELED),
	[SL_TASK_DONE] = 0,
	[SL_TASK_FAILED] = BIT(SL_TASK_READY) | BIT(SL_TASK_SKIPPED) | BIT(SL_TASK_CANCELED),
	[SL_TASK_BLOCKED] = BIT(SL_TASK_READY) | BIT(SL_TASK_SKIPPED) | BIT(SL_TASK_CANCELED),
	[SL_TASK_UNKNOWN] = BIT(SL_TASK_DONE) | BIT(SL_TASK_FAILED) | BIT(SL_TASK_READY) |
		BIT(SL_TASK_NEEDS_HUMAN),
	[SL_TASK_NEEDS_HUMAN] = BIT(SL_TASK_READY),
	[SL_TASK_SKIPPED] = 0,
	[SL_TASK_CANCELED] = BIT(SL_TASK_READY) | BIT(SL_TASK_SKIPPED),
};

/* What ended goes on again when a retry, a skip or a resolution healed one of its tasks. */
static const unsigned stage_moves[] = {
	[SL_STAGE_WAITING] = BIT(SL_STAGE_RUNNING) | BIT(SL_STAGE_NOTHING) |
		BIT(SL_STAGE_CANCELED) | BIT(SL_STAGE_LEFT),
	[SL_STAGE_RUNNING] = BIT(SL_STAGE_DONE) | BIT(SL_STAGE_FAILED) | BIT(SL_STAGE_NOTHING) |
		BIT(SL_STAGE_CANCELED),
	[SL_STAGE_DONE] = 0,
	[SL_STAGE_FAILED] = BIT(SL_STAGE_RUNNING),
	[SL_STAGE_NOTHING] = 0,
	[SL_STAGE_CANCELED] = BIT(SL_STAGE_RUNNING),
	[SL_STAGE_LEFT] = BIT(SL_STAGE_ELSEWHERE) | BIT(SL_STAGE_SKIPPED),
	[SL_STAGE_ELSEWHERE] = 0,
	[SL_STAGE_SKIPPED] = 0,
};

static const unsigned change_moves[] = {
	[SL_CHANGE_OPEN] = BIT(SL_CHANGE_MERGED) | BIT(SL_CHANGE_CLOSED) |
		BIT(SL_CHANGE_SUPERSEDED),
	[SL_CHANGE_MERGED] = BIT(SL_CHANGE_DONE) | BIT(SL_CHANGE_NOTHING) |
		BIT(SL_CHANGE_SUPERSEDED),
	[SL_CHANGE_DONE] = 0,
	[SL_CHANGE_NOTHING] = 0,
	[SL_CHANGE_CLOSED] = BIT(SL_CHANGE_OPEN),
	[SL_CHANGE_SUPERSEDED] = 0,
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(LEN(task_moves) == SL_TASK_STATE_COUNT, "a task's state has no row");
_Static_assert(LEN(stage_moves) == SL_STAGE_STATE_COUNT, "a stage's state has no row");
_Static_assert(LEN(change_moves) == SL_CHANGE_STATE_COUNT, "a change's state has no row");

enum sl_code sl_rollout_check_move(enum sl_task_state from, enum sl_task_state to,
	struct sl_error *err)
{
	if (task_moves[from] & BIT(to))
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT, "a %s task cannot become %s",
		sl_task_state_name(from), sl_task_state_name(to));
}

enum sl_code sl_rollout_check_stage_move(enum sl_stage_state from, enum sl_stage_state to,
	struct sl_error *err)
{
	if (stage_moves[from] & BIT(to))
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT, "a %s stage cannot become %s",
		sl_stage_state_name(from), sl_stage_state_name(to));
}

enum sl_code sl_rollout_check_change_move(enum sl_change_state from, enum sl_change_state to,
	struct sl_error *err)
{
	if (change_moves[from] & BIT(to))
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT, "a %s change cannot become %s",
		sl_change_state_name(from), sl_change_state_name(to));
}

enum sl_code sl_rollout_check(const struct sl_move *move, struct sl_error *err)
{
	switch (move->object) {
	case SL_OBJECT_CHANGE:
		return sl_rollout_check_change_move((enum sl_change_state)move->from,
			(enum sl_change_state)move->to, err);
	case SL_OBJECT_STAGE:
		return sl_rollout_check_stage_move((enum sl_stage_state)move->from,
			(enum sl_stage_state)move->to, err);
	case SL_OBJECT_TASK:
		return sl_rollout_check_move((enum sl_task_state)move->from,
			(enum sl_task_state)move->to, err);
	case SL_OBJECT_COUNT:
		break;
	}
	return sl_error_set(err, SL_EINTERNAL, "a move of no object");
}

bool sl_rollout_is_final(enum sl_task_state state)
{
	return task_moves[state] == 0;
}

bool sl_rollout_is_unproved(const struct sl_task *task)
{
	return task->ended_at != 0 && task->outcome == SL_OUTCOME_UNKNOWN;
}

bool sl_rollout_is_settled(enum sl_task_state state)
{
	static const unsigned settled = BIT(SL_TASK_DONE) | BIT(SL_TASK_FAILED) |
		BIT(SL_TASK_NEEDS_HUMAN) | BIT(SL_TASK_SKIPPED) | BIT(SL_TASK_CANCELED);

	return settled & BIT(state);
}
