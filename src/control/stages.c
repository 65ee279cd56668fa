#include "stages.h"

#include "elsewhere.h"

#include "sluice/core/str.h"
#include "sluice/layout.h"
#include "sluice/rollout/plan.h"

#include <stdio.h>

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

bool sl_staged_skippable(const struct staged *staged, size_t i)
{
	const struct sl_stage_gate *gate = &staged->rollout.gates[i];

	return staged->view.change.state == SL_CHANGE_MERGED &&
		staged->view.stages[i].state == SL_STAGE_LEFT && gate->mode == SL_MODE_GATE &&
		gate->pending;
}

static enum sl_code read_gates(struct sl_control *control, struct staged *out,
	struct sl_arena *arena, struct sl_stage_gate **slot, struct sl_error *err)
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
		gates[i].mode = plan.mode;
		if (plan.mode == SL_MODE_GATE)
			sl_elsewhere_gate(
				&(struct elsewhere_place){ control, out->world, &out->view, i },
				&plan, arena, &gates[i]);
	}
	out->rollout.gates = *slot = gates;
	return SL_OK;
}

/* --- what goes to our targets first ----------------------------------------------------------- */

#define PAGE 1000

/* What is under way in the whole store: the merged changes by their ids, and the tasks that are not
 * over for good by their targets. */
struct under_way {
	struct sl_control *control;
	struct sl_arena *arena;
	struct sl_map *changes; /* owned: id in decimal to struct merged */
	struct sl_map *targets; /* owned: target to struct task_row, the newest first */
};

struct merged {
	const struct sl_change *change;
	const char *version; /* the first that it brings, or NULL; once it is known */
	bool known;
};

struct task_row {
	const struct sl_task *task;
	const struct task_row *next;
};

static const char *key_of(int64_t id, char space[24])
{
	(void)snprintf(space, 24, "%lld", (long long)id);
	return space;
}

static enum sl_code read_merged(struct under_way *all, struct sl_error *err)
{
	struct sl_change_query query = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = PAGE } };
	struct sl_change_list list = { 0 };
	enum sl_code code;
	char key[24];

	do {
		code = sl_store_changes(all->control->doors.store, &query, all->arena, &list, err);
		for (size_t i = 0; code == SL_OK && i < list.len; i++) {
			struct merged *merged = sl_arena_alloc(all->arena, sizeof(*merged));

			*merged = (struct merged){ .change = &list.at[i] };
			(void)sl_map_put(all->changes, key_of(list.at[i].id, key), merged);
			query.page.before = list.at[i].id;
		}
	} while (code == SL_OK && list.len == PAGE);
	return code;
}

static void add_task(struct under_way *all, const struct sl_task *task)
{
	struct task_row *row = sl_arena_alloc(all->arena, sizeof(*row));

	row->task = task;
	row->next = sl_map_get(all->targets, task->target);
	(void)sl_map_put(all->targets, task->target, row);
}

static enum sl_code read_tasks(struct under_way *all, struct sl_error *err)
{
	const unsigned over = SL_STATE_BIT(SL_TASK_DONE) | SL_STATE_BIT(SL_TASK_SKIPPED);
	struct sl_task_query query = { .states = (SL_STATE_BIT(SL_TASK_STATE_COUNT) - 1) & ~over,
		.page = { .limit = PAGE } };
	struct sl_task_list list = { 0 };
	enum sl_code code;

	do {
		code = sl_store_tasks(all->control->doors.store, &query, all->arena, &list, err);
		for (size_t i = 0; code == SL_OK && i < list.len; i++) {
			add_task(all, &list.at[i]);
			query.page.before = list.at[i].id;
		}
	} while (code == SL_OK && list.len == PAGE);
	return code;
}

static void under_way_done(struct under_way *all)
{
	sl_map_free(all->changes);
	sl_map_free(all->targets);
}

/* Before the change that is asked about: what is over by then is not waited for. */
static enum sl_code read_under_way(struct under_way *all, struct sl_control *control,
	struct sl_arena *arena, struct sl_error *err)
{
	enum sl_code code;

	*all = (struct under_way){ .control = control,
		.arena = arena,
		.changes = sl_map_new(),
		.targets = sl_map_new() };
	code = read_tasks(all, err);
	return code == SL_OK ? read_merged(all, err) : code;
}

static const char *first_version(const struct sl_change_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (files[i].kind == SL_MIGRATION_VERSION && files[i].key[0] != '\0' &&
			!sl_file_is_gone(&files[i]))
			return files[i].key;
	}
	return NULL;
}

/* Changes go to a target in the order in which they were merged; of those that were seen merged at
 * once, the lower version goes first. */
static enum sl_code goes_before(struct under_way *all, const struct staged *out,
	struct merged *other, bool *before, struct sl_error *err)
{
	const struct sl_change *own = &out->view.change;
	const char *mine = first_version(out->view.files, out->view.files_len);
	struct sl_change_file_list files = { 0 };
	enum sl_code code = SL_OK;
	int order;

	*before = other->change->merged_at < own->merged_at;
	if (other->change->merged_at != own->merged_at)
		return SL_OK;
	if (!other->known)
		code = sl_store_change_files(all->control->doors.store, other->change->id,
			all->arena, &files, err);
	if (code != SL_OK)
		return code;
	if (!other->known)
		other->version = first_version(files.at, files.len);
	other->known = true;
	order = mine && other->version ? sl_version_compare(other->version, mine) : 0;
	*before = order < 0 || (order == 0 && other->change->id < own->id);
	return SL_OK;
}

