/* Rules about what is lost: columns, tables, rows, and the names that running code uses. */
#include "look.h"

#include "sluice/core/str.h"

#include <string.h>

/* DROP SCHEMA, TYPE or DOMAIN with CASCADE takes along tables and columns that it does not name. */
static void taken_along(const struct rule_run *run, enum sl_effect_kind kind)
{
	for (size_t i = 0; i < run->step->effects_len; i++) {
		const struct sl_effect *effect = &run->step->effects[i];
		const struct sl_entity *entity = effect->entity;
		const char *dot = kind == SL_EFFECT_DROPPED ? "" : ".";
		struct look look;

		if (effect->kind != kind || !effect->implied || !entity ||
			!sl_catalog_table(run->step->before, entity->schema, entity->name))
			continue;
		look = look_relation(run, entity->schema, entity->name);
		if (look_is_new(&look) ||
			change_made_column(run->change, look.schema, look.name, effect->part))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.schema = look.schema,
				.name = look.name,
				.part = effect->part,
				.message = sl_arena_printf(run->arena,
					"%s%s%s goes with it: what it holds is lost, and code that "
					"names it fails",
					look_name(run, look.schema, look.name), dot, effect->part),
			});
	}
}

void rule_column_drop(const struct rule_run *run)
{
	struct look look;

	if (!look_altered(run, &look)) {
		taken_along(run, SL_EFFECT_COLUMN_DROPPED);
		return;
	}
	if (look_is_new(&look))
		return;
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];
		const struct sl_column *column = look.table ?
			sl_table_column(run->step->before, look.table, action->name) :
			NULL;

		if (action->kind != SL_SQL_ACTION_DROP_COLUMN ||
			change_made_column(run->change, look.schema, look.name, action->name))
			continue;
		if (look.table && !column && !sl_catalog_uncertain(run->step->before))
			continue;
		if (column && column->generated == SL_GENERATED_VIRTUAL &&
			rule_flag(run, "allow_generated"))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = action->at,
				.len = action->len,
				.schema = look.schema,
				.name = look.name,
				.part = action->name,
				.message = sl_arena_printf(run->arena,
					"%s.%s and what it holds are lost, and code that names it "
					"fails",
					look_name(run, look.schema, look.name), action->name),
			});
	}
}

static bool is_table(const struct sl_fact_object *object)
{
	return object->kind == SL_SQL_OBJECT_TABLE || object->kind == SL_SQL_OBJECT_VIRTUAL_TABLE;
}

void rule_table_drop(const struct rule_run *run)
{
	bool named = false;

	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];
		struct look look;

		if (object->role != SL_SQL_ROLE_DROPPED || !is_table(object))
			continue;
		named = true;
		look = look_relation(run, object->schema, object->name);
		if (look_is_new(&look) || rule_matches(run, "allow", object->name))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = object->at,
				.len = object->len,
				.schema = look.schema,
				.name = look.name,
				.message = sl_arena_printf(run->arena,
					"%s and all its rows are lost, and code that names it "
					"fails",
					look_name(run, look.schema, look.name)),
			});
	}
	if (!named)
		taken_along(run, SL_EFFECT_DROPPED);
}

/* SQLite's way to change a table is to copy it into a new one and drop the old. */
bool stands_table_drop(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit)
{
	(void)after;
	return change_dialect(change) != SL_DIALECT_SQLITE ||
		!change_copied(change, hit->schema, hit->name);
}

void rule_table_rename(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];
		struct look look;

		if (object->role != SL_SQL_ROLE_RENAMED || !is_table(object))
			continue;
		look = look_relation(run, object->schema, object->name);
		if (look_is_new(&look) || look.view)
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = object->at,
				.len = object->len,
				.schema = look.schema,
				.name = look.name,
				.message = sl_arena_printf(run->arena,
					"code that still says %s fails once it is %s",
					look_name(run, look.schema, look.name),
					object->new_name[0] ?
						object->new_name :
						sl_arena_printf(run->arena, "%s.%s",
							object->new_schema, look.name)),
				.suggestion = sl_arena_printf(run->arena,
					"add a view named %s in the same migration, and drop it "
					"once nobody reads it",
					object->name),
			});
	}
}

/* A view, or a rebuilt table, that takes the old name keeps its readers alive. */
bool stands_table_rename(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit)
{
	(void)change;
	return sl_catalog_relation(after, hit->schema, hit->name) == NULL;
}

void rule_column_rename(const struct rule_run *run)
{
	struct look look;

	if (!look_altered(run, &look) || look_is_new(&look))
		return;
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];

		if (action->kind != SL_SQL_ACTION_RENAME_COLUMN ||
			sl_str_eq(action->name, action->new_name) ||
			change_made_column(run->change, look.schema, look.name, action->name))
			continue;
		if (look.table && !sl_table_column(run->step->before, look.table, action->name) &&
			!sl_catalog_uncertain(run->step->before))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = action->at,
				.len = action->len,
				.schema = look.schema,
				.name = look.name,
				.part = action->name,
				.message = sl_arena_printf(run->arena,
					"code that still says %s.%s fails once it is %s",
					look_name(run, look.schema, look.name), action->name,
					action->new_name),
			});
	}
}

bool stands_column_rename(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit)
{
	const struct sl_table *table = sl_catalog_table(after, hit->schema, hit->name);

	(void)change;
	return !table || !sl_table_column(after, table, hit->part);
}

void rule_truncate(const struct rule_run *run)
{
	if (sl_facts_statement(run->facts)->verb != SL_SQL_VERB_TRUNCATE)
		return;
	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];
		struct look look;

		if (object->role != SL_SQL_ROLE_WRITTEN)
			continue;
		look = look_relation(run, object->schema, object->name);
		if (look_is_new(&look))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = object->at,
				.len = object->len,
				.schema = look.schema,
				.name = look.name,
				.message = sl_arena_printf(run->arena,
					"all rows of %s are lost, without its DELETE triggers, "
					"while nobody can read it",
					look_name(run, look.schema, look.name)),
			});
	}
}

/* WHERE false touches nothing, so it is no mistake of this kind. */
static bool is_never(const char *condition)
{
	return sl_str_eq(condition, "false") || sl_str_eq(condition, "FALSE") ||
		sl_str_eq(condition, "0") || sl_str_eq(condition, "1 = 0") ||
		sl_str_eq(condition, "1=0");
}

void rule_where(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->dml.len; i++) {
		const struct sl_fact_dml *dml = &run->facts->dml.at[i];
		struct look look;

		if (dml->verb != SL_SQL_VERB_UPDATE && dml->verb != SL_SQL_VERB_DELETE)
			continue;
		if (dml->has_where && (!dml->where_constant || is_never(dml->where_text)))
			continue;
		look = look_relation(run, dml->schema, dml->table_name);
		if (look_is_new(&look) || (dml->has_limit && rule_flag(run, "allow_limit")))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = dml->at,
				.len = dml->len,
				.schema = look.schema,
				.name = look.name,
				.message = sl_arena_printf(run->arena, "%s every row of %s%s",
					dml->verb == SL_SQL_VERB_UPDATE ? "changes" : "deletes",
					look_name(run, look.schema, look.name),
					dml->has_where ? ": the condition is always true" : ""),
			});
	}
}
