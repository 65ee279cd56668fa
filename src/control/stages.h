/* A merged change as rollout looks at it: the store's view, the gates that policy holds, the
 * blockers. */
#ifndef SLUICE_CONTROL_STAGES_H
#define SLUICE_CONTROL_STAGES_H

#include "inside.h"

#include "sluice/policy/approval.h"
#include "sluice/rollout/next.h"

struct staged {
	const struct sl_world *world; /* borrowed */
	struct sl_change_view view;
	struct sl_rollout_view rollout; /* points into this struct's arena */
	struct sl_approval_state *approvals; /* beside view.stages */
	struct sl_approval_flow
		*flows; /* beside view.stages: what each needed when it was planned */
};

/* *out must not move afterwards. */
enum sl_code sl_staged_read(struct sl_control *control, const struct sl_world *world,
	int64_t change_id, struct sl_arena *arena, struct staged *out, struct sl_error *err)
	__attribute__((warn_unused_result));

struct change_ids {
	const int64_t *at;
	size_t len;
};

/* The same of several, at once; (*out)[i] is that of ids->at[i]. */
enum sl_code sl_staged_read_all(struct sl_control *control, const struct sl_world *world,
	const struct change_ids *ids, struct sl_arena *arena, struct staged **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The case that policy decides for the stage at index i. */
struct sl_approval_case sl_staged_case(const struct staged *staged, size_t i);

/* Whether the stage at index i waits for the team's own tool, and a person may end that. */
bool sl_staged_skippable(const struct staged *staged, size_t i);

#endif
