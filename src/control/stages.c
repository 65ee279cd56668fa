#include "stages.h"

#include "sluice/core/str.h"
#include "sluice/layout.h"
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

static enum sl_code read_gates(struct staged *out, struct sl_arena *arena,
	struct sl_stage_gate **slot, struct sl_error *err)
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
	out->rollout.gates = *slot = gates;
	return SL_OK;
}

/* --- what goes to our targets first ----------------------------------------------------------- */

static const struct sl_task *own_task(const struct staged *out, const struct sl_task *other)
{
	for (size_t i = 0; i < out->view.tasks_len; i++) {
		const struct sl_task *task = &out->view.tasks[i];

		if (sl_str_eq(task->target, other->target) &&
			sl_str_eq(task->folder, other->folder))
			return task;
	}
	return NULL;
}

static const char *first_version(const struct sl_change_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (files[i].kind == SL_MIGRATION_VERSION && files[i].key[0] != '\0')
			return files[i].key;
	}
	return NULL;
}

/* Changes go to a target in the order in which they were merged; of those that were seen merged at
 * once, the lower version goes first. */
static enum sl_code goes_before(struct sl_control *control, struct sl_arena *arena,
	const struct staged *out, const struct sl_change *other, bool *before, struct sl_error *err)
{
	const struct sl_change *own = &out->view.change;
	const char *mine = first_version(out->view.files, out->view.files_len), *theirs;
	struct sl_change_file_list files;
	enum sl_code code;
	int order;

	*before = other->merged_at < own->merged_at;
	if (other->merged_at != own->merged_at)
		return SL_OK;
	code = sl_store_change_files(control->doors.store, other->id, arena, &files, err);
	if (code != SL_OK)
		return code;
	theirs = first_version(files.at, files.len);
	order = mine && theirs ? sl_version_compare(theirs, mine) : 0;
	*before = order < 0 || (order == 0 && other->id < own->id);
	return SL_OK;
}

struct blocker_list {
	SL_VEC(struct sl_blocker);
};

/* An earlier change's task closes the gate of our stage until it is over for good: a version that
 * failed or was canceled cannot be applied behind a higher one. */
static void close_gate(struct sl_arena *arena, struct staged *out, const struct sl_task *task,
	struct sl_stage_gate *gates, struct blocker_list *blockers)
{
	const struct sl_task *own = own_task(out, task);

	if (!own)
		return;
	*sl_vec_add_in(arena, blockers) = (struct sl_blocker){ .target = task->target,
		.change_id = task->change_id,
		.state = task->state };
	for (size_t i = 0; i < out->view.stages_len; i++) {
		if (out->view.stages[i].id != own->stage_id || !gates[i].open)
			continue;
		gates[i].open = false;
		gates[i].waits = sl_arena_printf(arena, "waiting for change %lld on %s",
			(long long)task->change_id, task->target);
	}
}

/* Whatever is at work on our targets, or is to be proved there, is waited for by what is ready. */
static enum sl_code read_busy(struct sl_control *control, struct sl_arena *arena,
	const struct staged *out, struct blocker_list *blockers, struct sl_error *err)
{
	const struct sl_task_query query = { .states = SL_STATE_BIT(SL_TASK_RUNNING) |
			SL_STATE_BIT(SL_TASK_UNKNOWN) | SL_STATE_BIT(SL_TASK_NEEDS_HUMAN),
		.page = { .limit = 1000 } };
	struct sl_task_list tasks = { 0 };
	enum sl_code code = sl_store_tasks(control->doors.store, &query, arena, &tasks, err);

	for (size_t i = 0; i < tasks.len; i++) {
		const struct sl_task *task = &tasks.at[i];
		bool ours = false;

		for (size_t k = 0; k < out->view.tasks_len; k++)
			ours = ours || sl_str_eq(out->view.tasks[k].target, task->target);
		if (ours && task->change_id != out->view.change.id)
			*sl_vec_add_in(arena,
				blockers) = (struct sl_blocker){ .target = task->target,
				.change_id = task->change_id,
				.state = task->state };
	}
	return code;
}

static enum sl_code read_earlier(struct sl_control *control, struct sl_arena *arena,
	struct staged *out, struct sl_stage_gate *gates, struct sl_error *err)
{
	const struct sl_change_query merged = { .project = out->view.change.project,
		.states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	const unsigned over = SL_STATE_BIT(SL_TASK_DONE) | SL_STATE_BIT(SL_TASK_SKIPPED);
	struct blocker_list blockers = { 0 };
	struct sl_change_list changes = { 0 };
	bool before = false;
	enum sl_code code = SL_OK;

	if (out->view.change.state == SL_CHANGE_MERGED)
		code = sl_store_changes(control->doors.store, &merged, arena, &changes, err);
	for (size_t i = 0; code == SL_OK && i < changes.len; i++) {
		const struct sl_task_query query = { .change_id = changes.at[i].id,
			.page = { .limit = 1000 } };
		struct sl_task_list tasks = { 0 };

		if (changes.at[i].id == out->view.change.id)
			continue;
		code = goes_before(control, arena, out, &changes.at[i], &before, err);
		if (code == SL_OK && before)
			code = sl_store_tasks(control->doors.store, &query, arena, &tasks, err);
		for (size_t k = 0; k < tasks.len; k++) {
			if (!(over & SL_STATE_BIT(tasks.at[k].state)))
				close_gate(arena, out, &tasks.at[k], gates, &blockers);
		}
	}
	if (code == SL_OK)
		code = read_busy(control, arena, out, &blockers, err);
	out->rollout.blockers = blockers.at;
	out->rollout.blockers_len = blockers.len;
	return code;
}

enum sl_code sl_staged_read(struct sl_control *control, const struct sl_world *world,
	int64_t change_id, struct sl_arena *arena, struct staged *out, struct sl_error *err)
{
	struct sl_stage_gate *gates = NULL;
	enum sl_code code;

	*out = (struct staged){ .world = world };
	code = sl_store_change_view(control->doors.store, change_id, arena, &out->view, err);
	if (code == SL_OK)
		code = read_gates(out, arena, &gates, err);
	if (code == SL_OK)
		code = read_earlier(control, arena, out, gates, err);
	out->rollout.change = &out->view;
	out->rollout.planned = true;
	out->rollout.now = sl_control_now(control);
	return code;
}