struct blocker_list {
	SL_VEC(struct sl_blocker);
};

static void add_blocker(struct sl_arena *arena, struct blocker_list *blockers,
	const struct sl_task *task)
{
	*sl_vec_add_in(arena, blockers) = (struct sl_blocker){ .target = task->target,
		.change_id = task->change_id,
		.state = task->state };
}

/* An earlier change's task closes the gate of our stage until it is over for good: a version that
 * failed or was canceled cannot be applied behind a higher one. */
static void close_gate(struct sl_arena *arena, struct staged *out, const struct sl_task *own,
	const struct sl_task *task, struct sl_stage_gate *gates)
{
	for (size_t i = 0; i < out->view.stages_len; i++) {
		if (out->view.stages[i].id != own->stage_id || !gates[i].open)
			continue;
		gates[i].open = false;
		gates[i].waits = sl_arena_printf(arena, "waiting for change %lld on %s",
			(long long)task->change_id, task->target);
	}
}

/* Whatever is at work on our targets, or is to be proved there, is waited for by what is ready. */
static bool is_busy(const struct sl_task *task)
{
	return task->state == SL_TASK_RUNNING || task->state == SL_TASK_UNKNOWN ||
		task->state == SL_TASK_NEEDS_HUMAN;
}

/* A change that meets what is under way. */
struct meeting {
	struct under_way *all;
	struct staged *out;
	struct sl_stage_gate *gates;
	struct blocker_list blockers;
};

/* What another change's task on the target of ours means for us. */
static enum sl_code meet(struct meeting *meeting, const struct sl_task *own,
	const struct sl_task *task, struct sl_error *err)
{
	struct under_way *all = meeting->all;
	struct staged *out = meeting->out;
	const bool same_folder = sl_str_eq(task->folder, own->folder);
	char key[24];
	struct merged *other = sl_map_get(all->changes, key_of(task->change_id, key));
	bool before = false;
	enum sl_code code = SL_OK;

	if (other && same_folder && out->view.change.state == SL_CHANGE_MERGED &&
		sl_str_eq(other->change->project, out->view.change.project))
		code = goes_before(all, out, other, &before, err);
	if (code == SL_OK && before)
		close_gate(all->arena, out, own, task, meeting->gates);
	if (code == SL_OK && (before || is_busy(task)))
		add_blocker(all->arena, &meeting->blockers, task);
	return code;
}

static enum sl_code read_earlier(struct under_way *all, struct staged *out,
	struct sl_stage_gate *gates, struct sl_error *err)
{
	struct meeting meeting = { .all = all, .out = out, .gates = gates };
	enum sl_code code = SL_OK;

	for (size_t i = 0; i < out->view.tasks_len; i++) {
		const struct sl_task *own = &out->view.tasks[i];
		const struct task_row *row = sl_map_get(all->targets, own->target);

		for (; row && code == SL_OK; row = row->next) {
			if (row->task->change_id != out->view.change.id)
				code = meet(&meeting, own, row->task, err);
		}
	}
	out->rollout.blockers = meeting.blockers.at;
	out->rollout.blockers_len = meeting.blockers.len;
	return code;
}

/* --- all of it ------------------------------------------------------------------------------- */

static enum sl_code complete(struct under_way *all, struct staged *out, struct sl_error *err)
{
	struct sl_stage_gate *gates = NULL;
	enum sl_code code = read_gates(all->control, out, all->arena, &gates, err);

	if (code == SL_OK)
		code = read_earlier(all, out, gates, err);
	out->rollout.change = &out->view;
	out->rollout.planned = true;
	out->rollout.now = sl_control_now(all->control);
	return code;
}

enum sl_code sl_staged_read(struct sl_control *control, const struct sl_world *world,
	int64_t change_id, struct sl_arena *arena, struct staged *out, struct sl_error *err)
{
	struct under_way all;
	enum sl_code code = read_under_way(&all, control, arena, err);

	*out = (struct staged){ .world = world };
	if (code == SL_OK)
		code = sl_store_change_view(control->doors.store, change_id, arena, &out->view,
			err);
	if (code == SL_OK)
		code = complete(&all, out, err);
	under_way_done(&all);
	return code;
}

enum sl_code sl_staged_read_all(struct sl_control *control, const struct sl_world *world,
	const struct change_ids *ids, struct sl_arena *arena, struct staged **out,
	struct sl_error *err)
{
	const size_t n = ids->len;
	struct sl_change_view *views = sl_arena_calloc(arena, n + 1, sizeof(*views));
	struct staged *staged = sl_arena_calloc(arena, n + 1, sizeof(*staged));
	struct under_way all;
	enum sl_code code = read_under_way(&all, control, arena, err);

	if (code == SL_OK)
		code = sl_store_change_views(control->doors.store, ids->at, n, arena, views, err);
	for (size_t i = 0; code == SL_OK && i < n; i++) {
		staged[i] = (struct staged){ .world = world, .view = views[i] };
		code = complete(&all, &staged[i], err);
	}
	under_way_done(&all);
	if (code == SL_OK)
		*out = staged;
	return code;
}
