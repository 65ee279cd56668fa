#include "sluice/rollout/next.h"

#include "sluice/core/vec.h"
#include "sluice/rollout/moves.h"

#include "next_int.h"

struct walk {
	const struct sl_rollout_view *view;
	struct sl_arena *arena;

	struct {
		SL_VEC(struct sl_move);
	} moves;
};

static struct sl_move *add_move(struct walk *walk, enum sl_object object, int64_t id, int from,
	int to)
{
	struct sl_move *move = sl_vec_add_in(walk->arena, &walk->moves);

	*move = (struct sl_move){ .object = object,
		.id = id,
		.from = from,
		.to = to,
		.at = walk->view->now };
	return move;
}

static const struct sl_event *event(struct walk *walk, const char *kind, const char *text)
{
	struct sl_event *event = sl_arena_alloc(walk->arena, sizeof(*event));

	*event = (struct sl_event){ .at = walk->view->now,
		.change_id = walk->view->change->change.id,
		.kind = kind,
		.target = "",
		.by = "sluice",
		.text = text };
	return event;
}

static void move_task(struct walk *walk, const struct sl_task *task, enum sl_task_state to)
{
	(void)add_move(walk, SL_OBJECT_TASK, task->id, (int)task->state, (int)to);
}

/* kind NULL: nobody is told. */
static void move_stage(struct walk *walk, const struct sl_stage *stage, enum sl_stage_state to,
	const char *kind)
{
	struct sl_move *move = add_move(walk, SL_OBJECT_STAGE, stage->id, (int)stage->state,
		(int)to);

	if (kind)
		move->event = event(walk, kind,
			sl_arena_printf(walk->arena, "stage %s: %s", stage->environment,
				sl_stage_state_name(to)));
}

struct sl_rollout_tally sl_rollout_tally(const struct sl_change_view *view, int64_t stage_id)
{
	struct sl_rollout_tally tally = { 0 };

	for (size_t i = 0; i < view->tasks_len; i++) {
		const struct sl_task *task = &view->tasks[i];

		if (task->stage_id != stage_id)
			continue;
		tally.tasks++;
		tally.open += !sl_rollout_is_settled(task->state);
		tally.failed += task->state == SL_TASK_FAILED || task->state == SL_TASK_NEEDS_HUMAN;
		tally.canceled += task->state == SL_TASK_CANCELED;
		tally.nothing += task->state == SL_TASK_DONE && task->outcome == SL_OUTCOME_NOTHING;
	}
	return tally;
}

/* Nothing runs there, whatever there is to do: that is no `nothing`. */
static void leave_stage(struct walk *walk, const struct sl_stage *stage, enum sl_mode mode)
{
	struct sl_move *move = add_move(walk, SL_OBJECT_STAGE, stage->id, (int)stage->state,
		SL_STAGE_LEFT);

	move->event = event(walk, "stage.left",
		mode == SL_MODE_GATE ?
			sl_arena_printf(walk->arena, "stage %s: left to the team's own tool",
				stage->environment) :
			sl_arena_printf(walk->arena, "stage %s: not applied, %s mode",
				stage->environment, sl_mode_name(mode)));
}

/* A stage that was left has been applied all the same. */
static void see_stage(struct walk *walk, const struct sl_stage *stage, const char *seen)
{
	struct sl_move *move = add_move(walk, SL_OBJECT_STAGE, stage->id, (int)stage->state,
		SL_STAGE_ELSEWHERE);

	move->event = event(walk, "stage.elsewhere",
		sl_arena_printf(walk->arena, "stage %s: %s", stage->environment, seen));
}

static void start_stage(struct walk *walk, const struct sl_stage *stage)
{
	const struct sl_change_view *change = walk->view->change;

	if (sl_rollout_tally(change, stage->id).tasks == 0) {
		move_stage(walk, stage, SL_STAGE_NOTHING, "stage.nothing");
		return;
	}
	move_stage(walk, stage, SL_STAGE_RUNNING, "stage.started");
	for (size_t i = 0; i < change->tasks_len; i++) {
		if (change->tasks[i].stage_id == stage->id &&
			change->tasks[i].state == SL_TASK_WAITING)
			move_task(walk, &change->tasks[i], SL_TASK_READY);
	}
}

/* Whether time has come for a task that nothing but its stage, or the clock, held back. */
static bool is_due(const struct sl_task *task, int64_t now)
{
	return task->state == SL_TASK_WAITING ||
		((task->state == SL_TASK_BLOCKED || task->state == SL_TASK_UNKNOWN) &&
			task->due_at <= now);
}

/* The move of one task of a stage at work, if any. */
static void step_task(struct walk *walk, const struct sl_task *task)
{
	bool held = walk->view->change->change.held;

	if (held && task->state == SL_TASK_READY)
		move_task(walk, task,
			sl_rollout_is_unproved(task) ? SL_TASK_UNKNOWN : SL_TASK_WAITING);
	else if (!held && is_due(task, walk->view->now))
		move_task(walk, task, SL_TASK_READY);
}

static void end_stage(struct walk *walk, const struct sl_stage *stage,
	const struct sl_rollout_tally *tally)
{
	if (tally->failed > 0)
		move_stage(walk, stage, SL_STAGE_FAILED, "stage.failed");
	else if (tally->canceled > 0)
		move_stage(walk, stage, SL_STAGE_CANCELED, "stage.canceled");
	else if (tally->nothing == tally->tasks)
		move_stage(walk, stage, SL_STAGE_NOTHING, "stage.nothing");
	else
		move_stage(walk, stage, SL_STAGE_DONE, "stage.done");
}

