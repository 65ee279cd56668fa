/* Shared by what moves and what says why nothing does. */
#ifndef ROLLOUT_NEXT_INT_H
#define ROLLOUT_NEXT_INT_H

#include "sluice/rollout/next.h"

/* How the tasks of a stage stand. */
struct sl_rollout_tally {
	unsigned tasks;
	unsigned open; /* something happens to them by itself */
	unsigned failed; /* or need a human */
	unsigned canceled;
	unsigned nothing; /* done, with nothing to do */
};

struct sl_rollout_tally sl_rollout_tally(const struct sl_change_view *view, int64_t stage_id);

/* Whether what the task did last has to be proved before anything else happens to it. */
bool sl_rollout_is_unproved(const struct sl_task *task);

/* Whether stages behind the one at that index may start. */
bool sl_rollout_is_through(const struct sl_rollout_view *view, size_t i);

#endif
