/* Shared by the plan's files. */
#ifndef ROLLOUT_PLAN_INT_H
#define ROLLOUT_PLAN_INT_H

#include "sluice/rollout/plan.h"

/* A plan's JSON is refused above this. */
#define PLAN_TEXT_MAX ((size_t)16 << 20)

/* The highest of its targets; low when it has none. */
enum sl_risk sl_rollout_risk_of(const struct sl_plan_environment *environment);

/* The text that sl_rollout_read_plan() reads back, in the arena. */
const char *sl_rollout_write_plan(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, struct sl_arena *arena)
	__attribute__((returns_nonnull));

#endif
