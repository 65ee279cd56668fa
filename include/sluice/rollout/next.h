/*
 * What comes next for a merged change, and the sentence that says what it waits for.
 *
 * Pure: a view goes in, moves come out.  Control commits them together with the revision that it
 * read (sl_batch_expect), reads again, and asks again until nothing comes.
 */
#ifndef SLUICE_ROLLOUT_NEXT_H
#define SLUICE_ROLLOUT_NEXT_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/model/move.h"
#include "sluice/model/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What policy says of a stage. */
struct sl_stage_gate {
	bool open; /* it has all that it needs */
	const char *waits; /* "waiting for 1 of 2 approvals (dba)"; NULL when open */
	/* How far Sluice goes there.  Below apply a stage has no tasks, and is left when it is
	 * open. */
	enum sl_mode mode;
	/* In gate: what the team's own tool has not applied yet, and where, in a sentence; NULL
	 * when all of it was seen applied everywhere: seen then says by whom. */
	const char *pending, *seen;
};

/* Work of another change that keeps a target busy. */
struct sl_blocker {
	const char *target;
	int64_t change_id;
	enum sl_task_state state;
};

struct sl_rollout_view {
	const struct sl_change_view *change;
	bool planned; /* its stages were made; false: nothing comes next */
	const struct sl_stage_gate *gates; /* one for each of change->stages, in their order */
	const struct sl_blocker *blockers; /* older tasks of other changes that are not finished */
	size_t blockers_len;
	int64_t now; /* wall */
};

struct sl_move_list {
	const struct sl_move *at;
	size_t len;
};

/*
 * The moves that the view calls for now, in the order in which they must be made; by sluice, with
 * events; none twice, each allowed by the tables.
 *
 *	a stage below mode apply is left to others as soon as it is open; one in mode gate is
 *through when it was seen applied, so that no environment runs what an earlier one lacks stages go
 *in order: one starts when all before are done or had nothing to do, the change is not held and its
 *gate is open; its tasks become ready a hold takes ready tasks back; what runs goes on blocked and
 *unknown tasks become ready when due a stage ends when all its tasks are settled: failed when one
 *failed or needs a human, canceled when one was canceled, nothing when none had anything to do,
 *else done after a failed or canceled stage no later one starts, until a retry, a skip or a
 *resolution heals it a change ends when all its stages have: nothing when none of them did anything
 */
void sl_rollout_next(const struct sl_rollout_view *view, struct sl_arena *arena,
	struct sl_move_list *out);

/* When time alone will bring the next move: the earliest due moment of a blocked or unknown task;
 * 0: never. */
int64_t sl_rollout_due(const struct sl_rollout_view *view);

/*
 * One sentence without a full stop; nothing is added when nothing is awaited.
 *
 *	"waiting for 1 of 2 approvals (dba)"   "waiting for stage dev"   "held by dana: month end"
 *	"blocked by change 412 on orders-prod" "target unreachable since 09:14 UTC, next try in 40
 *s" "stage prod failed on orders-prod: ..."
 */
void sl_rollout_waits_for(const struct sl_rollout_view *view, struct sl_buf *out);
void sl_rollout_stage_waits_for(const struct sl_rollout_view *view, const struct sl_stage *stage,
	struct sl_buf *out);
void sl_rollout_task_waits_for(const struct sl_rollout_view *view, const struct sl_task *task,
	struct sl_buf *out);

#endif
