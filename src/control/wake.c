/* What waits for a target hears that something has changed there. */
#include "inside.h"

#include "sluice/rollout/moves.h"

static enum sl_code retry(struct sl_control *control, const struct sl_task *task, const char *by,
	struct sl_arena *arena, struct sl_error *err)
{
	const struct sl_task_order given = { .verb = SL_VERB_RETRY,
		.by = by,
		.now = sl_control_now(control) };
	struct sl_move move;
	enum sl_code code = sl_rollout_order(task, &given, arena, &move, err);

	if (code == SL_OK)
		code = sl_store_apply(control->doors.store, &move, 1, err);
	sl_control_queue_change(control, task->change_id, 0);
	return code == SL_ECONFLICT ? SL_OK : code; /* it is being tried */
}

enum sl_code sl_control_wake_blocked(struct sl_control *control, const char *target, const char *by,
	struct sl_error *err)
{
	const struct sl_task_query query = { .target = target,
		.states = SL_STATE_BIT(SL_TASK_BLOCKED) };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task_list tasks = { 0 };
	enum sl_code code = sl_store_tasks(control->doors.store, &query, arena, &tasks, err);

	for (size_t i = 0; code == SL_OK && i < tasks.len; i++)
		code = retry(control, &tasks.at[i], by, arena, err);
	return code;
}
