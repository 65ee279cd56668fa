#include "sluice/core/clock.h"
#include "sluice/core/str.h"
#include "sluice/rollout/moves.h"

#include "next_int.h"

#include <inttypes.h>
#include <string.h>

#define DETAIL_MAX 300 /* bytes of an error in a sentence */
#define CLOCK_AT   11 /* where "09:14" stands in "2026-11-22T09:14:00Z" */
#define CLOCK_LEN  5

static void add_clock(struct sl_buf *out, int64_t at)
{
	char iso[SL_TIME_ISO_MAX];

	sl_buf_add(out, sl_time_iso(at, iso) + CLOCK_AT, CLOCK_LEN);
	sl_buf_adds(out, " UTC");
}

static void add_span(struct sl_buf *out, int64_t us)
{
	char span[SL_TIME_ISO_MAX];
	int64_t whole = (us + SL_SECOND_US - 1) / SL_SECOND_US * SL_SECOND_US;

	sl_buf_adds(out, sl_time_span(whole, span));
}

/* What is told of a task; a message that begins with the target's name does not say it twice. */
static const char *detail_of(const struct sl_task *task)
{
	size_t len = strlen(task->target);

	if (sl_str_starts(task->detail, task->target) && sl_str_starts(task->detail + len, ": "))
		return task->detail + len + 2;
	return task->detail;
}

static void add_held(const struct sl_change *change, struct sl_buf *out)
{
	if (!sl_str_eq(change->hold_by, "sluice"))
		sl_buf_addf(out, "held by %s", change->hold_by);
	else
		sl_buf_adds(out, "held");
	if (change->hold_reason[0] != '\0')
		sl_buf_addf(out, ": %s", change->hold_reason);
}

/* The change whose work keeps the target busy; 0: none. */
static int64_t blocker_of(const struct sl_rollout_view *view, const char *target)
{
	for (size_t i = 0; i < view->blockers_len; i++) {
		if (sl_str_eq(view->blockers[i].target, target))
			return view->blockers[i].change_id;
	}
	return 0;
}

/* "target unreachable since 09:14 UTC, next try in 40 s" */
static void add_pause(const struct sl_rollout_view *view, const struct sl_task *task,
	const char *what, struct sl_buf *out)
{
	sl_buf_addf(out, "%.*s", DETAIL_MAX, task->detail[0] != '\0' ? task->detail : what);
	if (task->blocked_at != 0) {
		sl_buf_adds(out, " since ");
		add_clock(out, task->blocked_at);
	}
	if (task->attempts > 1)
		sl_buf_addf(out, ", attempt %u", task->attempts);
	if (task->due_at <= view->now) {
		sl_buf_adds(out, ", next try now");
		return;
	}
	sl_buf_adds(out, ", next try in ");
	add_span(out, task->due_at - view->now);
}

static void add_ready(const struct sl_rollout_view *view, const struct sl_task *task,
	struct sl_buf *out)
{
	int64_t blocker = blocker_of(view, task->target);

	if (blocker != 0)
		sl_buf_addf(out, "blocked by change %" PRId64 " on %s", blocker, task->target);
	else if (task->due_at > view->now)
		add_pause(view, task, "ready", out);
	else
		sl_buf_addf(out, "waiting for a worker on %s", task->target);
}

static const struct sl_stage *stage_of(const struct sl_change_view *view, int64_t stage_id)
{
	size_t i = 0;

	while (i < view->stages_len && view->stages[i].id != stage_id)
		i++;
	return i < view->stages_len ? &view->stages[i] : NULL;
}

static void add_waiting(const struct sl_rollout_view *view, const struct sl_task *task,
	struct sl_buf *out)
{
	const struct sl_stage *stage = stage_of(view->change, task->stage_id);

	if (view->change->change.held)
		add_held(&view->change->change, out);
	else if (stage && stage->state == SL_STAGE_WAITING)
		sl_rollout_stage_waits_for(view, stage, out);
}

