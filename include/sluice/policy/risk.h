/*
 * Risk and selectors: the SQL expressions of the configuration, compiled once.
 *
 * They fail closed: for risk, no match, NULL or an error is high; a selector that is NULL for a
 * target does not take it, one that fails takes none and says so.  An object belongs to one thread
 * at a time; compile one for each.
 */
#ifndef SLUICE_POLICY_RISK_H
#define SLUICE_POLICY_RISK_H

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/model/workspace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_policy;

/* The workspace is borrowed.  Expressions are compiled when they are first used.  SL_EINVAL when a
 * label has the name of a variable. */
enum sl_code sl_policy_new(struct sl_policy **out, const struct sl_workspace *workspace,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL. */
void sl_policy_free(struct sl_policy *policy);
SL_DEFINE_CLEANUP(struct sl_policy, sl_policy_free);

/* What a risk rule can look at: one statement on one target.  The variables of the expressions
 * have the same names; every label of the target is a variable too. */
struct sl_risk_facts {
	size_t target; /* index in the workspace: gives environment, target, engine and labels */
	const char *project;
	const char *kind; /* "ddl", "dml", "query", "dcl", "control", "unknown" */
	const char *verb; /* "alter table", "update"; "" unknown */
	const char *table; /* "" when there is none, or several */
	int64_t affected_rows; /* -1: not known, NULL in expressions */
};

/* rule is the index of the row that matched, workspace->risk_len when none did. */
struct sl_risk_level {
	enum sl_risk level;
	size_t rule;
	const char *why; /* "rule 2 (moderate) matched", "no rule matched", "rule 1 failed: ..."; in
			    arena */
};

void sl_policy_risk(struct sl_policy *policy, const struct sl_risk_facts *facts,
	struct sl_arena *arena, struct sl_risk_level *out);

/* Targets, as indices in configured order. */
struct sl_selection {
	const size_t *at;
	size_t len;
};

/* The targets that the selector takes. */
enum sl_code sl_policy_select(struct sl_policy *policy, const char *selector,
	struct sl_arena *arena, struct sl_selection *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
