#include "rules.h"

#include "sluice/core/json.h"
#include "sluice/review/rule.h"

#include <string.h>

#define OUTPUT_MAX (1u << 20)

/* "postgres, sqlite", or "all". */
static void engines_add(struct sl_buf *out, const struct sl_rule *rule)
{
	bool any = false;

	if (rule->dialects == (1u << SL_DIALECT_COUNT) - 1) {
		sl_buf_adds(out, "all");
		return;
	}
	for (int i = 0; i < SL_DIALECT_COUNT; i++) {
		if (!(rule->dialects & (1u << i)))
			continue;
		sl_buf_addf(out, "%s%s", any ? ", " : "", sl_dialect_name((enum sl_dialect)i));
		any = true;
	}
}

static json_t *engines_json(const struct sl_rule *rule)
{
	json_t *out = json_array();

	for (int i = 0; i < SL_DIALECT_COUNT; i++) {
		if (rule->dialects & (1u << i))
			(void)json_array_append_new(out,
				json_string(sl_dialect_name((enum sl_dialect)i)));
	}
	return out;
}

static json_t *params_json(const struct sl_rule *rule)
{
	json_t *out = json_array();

	for (size_t i = 0; i < SL_RULE_PARAMS_MAX && rule->params[i].key; i++) {
		const struct sl_rule_param *param = &rule->params[i];

		(void)json_array_append_new(out,
			json_pack("{s:s, s:s, s:s, s:s}", "key", param->key, "type",
				sl_rule_param_type_name(param->type), "default", param->fallback,
				"doc", param->doc));
	}
	return out;
}

static json_t *rule_json(const struct sl_rule *rule)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o}", "id", rule->id, "title",
		rule->title, "engines", engines_json(rule), "severity",
		sl_severity_name(rule->severity), "category", sl_rule_category_name(rule->category),
		"why", rule->why, "instead", rule->instead, "parameters", params_json(rule));
}

static void print_json(struct sl_cli *cli, json_t *json)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(OUTPUT_MAX);

	sl_json_pretty(json, &out);
	sl_cli_write(cli, sl_buf_str(&out), out.len);
	sl_cli_print(cli, "\n");
}

enum sl_code sl_cli_rules_list(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *list = json_array();
	sl_auto_json json_t *json = NULL;

	(void)err;
	for (size_t i = 0; i < sl_rule_count(); i++) {
		const struct sl_rule *rule = sl_rule_at(i);
		sl_auto_buf struct sl_buf engines = SL_BUF_INIT(128);

		engines_add(&engines, rule);
		if (sl_cli_json(cli))
			(void)json_array_append_new(list, rule_json(rule));
		else
			sl_cli_print(cli, "%-41s %-8s %s (%s)\n", rule->id,
				sl_severity_name(rule->severity), rule->title,
				sl_buf_str(&engines));
	}
	if (!sl_cli_json(cli))
		return SL_OK;
	json = json_pack("{s:O}", "rules", list);
	print_json(cli, json);
	return SL_OK;
}

static void show(struct sl_cli *cli, const struct sl_rule *rule)
{
	sl_auto_buf struct sl_buf engines = SL_BUF_INIT(128);

	engines_add(&engines, rule);
	sl_cli_print(cli, "%s: %s\n\n", rule->id, rule->title);
	sl_cli_print(cli, "%s\n\ninstead: %s\n\n", rule->why, rule->instead);
	sl_cli_print(cli, "severity  %s\nengines   %s\ncategory  %s\n",
		sl_severity_name(rule->severity), sl_buf_str(&engines),
		sl_rule_category_name(rule->category));
	if (rule->source[0] != '\0')
		sl_cli_print(cli, "source    %s\n", rule->source);
	if (rule->params[0].key)
		sl_cli_print(cli, "\nparameters\n");
	for (size_t i = 0; i < SL_RULE_PARAMS_MAX && rule->params[i].key; i++)
		sl_cli_print(cli, "  %s (%s, default '%s'): %s\n", rule->params[i].key,
			sl_rule_param_type_name(rule->params[i].type), rule->params[i].fallback,
			rule->params[i].doc);
	sl_cli_print(cli, "\naccept one finding: -- sluice:allow %s reason\n", rule->id);
}

enum sl_code sl_cli_rules_show(struct sl_cli *cli, struct sl_error *err)
{
	const char *id = sl_cli_arg(cli, 0);
	const struct sl_rule *rule = sl_rule_find(id);
	const struct sl_rule *near = rule ? NULL : sl_rule_nearest(id);
	sl_auto_json json_t *json = NULL;

	if (!rule && near)
		return sl_error_set(err, SL_ENOTFOUND, "rule '%s': unknown, did you mean '%s'?", id,
			near->id);
	if (!rule)
		return sl_error_set(err, SL_ENOTFOUND, "rule '%s': unknown; see `sluice rules`",
			id);
	if (!sl_cli_json(cli)) {
		show(cli, rule);
		return SL_OK;
	}
	json = rule_json(rule);
	print_json(cli, json);
	return SL_OK;
}
