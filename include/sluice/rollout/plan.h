/*
 * The plan: what a change will run where.  One stage for each environment in which the project has
 * targets, one task for each (migrations folder, target) in it.
 *
 * Pure.  Control resolves the selectors and computes the risk (policy does both), rollout makes of
 * it the records that the store keeps, and reads them back.
 */
#ifndef SLUICE_ROLLOUT_PLAN_H
#define SLUICE_ROLLOUT_PLAN_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/core/hash.h"
#include "sluice/model/migration.h"
#include "sluice/model/records.h"
#include "sluice/model/workspace.h"

#include <stddef.h>
#include <stdint.h>

/* One migrations entry of the project, with those of its migrations that the change brings. */
struct sl_plan_part {
	const char *folder; /* in the repository */
	const char *layout; /* as recognised, never "auto" */
	const char *ledger; /* scope */
	const char *selector;
	struct sl_migration_set set; /* in run order; the sql is not looked at */
};

/* A part on a target. */
struct sl_plan_target {
	size_t part;
	const char *name;
	enum sl_dialect dialect;
	enum sl_risk risk;
	int64_t rows; /* estimated rows that its DML touches; -1: not known */
};

struct sl_plan_environment {
	const char *name;
	unsigned position; /* in the configured order, from 0 */
	enum sl_mode mode; /* below apply: a stage without tasks */
	struct sl_approval_flow flow; /* of the stage's risk; ignored below gate */
	const struct sl_plan_target *targets; /* by part, then name */
	size_t targets_len;
};

struct sl_plan_request {
	int64_t change_id; /* or a ticket of a batch */
	const char *commit;
	int64_t now;
	const struct sl_plan_part *parts;
	size_t parts_len;
	const struct sl_plan_environment *environments; /* in order */
	size_t environments_len;
};

struct sl_planned_stage {
	struct sl_stage stage; /* waiting; id 0; its risk is the highest of its targets */
	const struct sl_task *tasks; /* waiting; id and stage_id 0 */
	size_t tasks_len;
};

struct sl_plan {
	const struct sl_planned_stage
		*stages; /* by position; environments without targets have none */
	size_t len;
};

void sl_rollout_plan(const struct sl_plan_request *request, struct sl_arena *arena,
	struct sl_plan *out);

/*
 * The digest that approvals are bound to: over the ordered (path in the folder, content hash) of
 * the migrations, the engines, the target selectors and the level of risk; never over commits, the
 * folder's place, or the list of targets, so that a squash, a rebase and a target that joins by its
 * labels keep it.
 */
void sl_rollout_digest(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, char out[SL_SHA256_HEX]);

/* A stage's plan, read back from its JSON.  The migrations have kind, key, path and sha256, no sql.
 */
struct sl_stage_plan {
	const char *commit;
	enum sl_mode mode; /* how far Sluice goes */
	const struct sl_plan_part *parts;
	size_t parts_len;
	const struct sl_plan_target *targets;
	size_t targets_len;
	struct sl_approval_flow flow; /* what it needed when it was planned */
};

/* SL_EINVAL or SL_EINTERNAL when the text is none of ours. */
enum sl_code sl_rollout_read_plan(const char *plan, struct sl_arena *arena,
	struct sl_stage_plan *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
