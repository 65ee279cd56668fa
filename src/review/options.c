/* The configuration's rows of this room, and how they become settings. */
#include "sluice/review/rule.h"

#include "sluice/core/str.h"

#include <string.h>

static const char *const presets[] = { "safe", "strict", "none", NULL };

static void check(const struct sl_config *config, struct sl_problems *problems);

static const struct sl_option rows[] = {
	{
		.path = "review.preset",
		.type = SL_OPTION_ENUM,
		.fallback = "safe",
		.doc = "Which rules are held, and how severely, before `rules` says more.",
		.names = presets,
	},
	{
		.path = "review.rules",
		.type = SL_OPTION_ANY,
		.doc = "For each rule a severity (error, warning, notice, off), or a map with "
		       "`severity` and the rule's parameters; `sluice rules` lists them.",
	},
	{
		.path = "review.custom",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "Rules of one's own: SQL over the facts of the statements.",
	},
	{
		.path = "environments[].review.preset",
		.type = SL_OPTION_ENUM,
		.doc = "The preset in this environment, in place of all that is said at the top.",
		.names = presets,
	},
	{
		.path = "environments[].review.rules",
		.type = SL_OPTION_ANY,
		.doc = "What this environment holds otherwise than the top.",
	},
};

const struct sl_option_table sl_review_options = {
	.rows = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
	.check = check,
};

static enum sl_code list_text(struct sl_buf *out, const struct sl_config_node *node)
{
	for (size_t i = 0; i < sl_config_len(node); i++)
		sl_buf_addf(out, "%s%s", i > 0 ? "," : "", sl_config_str(sl_config_item(node, i)));
	return sl_buf_ok(out) ? SL_OK : SL_ELIMIT;
}

static enum sl_code param_load(struct sl_rule_settings *settings, const char *rule, const char *key,
	const struct sl_config_node *node, struct sl_error *err)
{
	sl_auto_buf struct sl_buf list = SL_BUF_INIT(64u << 10);

	if (sl_config_is_map(node))
		return sl_error_set(err, SL_EINVAL, "%s.%s is a map", rule, key);
	if (sl_config_is_list(node)) {
		if (list_text(&list, node) != SL_OK)
			return sl_error_set(err, SL_ELIMIT, "%s.%s is too long", rule, key);
		return sl_rule_settings_param(settings, rule, key, sl_buf_str(&list), err);
	}
	if (sl_str_eq(key, "severity"))
		return sl_rule_settings_severity(settings, rule, sl_config_str(node), err);
	return sl_rule_settings_param(settings, rule, key, sl_config_str(node), err);
}

/* One entry of `rules`; *wrong is the node that an error is about. */
static enum sl_code rule_load(struct sl_rule_settings *settings, const char *rule,
	const struct sl_config_node *node, const struct sl_config_node **wrong,
	struct sl_error *err)
{
	*wrong = node;
	if (sl_config_is_list(node))
		return sl_error_set(err, SL_EINVAL, "%s is a list; write a severity or a map",
			rule);
	if (!sl_config_is_map(node))
		return sl_rule_settings_severity(settings, rule, sl_config_str(node), err);
	for (size_t i = 0; i < sl_config_len(node); i++) {
		enum sl_code code;

		*wrong = sl_config_item(node, i);
		code = param_load(settings, rule, sl_config_key(node, i), *wrong, err);
		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

static enum sl_code rules_load(struct sl_rule_settings *settings,
	const struct sl_config_node *rules, const struct sl_config_node **wrong,
	struct sl_error *err)
{
	*wrong = rules;
	if (rules && !sl_config_is_map(rules))
		return sl_error_set(err, SL_EINVAL, "rules is no map of rules");
	for (size_t i = 0; i < sl_config_len(rules); i++) {
		enum sl_code code = rule_load(settings, sl_config_key(rules, i),
			sl_config_item(rules, i), wrong, err);

		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

static enum sl_code load(struct sl_rule_settings *settings, const struct sl_config_node *review,
	const struct sl_config_node **wrong, struct sl_error *err)
{
	const struct sl_config_node *preset = sl_config_get(review, "preset");
	enum sl_code code = SL_OK;

	*wrong = preset;
	if (preset)
		code = sl_rule_settings_preset(settings, sl_config_str(preset), err);
	if (code != SL_OK)
		return code;
	return rules_load(settings, sl_config_get(review, "rules"), wrong, err);
}

enum sl_code sl_rule_settings_load(struct sl_rule_settings *settings,
	const struct sl_config *config, const struct sl_config_node *review, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_config_node *wrong = NULL;
	enum sl_code code = load(settings, review, &wrong, err);

	if (code == SL_OK || !wrong)
		return code;
	return sl_error_wrap(err, code, "%s", sl_config_where(config, wrong, arena));
}

static void check_node(const struct sl_config *config, const struct sl_config_node *review,
	struct sl_problems *problems)
{
	sl_auto(sl_rule_settings_free_p) struct sl_rule_settings *settings = sl_rule_settings_new();
	const struct sl_config_node *wrong = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (load(settings, review, &wrong, &err) != SL_OK)
		sl_problems_add(problems, config, wrong, "%s", err.msg);
}

static void check(const struct sl_config *config, struct sl_problems *problems)
{
	const struct sl_config_node *environments = sl_config_at(config, "environments");

	check_node(config, sl_config_at(config, "review"), problems);
	for (size_t i = 0; i < sl_config_len(environments); i++)
		check_node(config, sl_config_get(sl_config_item(environments, i), "review"),
			problems);
}
