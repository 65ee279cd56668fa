/* Rules about what a statement blocks while it runs. */
#include "look.h"

#include "sluice/core/str.h"

#include <string.h>

static const char partitioned_index[] =
	"create the index ON ONLY the parent, CONCURRENTLY on each partition, then ATTACH them";

static void index_hit(const struct rule_run *run, const struct look *look,
	const struct sl_fact_index_def *def, bool parent)
{
	size_t at = look_after_word(run, "index");

	rule_hit(run,
		&(struct rule_hit){
			.schema = look->schema,
			.name = look->name,
			.part = def->name,
			.message = sl_arena_printf(run->arena,
				"blocks writes on %s while the index is built",
				look_name(run, look->schema, look->name)),
			.suggestion = parent ? partitioned_index : NULL,
			.fix = parent || at == 0 ? NULL : look_patch(run, at, " CONCURRENTLY"),
		});
}

void rule_index_concurrently(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->index_def.len; i++) {
		const struct sl_fact_index_def *def = &run->facts->index_def.at[i];
		struct look look = look_relation(run, def->table_schema, def->table_name);
		bool parent = look.table && look.table->kind == SL_TABLE_PARTITIONED;

		if (!def->concurrently && !look_is_new(&look) && !(parent && def->only))
			index_hit(run, &look, def, parent);
	}
}

/* The statement that adds the key, and how much it scans. */
static void foreign_key_hit(const struct rule_run *run, const struct look *look,
	const struct sl_fact_constraint_def *def, bool inline_key)
{
	const char *table = look_name(run, look->schema, look->name);
	const char *other = look_name(run, def->ref_schema, def->ref_table);
	bool parent = look->table && look->table->kind == SL_TABLE_PARTITIONED;

	rule_hit(run,
		&(struct rule_hit){
			.at = def->at,
			.len = def->len,
			.schema = look->schema,
			.name = look->name,
			.part = def->name[0] ? def->name : def->column_name,
			.message = inline_key ?
				sl_arena_printf(run->arena,
					"locks %s and %s against writes while the key is added",
					table, other) :
				sl_arena_printf(run->arena,
					"blocks writes on %s and %s while every row is checked",
					table, other),
			.suggestion = inline_key ?
				"add the column first, then the key NOT VALID, and VALIDATE it in a "
				"later migration" :
				NULL,
			.fix = inline_key || parent || run->facts->action.len != 1 ?
				NULL :
				look_patch(run, def->at + def->len, " NOT VALID"),
			.most = inline_key ? SL_SEVERITY_WARNING : SL_SEVERITY_OFF,
		});
}

/* A new column that is NULL everywhere is not scanned (PostgreSQL 11), only locked. */
static bool column_is_null(const struct rule_run *run, const struct sl_fact_action *action)
{
	const struct sl_fact_column_def *column;

	if (action->column_row < 0)
		return false;
	column = &run->facts->column_def.at[action->column_row];
	return !column->has_default && column->generated[0] == '\0';
}

static const struct sl_fact_action *action_of_column(const struct rule_run *run, const char *column)
{
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];

		if (action->kind == SL_SQL_ACTION_ADD_COLUMN && action->column_row >= 0 &&
			sl_str_eq(run->facts->column_def.at[action->column_row].name, column))
			return action;
	}
	return NULL;
}

void rule_foreign_key_not_valid(const struct rule_run *run)
{
	struct look look;

	if (sl_facts_statement(run->facts)->verb != SL_SQL_VERB_ALTER ||
		!look_altered(run, &look) || look_is_new(&look))
		return;
	for (size_t i = 0; i < run->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *def = &run->facts->constraint_def.at[i];
		const struct sl_fact_action *action;

		if (def->kind != SL_SQL_CONSTRAINT_FOREIGN_KEY || def->not_valid)
			continue;
		action = def->column_name[0] ? action_of_column(run, def->column_name) : NULL;
		foreign_key_hit(run, &look, def, action && column_is_null(run, action));
	}
}

/* What is known of a type change: nothing without the column's old type. */
static void type_hit(const struct rule_run *run, const struct look *look,
	const struct sl_fact_action *action)
{
	const struct sl_fact_column_def *def = action->column_row < 0 ?
		NULL :
		&run->facts->column_def.at[action->column_row];
	const struct sl_effect *effect = look_effect(run, SL_EFFECT_COLUMN_TYPE, action->name);
	const char *table = look_name(run, look->schema, look->name);
	const char *message;
	bool safe = effect && !effect->rewrites && !effect->scans;

	if (safe && (rule_flag(run, "allow_safe") || sl_str_eq(effect->was, effect->now)))
		return;
	if (effect)
		message = sl_arena_printf(run->arena, "%s.%s from %s to %s%s", table, action->name,
			effect->was, effect->now,
			safe ? " breaks readers that expect the old type" :
				effect->rewrites ?
			       " rewrites the table while nobody can read it" :
			       " reads the whole table while nobody can use it");
	else
		message = sl_arena_printf(run->arena,
			"%s.%s to %s may rewrite the table while nobody can read it", table,
			action->name, def ? def->type : "another type");
	rule_hit(run,
		&(struct rule_hit){
			.at = action->at,
			.len = action->len,
			.schema = look->schema,
			.name = look->name,
			.part = action->name,
			.message = message,
			.most = safe ? SL_SEVERITY_WARNING : SL_SEVERITY_OFF,
		});
}

void rule_type_change(const struct rule_run *run)
{
	struct look look;

	if (!look_altered(run, &look) || look_is_new(&look))
		return;
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];
		bool unchanged = look.table &&
			!look_effect(run, SL_EFFECT_COLUMN_TYPE, action->name) &&
			!sl_catalog_uncertain(run->step->before);

		if (action->kind != SL_SQL_ACTION_ALTER_TYPE || unchanged ||
			change_made_column(run->change, look.schema, look.name, action->name))
			continue;
		type_hit(run, &look, action);
	}
}