/* "running on orders-prod, waits for a lock: ACCESS EXCLUSIVE on orders, held by ..." */
static void add_at_work(const struct sl_task *task, struct sl_buf *out)
{
	sl_buf_addf(out, "running on %s", task->target);
	if (task->wait && task->wait[0] != '\0')
		sl_buf_addf(out, ", waits for a lock: %.*s", DETAIL_MAX, task->wait);
	if (task->attempts > 1)
		sl_buf_addf(out, ", attempt %u", task->attempts);
	if (task->cancel_asked)
		sl_buf_adds(out, ", asked to stop before the next statement");
}

void sl_rollout_task_waits_for(const struct sl_rollout_view *view, const struct sl_task *task,
	struct sl_buf *out)
{
	switch (task->state) {
	case SL_TASK_WAITING:
		add_waiting(view, task, out);
		break;
	case SL_TASK_READY:
		add_ready(view, task, out);
		break;
	case SL_TASK_RUNNING:
		add_at_work(task, out);
		break;
	case SL_TASK_BLOCKED:
		add_pause(view, task, "blocked", out);
		break;
	case SL_TASK_UNKNOWN:
		add_pause(view, task, "its outcome is being proved", out);
		break;
	case SL_TASK_NEEDS_HUMAN:
		sl_buf_addf(out, "%s needs a human: %.*s", task->target, DETAIL_MAX,
			detail_of(task));
		break;
	case SL_TASK_FAILED:
		sl_buf_addf(out, "failed on %s: %.*s", task->target, DETAIL_MAX, detail_of(task));
		break;
	case SL_TASK_CANCELED:
		sl_buf_addf(out, "canceled on %s", task->target);
		break;
	case SL_TASK_DONE:
	case SL_TASK_SKIPPED:
	case SL_TASK_STATE_COUNT:
		break;
	}
}

/* The first task of the stage in one of the states (a mask), or NULL. */
static const struct sl_task *first_task(const struct sl_change_view *view, int64_t stage_id,
	unsigned states)
{
	for (size_t i = 0; i < view->tasks_len; i++) {
		if (view->tasks[i].stage_id == stage_id && states >> view->tasks[i].state & 1)
			return &view->tasks[i];
	}
	return NULL;
}

#define BIT(state) (1u << (state))

/* What needs a person first, then what is stuck, then what is at work. */
static void add_running(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out)
{
	static const unsigned urgency[] = { BIT(SL_TASK_NEEDS_HUMAN), BIT(SL_TASK_FAILED),
		BIT(SL_TASK_UNKNOWN), BIT(SL_TASK_BLOCKED), BIT(SL_TASK_RUNNING),
		BIT(SL_TASK_READY), BIT(SL_TASK_WAITING) };
	unsigned open = sl_rollout_tally(view->change, stage->id).open;
	const struct sl_task *task = NULL;

	for (size_t i = 0; !task && i < sizeof(urgency) / sizeof(urgency[0]); i++)
		task = first_task(view->change, stage->id, urgency[i]);
	if (!task)
		return;
	sl_rollout_task_waits_for(view, task, out);
	open -= !sl_rollout_is_settled(task->state);
	if (open > 0)
		sl_buf_addf(out, " (and %u more)", open);
}

/* "stage prod failed on a: ..., and on 2 more" */
static void add_broken(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out)
{
	struct sl_rollout_tally tally = sl_rollout_tally(view->change, stage->id);
	bool failed = stage->state == SL_STAGE_FAILED;
	unsigned states = failed ? BIT(SL_TASK_FAILED) | BIT(SL_TASK_NEEDS_HUMAN) :
				   BIT(SL_TASK_CANCELED);
	const struct sl_task *task = first_task(view->change, stage->id, states);
	unsigned n = failed ? tally.failed : tally.canceled;

	sl_buf_addf(out, "stage %s %s", stage->environment,
		task && task->state == SL_TASK_NEEDS_HUMAN ? "needs a human" :
							     sl_stage_state_name(stage->state));
	if (!task)
		return;
	sl_buf_addf(out, " on %s", task->target);
	if (n > 1)
		sl_buf_addf(out, " and %u more", n - 1);
	if (task->detail[0] != '\0')
		sl_buf_addf(out, ": %.*s", DETAIL_MAX, detail_of(task));
}

