#include "sluice/rollout/moves.h"

#include "next_int.h"

#include <inttypes.h>

#define BIT(state) (1u << (state))

/* Which states an order can be given in, and what it makes of the task there. */
static const struct order {
	enum sl_verb verb;
	unsigned from;
	enum sl_task_state to;
	const char *past; /* "orders-prod: retried by dana" */
	bool needs_reason;
} orders[] = {
	{ SL_VERB_RETRY, BIT(SL_TASK_FAILED) | BIT(SL_TASK_CANCELED) | BIT(SL_TASK_BLOCKED),
		SL_TASK_READY, "retried", false },
	{ SL_VERB_SKIP,
		BIT(SL_TASK_WAITING) | BIT(SL_TASK_READY) | BIT(SL_TASK_FAILED) |
			BIT(SL_TASK_BLOCKED) | BIT(SL_TASK_CANCELED),
		SL_TASK_SKIPPED, "skipped", true },
	{ SL_VERB_CANCEL,
		BIT(SL_TASK_WAITING) | BIT(SL_TASK_READY) | BIT(SL_TASK_FAILED) |
			BIT(SL_TASK_BLOCKED),
		SL_TASK_CANCELED, "canceled", false },
	{ SL_VERB_RESOLVE, BIT(SL_TASK_NEEDS_HUMAN), SL_TASK_READY, "resolved", true },
};

/* What helps with a task in this state. */
static const char *advice(enum sl_task_state state)
{
	switch (state) {
	case SL_TASK_RUNNING:
		return "it is at work: cancel asks it to stop before the next statement";
	case SL_TASK_UNKNOWN:
		return "its outcome is being proved: wait";
	case SL_TASK_NEEDS_HUMAN:
		return "say first what it did: resolve";
	case SL_TASK_DONE:
	case SL_TASK_SKIPPED:
		return "it is over: nothing is left to do";
	case SL_TASK_FAILED:
	case SL_TASK_CANCELED:
		return "it can be retried or skipped";
	case SL_TASK_WAITING:
	case SL_TASK_READY:
	case SL_TASK_BLOCKED:
		return "it goes on by itself";
	case SL_TASK_STATE_COUNT:
		break;
	}
	return "";
}

/* What became of a change that is over, and what to do instead; NULL: it is not over. */
static const char *over_text(enum sl_change_state state)
{
	switch (state) {
	case SL_CHANGE_DONE:
		return "it is done; what comes next is another change";
	case SL_CHANGE_NOTHING:
		return "it is over, there was nothing to do; what comes next is another change";
	case SL_CHANGE_CLOSED:
		return "it is closed, its branch was deleted; push the branch again, and another "
		       "change begins";
	case SL_CHANGE_SUPERSEDED:
		return "it is superseded, the project's branch went on without it; 'sluice change "
		       "list' shows what came instead";
	case SL_CHANGE_OPEN:
	case SL_CHANGE_MERGED:
	case SL_CHANGE_STATE_COUNT:
		break;
	}
	return NULL;
}

bool sl_rollout_is_over(enum sl_change_state state)
{
	return over_text(state) != NULL;
}

enum sl_code sl_rollout_check_not_over(const struct sl_change *change, enum sl_verb verb,
	struct sl_error *err)
{
	const char *over = over_text(change->state);

	if (!over)
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT, "change %" PRId64 ": too late to %s: %s", change->id,
		sl_verb_name(verb), over);
}

static const struct order *find(enum sl_verb verb)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (orders[i].verb == verb)
			return &orders[i];
	}
	return NULL;
}

static const struct sl_event *event_of(const struct sl_task *task,
	const struct sl_task_order *given, const struct order *row, struct sl_arena *arena)
{
	struct sl_event *event = sl_arena_alloc(arena, sizeof(*event));
	bool reason = given->reason && given->reason[0] != '\0';

	*event = (struct sl_event){ .at = given->now,
		.change_id = task->change_id,
		.target = task->target,
		.by = given->by,
		.kind = sl_arena_printf(arena, "task.%s", row->past),
		.text = sl_arena_printf(arena, "%s: %s by %s%s%s", task->target, row->past,
			given->by, reason ? ": " : "", reason ? given->reason : "") };
	return event;
}

enum sl_code sl_rollout_order(const struct sl_task *task, const struct sl_task_order *given,
	struct sl_arena *arena, struct sl_move *out, struct sl_error *err)
{
	const struct order *row = find(given->verb);

	if (!row)
		return sl_error_set(err, SL_EINVAL, "%s is nothing that a task can be told",
			sl_verb_name(given->verb));
	if (!(row->from & BIT(task->state)))
		return sl_error_set(err, SL_ECONFLICT,
			"task %" PRId64 " on %s: is %s and cannot be %s; %s", task->id,
			task->target, sl_task_state_name(task->state), row->past,
			advice(task->state));
	if (task->state == SL_TASK_READY && sl_rollout_is_unproved(task))
		return sl_error_set(err, SL_ECONFLICT, "task %" PRId64 " on %s: cannot be %s; %s",
			task->id, task->target, row->past, advice(SL_TASK_UNKNOWN));
	if (row->needs_reason && (!given->reason || given->reason[0] == '\0'))
		return sl_error_set(err, SL_EINVAL, "task %" PRId64 " on %s: %s needs a reason",
			task->id, task->target, sl_verb_name(given->verb));
	*out = (struct sl_move){ .object = SL_OBJECT_TASK,
		.id = task->id,
		.from = (int)task->state,
		.to = (int)row->to,
		.at = given->now,
		.detail = row->to == SL_TASK_SKIPPED ?
			sl_arena_printf(arena, "%s by %s: %s", row->past, given->by,
				given->reason) :
			NULL,
		.event = event_of(task, given, row, arena) };
	return SL_OK;
}
