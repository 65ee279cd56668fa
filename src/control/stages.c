#include "stages.h"

#include "sluice/core/str.h"
#include "sluice/rollout/plan.h"

struct sl_approval_case sl_staged_case(const struct staged *staged, size_t i)
{
	return (struct sl_approval_case){ .workspace = staged->world->workspace,
		.flow = staged->flows[i],
		.digest = staged->view.stages[i].digest,
		.stage_id = staged->view.stages[i].id,
		.approvals = staged->view.approvals,
		.approvals_len = staged->view.approvals_len,
		.people = staged->view.people,
		.people_len = staged->view.people_len };
}

static enum sl_code read_gates(struct staged *out, struct sl_arena *arena, struct sl_error *err)
{
	size_t n = out->view.stages_len;
	struct sl_stage_gate *gates = sl_arena_calloc(arena, n + 1, sizeof(*gates));

	out->approvals = sl_arena_calloc(arena, n + 1, sizeof(*out->approvals));
	out->flows = sl_arena_calloc(arena, n + 1, sizeof(*out->flows));
	for (size_t i = 0; i < n; i++) {
		struct sl_approval_case kase;
		struct sl_stage_plan plan;
		enum sl_code code = sl_rollout_read_plan(out->view.stages[i].plan, arena, &plan,
			err);

		if (code != SL_OK)
			return code;
		out->flows[i] = plan.flow;
		kase = sl_staged_case(out, i);
		sl_policy_approval_state(&kase, arena, &out->approvals[i]);
		gates[i].open = out->approvals[i].satisfied;
		gates[i].waits = out->approvals[i].satisfied ? NULL : out->approvals[i].sentence;
	}
	out->rollout.gates = gates;
	return SL_OK;
}

static bool is_mine(const struct staged *out, const char *target)
{
	for (size_t i = 0; i < out->view.tasks_len; i++) {
		if (sl_str_eq(out->view.tasks[i].target, target))
			return true;
	}
	return false;
}

/* Older changes' tasks on our targets that have not ended: changes go to a target in the order in
 * which they were opened. */
static enum sl_code read_blockers(struct sl_control *control, struct sl_arena *arena,
	struct staged *out, struct sl_error *err)
{
	const struct sl_task_query query = { .states = SL_STATE_BIT(SL_TASK_READY) |
			SL_STATE_BIT(SL_TASK_RUNNING) | SL_STATE_BIT(SL_TASK_BLOCKED) |
			SL_STATE_BIT(SL_TASK_UNKNOWN) | SL_STATE_BIT(SL_TASK_NEEDS_HUMAN),
		.page = { .limit = 1000 } };

	struct {
		SL_VEC(struct sl_blocker);
	} blockers = { 0 };
	struct sl_task_list tasks;
	enum sl_code code = sl_store_tasks(control->doors.store, &query, arena, &tasks, err);

	for (size_t i = 0; code == SL_OK && i < tasks.len; i++) {
		const struct sl_task *task = &tasks.at[i];

		if (task->change_id < out->view.change.id && is_mine(out, task->target))
			*sl_vec_add_in(arena,
				&blockers) = (struct sl_blocker){ .target = task->target,
				.change_id = task->change_id,
				.state = task->state };
	}
	out->rollout.blockers = blockers.at;
	out->rollout.blockers_len = blockers.len;
	return code;
}

enum sl_code sl_staged_read(struct sl_control *control, const struct sl_world *world,
	int64_t change_id, struct sl_arena *arena, struct staged *out, struct sl_error *err)
{
	enum sl_code code;

	*out = (struct staged){ .world = world };
	code = sl_store_change_view(control->doors.store, change_id, arena, &out->view, err);
	if (code == SL_OK)
		code = read_gates(out, arena, err);
	if (code == SL_OK)
		code = read_blockers(control, arena, out, err);
	out->rollout.change = &out->view;
	out->rollout.planned = true;
	out->rollout.now = sl_control_now(control);
	return code;
}
