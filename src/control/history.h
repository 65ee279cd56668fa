/* Another tool's history in a target becomes the ledger's. */
#ifndef SLUICE_CONTROL_HISTORY_H
#define SLUICE_CONTROL_HISTORY_H

#include "folder.h"
#include "inside.h"

/* One folder on one target, and whose word it is. */
struct history_case {
	struct sl_control *control;
	const struct sl_world *world;
	struct sl_arena *arena;
	const struct folder *folder;
	const char *target;
	const char *actor, *reason;
	bool dry_run;
};

/* Whether the scope has nothing yet, or began with another tool's history: else it was begun in
 * another way, and a history is no matter any more. */
bool sl_history_counts(const struct sl_ledger *ledger, const char *scope);

/* SL_ENOTFOUND: no tool left a history there. */
enum sl_code sl_history_take(const struct history_case *kase, struct sl_adoption *out,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