/* The earlier stage that a waiting one waits for, or NULL. */
static const struct sl_stage *ahead_of(const struct sl_rollout_view *view,
	const struct sl_stage *stage)
{
	const struct sl_change_view *change = view->change;

	for (size_t i = 0; i < change->stages_len && &change->stages[i] != stage; i++) {
		if (change->stages[i].id != stage->id &&
			change->stages[i].position < stage->position &&
			!sl_rollout_is_through(view, i))
			return &change->stages[i];
	}
	return NULL;
}

/* "waiting for the team's own tool in staging: V2__a.sql is not yet applied on orders-staging (if
 * it never will be: sluice skip 7 --environment staging --reason ...)" */
static void add_elsewhere(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out)
{
	for (size_t i = 0; i < view->change->stages_len; i++) {
		const struct sl_stage_gate *gate = &view->gates[i];

		if (view->change->stages[i].id == stage->id && gate->mode == SL_MODE_GATE &&
			gate->pending)
			sl_buf_addf(out,
				"waiting for the team's own tool in %s: %s (if it never will be: "
				"sluice skip %" PRId64 " --environment %s --reason ...)",
				stage->environment, gate->pending, view->change->change.id,
				stage->environment);
	}
}

static void add_gate(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out)
{
	for (size_t i = 0; i < view->change->stages_len; i++) {
		const struct sl_stage_gate *gate = &view->gates[i];

		if (view->change->stages[i].id == stage->id && !gate->open && gate->waits)
			sl_buf_adds(out, gate->waits);
	}
}

void sl_rollout_stage_waits_for(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out)
{
	const struct sl_stage *ahead = ahead_of(view, stage);

	switch (stage->state) {
	case SL_STAGE_WAITING:
		if (ahead && ahead->state == SL_STAGE_LEFT)
			add_elsewhere(view, ahead, out);
		else if (ahead)
			sl_buf_addf(out, "waiting for stage %s", ahead->environment);
		else if (view->change->change.held)
			add_held(&view->change->change, out);
		else
			add_gate(view, stage, out);
		break;
	case SL_STAGE_LEFT:
		add_elsewhere(view, stage, out);
		break;
	case SL_STAGE_RUNNING:
		add_running(view, stage, out);
		break;
	case SL_STAGE_FAILED:
	case SL_STAGE_CANCELED:
		add_broken(view, stage, out);
		break;
	case SL_STAGE_DONE:
	case SL_STAGE_NOTHING:
	case SL_STAGE_ELSEWHERE:
	case SL_STAGE_SKIPPED:
	case SL_STAGE_STATE_COUNT:
		break;
	}
}

static void add_open(const struct sl_change *change, struct sl_buf *out)
{
	if (change->review_id == 0)
		sl_buf_adds(out, "waiting for its review");
	else
		sl_buf_adds(out, "waiting to be merged");
}

void sl_rollout_waits_for(const struct sl_rollout_view *view, struct sl_buf *out)
{
	const struct sl_change_view *change = view->change;
	size_t at = 0;

	if (change->change.state == SL_CHANGE_OPEN) {
		add_open(&change->change, out);
		return;
	}
	if (change->change.state != SL_CHANGE_MERGED)
		return;
	while (at < change->stages_len && sl_rollout_is_through(view, at))
		at++;
	if (at < change->stages_len)
		sl_rollout_stage_waits_for(view, &change->stages[at], out);
	else if (change->change.held)
		add_held(&change->change, out);
	else if (!view->planned)
		sl_buf_adds(out, "waiting for its plan");
}
