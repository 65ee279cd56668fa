#include "vars.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <string.h>
#include <strings.h>

/* Those of a target come first, then its labels, then those of the statement. */
enum target_var { VAR_ENVIRONMENT, VAR_TARGET, VAR_ENGINE, TARGET_VARS };

enum statement_var { VAR_PROJECT, VAR_KIND, VAR_VERB, VAR_TABLE, VAR_ROWS, STATEMENT_VARS };

static const char *const target_names[] = {
	[VAR_ENVIRONMENT] = "environment",
	[VAR_TARGET] = "target",
	[VAR_ENGINE] = "engine",
};

static const char *const statement_names[] = {
	[VAR_PROJECT] = "project",
	[VAR_KIND] = "kind",
	[VAR_VERB] = "verb",
	[VAR_TABLE] = "table",
	[VAR_ROWS] = "affected_rows",
};

static const char *const kinds[] = { "ddl", "dml", "query", "dcl", "control", "unknown" };

struct list {
	SL_VEC(struct sl_expr_var);
};

struct names {
	SL_VEC(const char *);
};

static struct sl_expr_var *add(struct list *list, struct sl_arena *arena, const char *name,
	enum sl_expr_type type)
{
	struct sl_expr_var *var = sl_vec_add_in(arena, list);

	*var = (struct sl_expr_var){ .name = name, .type = type };
	return var;
}

static void close_over(struct sl_expr_var *var, const struct names *names)
{
	var->known = names->at;
	var->n_known = names->len;
}

static bool has(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++) {
		if (strcasecmp(names->at[i], name) == 0)
			return true;
	}
	return false;
}

static void add_target_vars(const struct sl_workspace *workspace, struct sl_arena *arena,
	struct list *list)
{
	struct names environments = { 0 };
	struct names targets = { 0 };
	struct names engines = { 0 };

	for (size_t i = 0; i < workspace->environments_len; i++)
		*sl_vec_add_in(arena, &environments) = workspace->environments[i].name;
	for (size_t i = 0; i < workspace->targets_len; i++)
		*sl_vec_add_in(arena, &targets) = workspace->targets[i].name;
	for (unsigned i = 0; i < SL_DIALECT_COUNT; i++)
		*sl_vec_add_in(arena, &engines) = sl_dialect_name((enum sl_dialect)i);
	close_over(add(list, arena, target_names[VAR_ENVIRONMENT], SL_EXPR_TEXT), &environments);
	close_over(add(list, arena, target_names[VAR_TARGET], SL_EXPR_TEXT), &targets);
	close_over(add(list, arena, target_names[VAR_ENGINE], SL_EXPR_TEXT), &engines);
}

static bool is_variable(const char *name)
{
	for (size_t i = 0; i < TARGET_VARS; i++) {
		if (strcasecmp(target_names[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < STATEMENT_VARS; i++) {
		if (strcasecmp(statement_names[i], name) == 0)
			return true;
	}
	return false;
}

/* The values that a label has anywhere. */
static struct names values_of(const struct sl_workspace *workspace, const char *key,
	struct sl_arena *arena)
{
	struct names values = { 0 };

	for (size_t i = 0; i < workspace->targets_len; i++) {
		const struct sl_target *target = &workspace->targets[i];

		for (size_t k = 0; k < target->labels_len; k++) {
			if (strcasecmp(target->labels[k].key, key) == 0)
				*sl_vec_add_in(arena, &values) = target->labels[k].value;
		}
	}
	return values;
}

static enum sl_code add_labels(const struct sl_workspace *workspace, struct sl_arena *arena,
	struct list *list, struct sl_error *err)
{
	struct names keys = { 0 };

	for (size_t i = 0; i < workspace->targets_len; i++) {
		const struct sl_target *target = &workspace->targets[i];

		for (size_t k = 0; k < target->labels_len; k++) {
			const char *key = target->labels[k].key;
			struct names values;

			if (is_variable(key))
				return sl_error_set(err, SL_EINVAL,
					"target %s: a label cannot be called %s: expressions have a "
					"variable of that name",
					target->name, key);
			if (has(&keys, key))
				continue;
			*sl_vec_add_in(arena, &keys) = key;
			values = values_of(workspace, key, arena);
			close_over(add(list, arena, key, SL_EXPR_TEXT), &values);
		}
	}
	return SL_OK;
}

static void add_statement_vars(const struct sl_workspace *workspace, struct sl_arena *arena,
	struct list *list)
{
	struct names projects = { 0 };
	struct sl_expr_var *kind;

	for (size_t i = 0; i < workspace->projects_len; i++)
		*sl_vec_add_in(arena, &projects) = workspace->projects[i].name;
	close_over(add(list, arena, statement_names[VAR_PROJECT], SL_EXPR_TEXT), &projects);
	kind = add(list, arena, statement_names[VAR_KIND], SL_EXPR_TEXT);
	kind->known = kinds;
	kind->n_known = sizeof(kinds) / sizeof(kinds[0]);
	(void)add(list, arena, statement_names[VAR_VERB], SL_EXPR_TEXT);
	(void)add(list, arena, statement_names[VAR_TABLE], SL_EXPR_TEXT);
	(void)add(list, arena, statement_names[VAR_ROWS], SL_EXPR_INT);
}

enum sl_code policy_vars(const struct sl_workspace *workspace, struct sl_arena *arena,
	struct policy_vars *out, struct sl_error *err)
{
	struct list list = { 0 };
	enum sl_code code;

	add_target_vars(workspace, arena, &list);
	out->labels = list.len;
	code = add_labels(workspace, arena, &list, err);
	if (code != SL_OK)
		return code;
	out->selector_len = list.len;
	out->labels_len = list.len - out->labels;
	add_statement_vars(workspace, arena, &list);
	out->at = list.at;
	out->len = list.len;
	return SL_OK;
}

static struct sl_expr_value text(const char *value)
{
	bool null = !value || value[0] == '\0';

	return (struct sl_expr_value){ .null = null, .text = null ? NULL : value };
}

static const char *label_of(const struct sl_target *target, const char *key)
{
	for (size_t i = 0; i < target->labels_len; i++) {
		if (strcasecmp(target->labels[i].key, key) == 0)
			return target->labels[i].value;
	}
	return NULL;
}

const struct sl_expr_value *policy_values(const struct sl_workspace *workspace,
	const struct policy_vars *vars, const struct sl_risk_facts *facts, struct sl_arena *arena)
{
	const struct sl_target *target = &workspace->targets[facts->target];
	struct sl_expr_value *values = sl_arena_calloc(arena, vars->len, sizeof(*values));
	struct sl_expr_value *statement = values + vars->selector_len;

	values[VAR_ENVIRONMENT] = text(workspace->environments[target->environment].name);
	values[VAR_TARGET] = text(target->name);
	values[VAR_ENGINE] = text(sl_dialect_name(target->dialect));
	for (size_t i = vars->labels; i < vars->labels + vars->labels_len; i++)
		values[i] = text(label_of(target, vars->at[i].name));
	statement[VAR_PROJECT] = text(facts->project);
	statement[VAR_KIND] = text(facts->kind);
	statement[VAR_VERB] = text(facts->verb);
	statement[VAR_TABLE] = text(facts->table);
	statement[VAR_ROWS] = (struct sl_expr_value){ .null = facts->affected_rows < 0,
		.integer = facts->affected_rows };
	return values;
}
