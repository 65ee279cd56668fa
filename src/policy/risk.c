#include "sluice/policy/risk.h"

#include "sluice/core/alloc.h"
#include "sluice/core/map.h"
#include "vars.h"

#include <stdlib.h>

struct sl_policy {
	const struct sl_workspace *workspace; /* borrowed */
	struct sl_arena *arena; /* owned: the variables */
	struct policy_vars vars;
	struct sl_map *rules; /* owned: expressions by text, compiled when first used */
	struct sl_map *selectors; /* owned: the same, over fewer variables */
};

static void free_all(struct sl_map *expressions)
{
	for (size_t i = 0; expressions && i < sl_map_len(expressions); i++)
		sl_expr_free(sl_map_value_at(expressions, i));
	sl_map_free(expressions);
}

void sl_policy_free(struct sl_policy *policy)
{
	if (!policy)
		return;
	free_all(policy->rules);
	free_all(policy->selectors);
	sl_arena_free(policy->arena);
	free(policy);
}

enum sl_code sl_policy_new(struct sl_policy **out, const struct sl_workspace *workspace,
	struct sl_error *err)
{
	sl_auto(sl_policy_free_p) struct sl_policy *policy = sl_xcalloc(1, sizeof(*policy));
	enum sl_code code;

	policy->workspace = workspace;
	policy->arena = sl_arena_new();
	policy->rules = sl_map_new();
	policy->selectors = sl_map_new();
	code = policy_vars(workspace, policy->arena, &policy->vars, err);
	if (code == SL_OK)
		*out = sl_steal(policy);
	return code;
}

static enum sl_code compiled(struct sl_policy *policy, struct sl_map *cache, const char *text,
	struct sl_expr **out, struct sl_error *err)
{
	bool rule = cache == policy->rules;
	enum sl_code code;

	*out = sl_map_get(cache, text);
	if (*out)
		return SL_OK;
	code = sl_expr_new(out, text, policy->vars.at,
		rule ? policy->vars.len : policy->vars.selector_len, err);
	if (code == SL_OK)
		(void)sl_map_put(cache, text, *out);
	return code;
}

/* Whether the rule at i matches; *why is set when it failed. */
static enum sl_truth matches(struct sl_policy *policy, size_t i, const struct sl_expr_value *values,
	struct sl_error *why)
{
	enum sl_truth truth = SL_NULL;
	struct sl_expr *expr = NULL;
	enum sl_code code = compiled(policy, policy->rules, policy->workspace->risk[i].when, &expr,
		why);

	if (code == SL_OK)
		code = sl_expr_eval(expr, values, &truth, why);
	return code == SL_OK ? truth : SL_NULL;
}

void sl_policy_risk(struct sl_policy *policy, const struct sl_risk_facts *facts,
	struct sl_arena *arena, struct sl_risk_level *out)
{
	const struct sl_workspace *workspace = policy->workspace;
	const struct sl_expr_value *values = policy_values(workspace, &policy->vars, facts, arena);

	*out = (struct sl_risk_level){ .level = SL_RISK_HIGH, .rule = workspace->risk_len };
	for (size_t i = 0; i < workspace->risk_len; i++) {
		struct sl_error why = SL_ERROR_INIT;
		enum sl_truth truth = matches(policy, i, values, &why);

		if (truth == SL_FALSE)
			continue;
		out->rule = i;
		if (truth == SL_TRUE) {
			out->level = workspace->risk[i].level;
			out->why = sl_arena_printf(arena, "rule %zu (%s) matched", i + 1,
				sl_risk_name(out->level));
		} else {
			out->why = sl_arena_printf(arena, "rule %zu could not be decided%s%s",
				i + 1, why.code != SL_OK ? ": " : "",
				why.code != SL_OK ? why.msg : "");
		}
		return;
	}
	out->why = "no rule matched";
}

enum sl_code sl_policy_select(struct sl_policy *policy, const char *selector,
	struct sl_arena *arena, struct sl_selection *out, struct sl_error *err)
{
	const struct sl_workspace *workspace = policy->workspace;
	size_t *at = sl_arena_calloc(arena, workspace->targets_len + 1, sizeof(*at));
	struct sl_expr *expr = NULL;
	size_t len = 0;
	enum sl_code code = compiled(policy, policy->selectors, selector, &expr, err);

	for (size_t i = 0; code == SL_OK && i < workspace->targets_len; i++) {
		const struct sl_risk_facts facts = { .target = i, .affected_rows = -1 };
		enum sl_truth truth = SL_NULL;

		code = sl_expr_eval(expr, policy_values(workspace, &policy->vars, &facts, arena),
			&truth, err);
		if (code == SL_OK && truth == SL_TRUE)
			at[len++] = i;
	}
	if (code != SL_OK)
		return sl_error_wrap(err, code, "selector \"%s\"", selector);
	*out = (struct sl_selection){ at, len };
	return SL_OK;
}
