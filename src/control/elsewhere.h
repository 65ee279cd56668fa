/*
 * What the team's own tool did of the stages that Sluice leaves to it.
 *
 * The store keeps what was seen, by stage and target, so that pages say it after a restart and
 * every replica says the same.  A stage in mode gate is looked at until all of it was seen; one in
 * observe or review only when a comparison has found a difference that it may explain.
 */
#ifndef SLUICE_CONTROL_ELSEWHERE_H
#define SLUICE_CONTROL_ELSEWHERE_H

#include "inside.h"

#include "sluice/rollout/next.h"
#include "sluice/rollout/plan.h"

/* How often a target is looked at on which something is awaited, at most. */
#define SL_ELSEWHERE_LEAST_US SL_SECOND_US

struct elsewhere_look {
	struct sl_control *control;
	const struct sl_world *world;
	const struct sl_target *target;
	const struct sl_ledger *ledger; /* of the target, all scopes, as just read */
	unsigned modes; /* SL_STATE_BIT()s of the modes whose stages are looked at */
	struct sl_cancel *cancel;
	bool awaited; /* out: something is still to be seen there */
	bool news; /* out: something was */
};

/* Reads the histories that are awaited on the target, and keeps what is new in them, with the
 * structure that the tool left as the one that is meant to be there. */
enum sl_code sl_elsewhere_look(struct elsewhere_look *look, struct sl_error *err)
	__attribute__((warn_unused_result));

/* What the records say of the stage at that index of the change: pending, or seen. */
struct elsewhere_place {
	struct sl_control *control;
	const struct sl_world *world;
	const struct sl_change_view *change;
	size_t stage;
};

void sl_elsewhere_gate(const struct elsewhere_place *place, const struct sl_stage_plan *plan,
	struct sl_arena *arena, struct sl_stage_gate *gate);

/* A person's word that it will not be applied there, for each target that lacks some of it.  The
 * sentence is borrowed until the batch is committed. */
void sl_elsewhere_skip(const struct elsewhere_place *place, const struct sl_stage_plan *plan,
	const char *sentence, struct sl_batch *batch);

/* What such a word is kept under, where a tool's name stands else. */
#define SL_ELSEWHERE_SKIP "sluice skip"

/* Looks are queued for what the stages of the change still await. */
void sl_elsewhere_queue(struct sl_control *control, const struct sl_world *world,
	const struct sl_rollout_view *view);

#endif
