#include "sluice/rollout/moves.h"

#include "sluice/core/clock.h"

#define PAUSE_LEAST_US SL_SECOND_US
#define PAUSE_MOST_US  (15 * 60 * SL_SECOND_US)

/* What each outcome makes of a running task. */
static const enum sl_task_state state_of[] = {
	[SL_OUTCOME_NOTHING] = SL_TASK_DONE,
	[SL_OUTCOME_APPLIED] = SL_TASK_DONE,
	[SL_OUTCOME_FAILED_CLEAN] = SL_TASK_FAILED,
	[SL_OUTCOME_FAILED_PARTIAL] = SL_TASK_FAILED,
	[SL_OUTCOME_CANCELED] = SL_TASK_CANCELED,
	[SL_OUTCOME_BLOCKED] = SL_TASK_BLOCKED,
	[SL_OUTCOME_UNKNOWN] = SL_TASK_UNKNOWN,
	[SL_OUTCOME_NEEDS_HUMAN] = SL_TASK_NEEDS_HUMAN,
};

_Static_assert(sizeof(state_of) / sizeof(state_of[0]) == SL_OUTCOME_COUNT,
	"an outcome has no state");

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	if (value < least)
		return least;
	return value < most ? value : most;
}

/* How long a lock is waited for counts from the attempt that met it, however long the target was
 * out of reach before. */
static bool is_anew(const struct sl_task *task, const struct sl_attempt *attempt)
{
	return attempt->busy && !task->busy;
}

/* As long again as it has been blocked so far, the second half of it random. */
static int64_t back_off(const struct sl_task *task, const struct sl_attempt *attempt,
	const struct sl_rand *rand)
{
	bool counts = task->blocked_at != 0 && !is_anew(task, attempt);
	int64_t blocked = counts ? attempt->now - task->blocked_at : 0;
	int64_t pause = clamp(blocked, PAUSE_LEAST_US, PAUSE_MOST_US);
	uint64_t half = (uint64_t)pause / 2;

	return pause - (int64_t)half + (int64_t)sl_rand_below(rand, half + 1);
}

void sl_rollout_settle(const struct sl_task *task, const struct sl_attempt *attempt,
	const struct sl_rand *rand, struct sl_arena *arena, struct sl_move *out)
{
	enum sl_task_state to = state_of[attempt->outcome];
	bool again = to == SL_TASK_BLOCKED || to == SL_TASK_UNKNOWN;
	int64_t pause = attempt->retry_after_us > 0 ?
		clamp(attempt->retry_after_us, PAUSE_LEAST_US, PAUSE_MOST_US) :
		back_off(task, attempt, rand);

	*out = (struct sl_move){ .object = SL_OBJECT_TASK,
		.id = task->id,
		.from = SL_TASK_RUNNING,
		.to = (int)to,
		.at = attempt->now,
		.lease_epoch = task->lease_epoch,
		.blocked_anew = is_anew(task, attempt),
		.has_outcome = true,
		.busy = attempt->busy,
		.outcome = attempt->outcome,
		.due_at = again ? attempt->now + pause : 0,
		.detail = sl_arena_strdup(arena, attempt->detail ? attempt->detail : "") };
	if (again)
		out->wait = out->detail;
}
