/*
 * Roles: who may ask for what.  The built-in roles owner, dba, reviewer, operator and developer
 * have their verbs in one table; a role of one's own answers approval steps and nothing else.
 *
 * Pure, thread-safe.
 */
#ifndef SLUICE_POLICY_ROLE_H
#define SLUICE_POLICY_ROLE_H

#include "sluice/core/error.h"
#include "sluice/model/workspace.h"

#include <stdbool.h>

bool sl_policy_has_role(const struct sl_workspace *workspace, const char *user, const char *role);

/* SL_EDENIED, naming the roles that would do, when no role of the user may; approve is asked of
 * sl_policy_may_approve() instead.  A user who is none is SL_EUNAUTH. */
enum sl_code sl_policy_may(const struct sl_workspace *workspace, const char *user,
	enum sl_verb verb, struct sl_error *err) __attribute__((warn_unused_result));

#endif
