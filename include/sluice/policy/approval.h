/*
 * Approvals: the steps that a stage needs, in their order, and who may answer them.
 *
 *	- a step is answered by `count` different people who have its role
 *	- nobody counts twice in a stage, whatever roles they have
 *	- steps go in order: the second is open when the first is answered
 *	- who pushed any head of the change never counts; where nobody is known to have pushed, the
 *	  e-mails of its commits count against the people they match, and when they match nobody the
 *	  last step needs one more; what needs no approval needs none then either
 *	- an approval counts for the digest that it was given for, and until it is revoked
 *
 * Pure, thread-safe.
 */
#ifndef SLUICE_POLICY_APPROVAL_H
#define SLUICE_POLICY_APPROVAL_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/model/records.h"
#include "sluice/model/workspace.h"

#include <stdbool.h>
#include <stddef.h>

/* All that is looked at, for one stage. */
struct sl_approval_case {
	const struct sl_workspace *workspace;
	struct sl_approval_flow flow;
	const char *digest; /* the stage's present one */
	int64_t stage_id;
	const struct sl_approval
		*approvals; /* of the change; those of other stages are passed over */
	size_t approvals_len;
	const struct sl_change_person *people; /* of the change */
	size_t people_len;
};

struct sl_approval_state {
	bool satisfied;
	size_t step; /* the one awaited; flow.len when satisfied */
	const char *role; /* of the awaited step; "" when satisfied */
	unsigned have, need; /* of the awaited step */
	/* "waiting for 1 of 2 approvals (dba)": how many are missing, of how many, from whom in
	 * which order; "" when satisfied; in the arena. */
	const char *sentence;
};

void sl_policy_approval_state(const struct sl_approval_case *kase, struct sl_arena *arena,
	struct sl_approval_state *out);

/*
 * Whether the user's yes would count now.  *role is the step it would answer (borrowed). SL_EDENIED
 * for the author, for somebody without the awaited role; SL_ECONFLICT when nothing is awaited, or
 * the person approved already; SL_EUNAUTH for nobody.  The message is the whole reason.
 */
enum sl_code sl_policy_may_approve(const struct sl_approval_case *kase, const char *user,
	const char **role, struct sl_error *err) __attribute__((warn_unused_result));

#endif
