#include "plan_int.h"

static void plan_tasks(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, struct sl_arena *arena,
	struct sl_planned_stage *out)
{
	struct sl_task *tasks = sl_arena_calloc(arena, environment->targets_len + 1,
		sizeof(*tasks));

	out->tasks = tasks;
	if (environment->mode < SL_MODE_APPLY)
		return;
	for (size_t i = 0; i < environment->targets_len; i++) {
		const struct sl_plan_target *target = &environment->targets[i];

		tasks[out->tasks_len++] = (struct sl_task){ .change_id = request->change_id,
			.environment = environment->name,
			.target = target->name,
			.folder = request->parts[target->part].folder,
			.state = SL_TASK_WAITING };
	}
}

static void plan_stage(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, struct sl_arena *arena,
	struct sl_planned_stage *out)
{
	char *digest = sl_arena_alloc(arena, SL_SHA256_HEX);

	sl_rollout_digest(request, environment, digest);
	out->stage = (struct sl_stage){ .change_id = request->change_id,
		.environment = environment->name,
		.position = environment->position,
		.state = SL_STAGE_WAITING,
		.digest = digest,
		.risk = sl_rollout_risk_of(environment),
		.plan = sl_rollout_write_plan(request, environment, arena),
		.created_at = request->now };
	plan_tasks(request, environment, arena, out);
}

void sl_rollout_plan(const struct sl_plan_request *request, struct sl_arena *arena,
	struct sl_plan *out)
{
	struct sl_planned_stage *stages = sl_arena_calloc(arena, request->environments_len + 1,
		sizeof(*stages));

	*out = (struct sl_plan){ .stages = stages };
	for (size_t i = 0; i < request->environments_len; i++) {
		if (request->environments[i].targets_len > 0)
			plan_stage(request, &request->environments[i], arena, &stages[out->len++]);
	}
}
