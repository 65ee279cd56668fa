/* The catalogue: one row a rule.  The order is that of `sluice rules`. */
#include "rule_int.h"

#include "sluice/core/str.h"

#include <assert.h>

const struct rule_row rule_rows[] = {
#include "rules.def"
};

const size_t rule_rows_len = sizeof(rule_rows) / sizeof(rule_rows[0]);

const char *sl_rule_category_name(enum sl_rule_category category)
{
	static const char *const names[] = {
		[SL_RULE_CORRECTNESS] = "correctness",
		[SL_RULE_LOCKING] = "locking",
		[SL_RULE_COMPATIBILITY] = "compatibility",
		[SL_RULE_SCHEMA] = "schema",
		[SL_RULE_NAMING] = "naming",
		[SL_RULE_HISTORY] = "history",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SL_RULE_CATEGORY_COUNT,
		"a category has no name");
	return names[category];
}

const char *sl_rule_param_type_name(enum sl_rule_param_type type)
{
	static const char *const names[] = {
		[SL_RULE_PARAM_FLAG] = "true or false",
		[SL_RULE_PARAM_NUMBER] = "number",
		[SL_RULE_PARAM_REGEX] = "regular expression",
		[SL_RULE_PARAM_LIST] = "list",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SL_RULE_PARAM_TYPE_COUNT,
		"a type of parameter has no name");
	return names[type];
}

size_t sl_rule_count(void)
{
	return rule_rows_len;
}

const struct sl_rule *sl_rule_at(size_t i)
{
	assert(i < rule_rows_len);
	return &rule_rows[i].rule;
}

const struct sl_rule *sl_rule_find(const char *id)
{
	for (size_t i = 0; i < rule_rows_len; i++) {
		if (sl_str_eq(rule_rows[i].rule.id, id))
			return &rule_rows[i].rule;
	}
	return NULL;
}

const struct sl_rule *sl_rule_nearest(const char *id)
{
	const char *names[sizeof(rule_rows) / sizeof(rule_rows[0])];
	const char *name;

	for (size_t i = 0; i < rule_rows_len; i++)
		names[i] = rule_rows[i].rule.id;
	name = sl_nearest(id, names, rule_rows_len);
	return name ? sl_rule_find(name) : NULL;
}

const struct rule_row *rule_row_find(const char *id)
{
	for (size_t i = 0; i < rule_rows_len; i++) {
		if (sl_str_eq(rule_rows[i].rule.id, id))
			return &rule_rows[i];
	}
	assert(!"a rule that the engine speaks for has no row");
	return NULL;
}