static void run_stage(struct walk *walk, const struct sl_stage *stage)
{
	const struct sl_change_view *change = walk->view->change;
	struct sl_rollout_tally tally = sl_rollout_tally(change, stage->id);

	if (tally.open == 0) {
		end_stage(walk, stage, &tally);
		return;
	}
	for (size_t i = 0; i < change->tasks_len; i++) {
		if (change->tasks[i].stage_id == stage->id)
			step_task(walk, &change->tasks[i]);
	}
}

/* A stage that failed or was canceled goes on when a task of it was taken up again, or when none is
 * left that it could have failed for. */
static void heal_stage(struct walk *walk, const struct sl_stage *stage)
{
	struct sl_rollout_tally tally = sl_rollout_tally(walk->view->change, stage->id);

	if (tally.open > 0 || tally.failed + tally.canceled == 0)
		move_stage(walk, stage, SL_STAGE_RUNNING, "stage.resumed");
}

static void step_stage(struct walk *walk, size_t i)
{
	const struct sl_stage *stage = &walk->view->change->stages[i];

	switch (stage->state) {
	case SL_STAGE_WAITING:
		if (walk->view->change->change.held || !walk->view->gates[i].open)
			break;
		if (walk->view->gates[i].mode < SL_MODE_APPLY)
			leave_stage(walk, stage, walk->view->gates[i].mode);
		else
			start_stage(walk, stage);
		break;
	case SL_STAGE_RUNNING:
		run_stage(walk, stage);
		break;
	case SL_STAGE_FAILED:
	case SL_STAGE_CANCELED:
		heal_stage(walk, stage);
		break;
	case SL_STAGE_LEFT:
		if (!walk->view->gates[i].pending)
			see_stage(walk, stage, walk->view->gates[i].seen);
		break;
	case SL_STAGE_DONE:
	case SL_STAGE_NOTHING:
	case SL_STAGE_ELSEWHERE:
	case SL_STAGE_SKIPPED:
	case SL_STAGE_STATE_COUNT:
		break;
	}
}

/* Stages by how they came to be through. */
struct ending {
	bool applied, elsewhere, left, skipped;
};

/* What a change that is through comes to, in one sentence. */
static const char *ending_of(const struct ending *ending)
{
	if (ending->skipped)
		return ending->applied || ending->elsewhere ?
			"applied, except where it was skipped" :
			"through; nothing was applied: it was skipped";
	if (ending->left && (ending->applied || ending->elsewhere))
		return "applied as far as the modes of its environments go";
	if (ending->left)
		return "through; nothing was applied, as the modes of its environments say";
	if (ending->elsewhere)
		return ending->applied ? "applied everywhere, in part by the team's own tool" :
					 "applied by the team's own tool";
	return ending->applied ? "applied everywhere" : "no target needed anything";
}

static void end_change(struct walk *walk)
{
	const struct sl_change_view *view = walk->view->change;
	struct ending ending = { false };
	enum sl_change_state to;
	struct sl_move *move;

	for (size_t i = 0; i < view->stages_len; i++) {
		ending.applied = ending.applied || view->stages[i].state == SL_STAGE_DONE;
		ending.elsewhere = ending.elsewhere || view->stages[i].state == SL_STAGE_ELSEWHERE;
		ending.left = ending.left || view->stages[i].state == SL_STAGE_LEFT;
		ending.skipped = ending.skipped || view->stages[i].state == SL_STAGE_SKIPPED;
	}
	to = ending.applied || ending.elsewhere || ending.left || ending.skipped ?
		SL_CHANGE_DONE :
		SL_CHANGE_NOTHING;
	move = add_move(walk, SL_OBJECT_CHANGE, view->change.id, (int)view->change.state, (int)to);
	move->event = event(walk, to == SL_CHANGE_DONE ? "change.done" : "change.nothing",
		ending_of(&ending));
}

bool sl_rollout_is_through(const struct sl_rollout_view *view, size_t i)
{
	switch (view->change->stages[i].state) {
	case SL_STAGE_DONE:
	case SL_STAGE_NOTHING:
	case SL_STAGE_ELSEWHERE:
	case SL_STAGE_SKIPPED:
		return true;
	case SL_STAGE_LEFT: /* to a tool that was asked to go on, or to nobody */
		return view->gates[i].mode != SL_MODE_GATE;
	case SL_STAGE_WAITING:
	case SL_STAGE_RUNNING:
	case SL_STAGE_FAILED:
	case SL_STAGE_CANCELED:
	case SL_STAGE_STATE_COUNT:
		break;
	}
	return false;
}

void sl_rollout_next(const struct sl_rollout_view *view, struct sl_arena *arena,
	struct sl_move_list *out)
{
	struct walk walk = { .view = view, .arena = arena };
	const struct sl_change_view *change = view->change;
	size_t at = 0;

	*out = (struct sl_move_list){ NULL, 0 };
	if (!view->planned || change->change.state != SL_CHANGE_MERGED)
		return;
	while (at < change->stages_len && sl_rollout_is_through(view, at))
		at++;
	if (at < change->stages_len)
		step_stage(&walk, at);
	else if (at > 0 || !change->change.held)
		end_change(&walk);
	*out = (struct sl_move_list){ walk.moves.at, walk.moves.len };
}

int64_t sl_rollout_due(const struct sl_rollout_view *view)
{
	int64_t due = 0;

	for (size_t i = 0; i < view->change->tasks_len; i++) {
		const struct sl_task *task = &view->change->tasks[i];

		if (task->state != SL_TASK_BLOCKED && task->state != SL_TASK_UNKNOWN)
			continue;
		if (due == 0 || task->due_at < due)
			due = task->due_at;
	}
	return due;
}
