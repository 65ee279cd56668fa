/* The variables of the configuration's expressions, and what each can be.  Risk rules see all of
 * them, selectors the first ones, up to the labels. */
#ifndef POLICY_VARS_H
#define POLICY_VARS_H

#include "sluice/core/arena.h"
#include "sluice/expr/expr.h"
#include "sluice/model/workspace.h"
#include "sluice/policy/risk.h"

#include <stddef.h>

struct policy_vars {
	const struct sl_expr_var *at;
	size_t len;
	size_t selector_len; /* how many of them a selector sees */
	size_t labels; /* index of the first label */
	size_t labels_len;
};

/* SL_EINVAL when a label has the name of a variable. */
enum sl_code policy_vars(const struct sl_workspace *workspace, struct sl_arena *arena,
	struct policy_vars *out, struct sl_error *err) __attribute__((warn_unused_result));

/* The row for a statement on its target; for a selector facts holds only the target. */
const struct sl_expr_value *policy_values(const struct sl_workspace *workspace,
	const struct policy_vars *vars, const struct sl_risk_facts *facts, struct sl_arena *arena)
	__attribute__((returns_nonnull));

#endif
