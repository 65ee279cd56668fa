/* The base of a target, after the team's own tool has worked there. */
#ifndef SLUICE_CONTROL_DRIFT_ELSEWHERE_H
#define SLUICE_CONTROL_DRIFT_ELSEWHERE_H

#include "inside.h"

/* What a tool did of a change, of which the target's base is to become part. */
struct elsewhere_work {
	const struct sl_target *target;
	const char *tool;
	int64_t change_id;
	const struct sl_migration *const *files; /* seen applied for the first time */
	size_t files_len;
	const struct sl_catalog *after; /* the structure since */
};

/* Adds to the batch that the objects which the files touch are meant to be as they are now;
 * whatever else differs stays drift.  SL_EBUSY while a run of ours is at work there. */
enum sl_code sl_drift_carry_elsewhere(struct sl_control *control, const struct elsewhere_work *work,
	struct sl_batch *batch, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
