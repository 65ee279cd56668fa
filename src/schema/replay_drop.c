/* DROP, and what falls or stands in the way with it. */
#include "replay_int.h"

#include "dependents.h"

#include "sluice/core/str.h"

#include <assert.h>

/* DROP TABLE a, b: what b has of a is no obstacle. */
static bool goes_too(struct sl_replay *replay, const struct sl_entity *entity)
{
	for (size_t i = 0; i < replay->facts->object.len; i++) {
		const struct sl_fact_object *object = &replay->facts->object.at[i];

		if (object->role == SL_SQL_ROLE_DROPPED && sl_str_eq(object->name, entity->name) &&
			(!*object->schema || sl_str_eq(object->schema, entity->schema)))
			return true;
	}
	return false;
}

/* Something still uses what goes: PostgreSQL refuses, or takes it along with CASCADE; the others
 * let it break, but SQLite's DROP COLUMN looks first. */
static void still_used(struct sl_replay *replay, const struct about *about,
	const struct sl_entity *by, const char *part)
{
	struct sl_problem *problem;

	assert(part);
	problem = sl_problem_add(replay, SL_PROBLEM_STILL_USED, about,
		"%s%s%s is still used by %s %s%s%s", sl_spoken(replay, about->schema, about->name),
		about->part ? "." : "", about->part ? about->part : "",
		sl_entity_kind_name(by->kind), sl_spoken(replay, by->schema, by->name),
		*part ? ", " : "", part);

	problem->dependent = by;
	problem->dependent_part = sl_arena_strdup(replay->scratch, part);
	problem->refuses = sl_is_postgres(replay) || (sl_is_sqlite(replay) && about->part);
}

static void obstacle(struct sl_replay *replay, const struct about *about,
	const struct sl_entity *by, const char *part)
{
	if (replay->statement->verb != SL_SQL_VERB_DROP || !goes_too(replay, by))
		still_used(replay, about, by, part);
}

static void dropped_along(struct sl_replay *replay, const struct sl_entity *entity)
{
	struct sl_effect *effect;

	if (!sl_catalog_find(&replay->work, entity->kind, entity->schema, entity->name,
		    entity->detail))
		return;
	sl_catalog_remove(&replay->work, entity);
	effect = sl_effect_add(replay, SL_EFFECT_DROPPED, entity, "");
	effect->implied = true;
}

static void drop_foreign_key(struct sl_replay *replay, const struct sl_entity *from, size_t i)
{
	struct sl_table *table = sl_table_edit(replay, from);
	struct sl_effect *effect = sl_effect_add(replay, SL_EFFECT_CONSTRAINT_DROPPED, &table->id,
		table->constraints.at[i].name);

	effect->was = sl_constraint_kind_name(SL_CONSTRAINT_FOREIGN);
	effect->implied = true;
	sl_table_remove_constraint(replay, table, i);
	sl_catalog_put(&replay->work, &table->id);
}

/* Foreign keys of other tables that refer to the table, or to the one column of it. */
static void release_foreign_keys(struct sl_replay *replay, const struct about *about,
	const struct sl_entity *table, bool cascade)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, table);
	const struct sl_entity *other;

	while ((other = sl_next_dependent(&replay->work, &it, table))) {
		const struct sl_constraints *constraints;

		if (other->kind != SL_ENTITY_TABLE ||
			sl_tree_compare(sl_fold_entities(replay->work.dialect), other, table) == 0)
			continue;
		constraints = &sl_as_table(other)->constraints;
		for (size_t i = constraints->len; i > 0; i--) {
			const struct sl_constraint *constraint = &constraints->at[i - 1];

			if (!sl_refers_to(&replay->work, constraint, table) ||
				(about->part &&
					!sl_names_have(replay, &constraint->ref_columns,
						about->part)))
				continue;
			if (!cascade) {
				obstacle(replay, about, other, constraint->name);
				continue;
			}
			drop_foreign_key(replay, other, i - 1);
			other = sl_catalog_find(&replay->work, SL_ENTITY_TABLE, other->schema,
				other->name, "");
			constraints = &sl_as_table(other)->constraints;
		}
	}
}

static void release_views(struct sl_replay *replay, const struct about *about,
	const struct sl_entity *relation, bool cascade)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_VIEW);
	const struct sl_entity *view;

	while ((view = sl_catalog_next(&it))) {
		if (view == relation ||
			!sl_view_reads(&replay->work, sl_as_view(view), relation, about->part) ||
			!sl_catalog_find(&replay->work, SL_ENTITY_VIEW, view->schema, view->name,
				""))
			continue;
		if (!cascade) {
			obstacle(replay, about, view, "");
			continue;
		}
		dropped_along(replay, view);
		sl_release_relation(replay, view, true);
	}
}

/* Triggers, policies and rules go with their table. */
static void drop_attached(struct sl_replay *replay, const struct sl_entity *relation)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TRIGGER);
	bool fold = sl_fold_entities(replay->work.dialect);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		bool same_schema = sl_name_compare(fold, entity->schema, relation->schema) == 0 ||
			sl_entity_temporary(entity);

		if (same_schema && sl_name_compare(fold, entity->detail, relation->name) == 0)
			dropped_along(replay, entity);
	}
	it = sl_catalog_each_kind(&replay->work, SL_ENTITY_PLAIN);
	while ((entity = sl_catalog_next(&it))) {
		const char *on = strstr(entity->detail, " on ");

		if (on && sl_str_eq(on + 4, relation->name) &&
			sl_str_eq(entity->schema, relation->schema))
			dropped_along(replay, entity);
	}
}

/* Sequences that belong to the table, or to one column of it. */
static void drop_owned(struct sl_replay *replay, const struct sl_entity *table, const char *column)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, table);
	const char *owner = sl_arena_printf(replay->scratch, "%s.%s.%s", table->schema, table->name,
		column ? column : "");
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, table))) {
		const char *owned = entity->kind == SL_ENTITY_SEQUENCE ?
			sl_as_sequence(entity)->owned_by :
			NULL;

		if (owned && (column ? sl_str_eq(owned, owner) : sl_str_starts(owned, owner)))
			dropped_along(replay, entity);
	}
}

static bool has_parent(const struct sl_table *table, const char *parent, bool *partition)
{
	*partition = table->partition_of && sl_str_eq(table->partition_of, parent);
	for (size_t i = 0; i < table->inherits.len; i++) {
		if (sl_str_eq(table->inherits.at[i], parent))
			return true;
	}
	return *partition;
}

/* Partitions go with their table; other children stand in the way. */
static void release_children(struct sl_replay *replay, const struct about *about,
	const struct sl_entity *table, bool cascade)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, table);
	const char *parent = sl_arena_printf(replay->scratch, "%s.%s", table->schema, table->name);
	const struct sl_entity *child;
	bool partition;

	while ((child = sl_next_dependent(&replay->work, &it, table))) {
		if (child->kind != SL_ENTITY_TABLE ||
			!has_parent(sl_as_table(child), parent, &partition))
			continue;
		if (!partition && !cascade) {
			obstacle(replay, about, child, "");
			continue;
		}
		dropped_along(replay, child);
		sl_release_relation(replay, child, cascade);
	}
}

void sl_release_relation(struct sl_replay *replay, const struct sl_entity *relation, bool cascade)
{
	struct about about = { relation->kind, relation->schema, relation->name, NULL };

	if (relation->kind == SL_ENTITY_TABLE) {
		release_foreign_keys(replay, &about, relation, cascade);
		release_children(replay, &about, relation, cascade);
		drop_owned(replay, relation, NULL);
	}
	release_views(replay, &about, relation, cascade);
	drop_attached(replay, relation);
}

static bool index_uses(const struct sl_replay *replay, const struct sl_index *index,
	const char *column)
{
	enum sl_dialect dialect = replay->work.dialect;

	for (size_t i = 0; i < index->parts.len; i++) {
		const struct sl_index_part *part = &index->parts.at[i];

		if ((part->column && sl_same_part(&replay->work, part->column, column)) ||
			(part->expression && sl_sql_mentions(dialect, part->expression, column)))
			return true;
	}
	return sl_names_have(replay, &index->include, column) ||
		(index->predicate && sl_sql_mentions(dialect, index->predicate, column));
}

static bool constraint_uses(const struct sl_replay *replay, const struct sl_constraint *constraint,
	const char *column)
{
	if (constraint->expression)
		return sl_sql_mentions(replay->work.dialect, constraint->expression, column);
	return sl_names_have(replay, &constraint->columns, column);
}

/* SQLite drops what was written with the column, but not its keys. */
static bool goes_with_column(const struct sl_replay *replay, const struct sl_constraint *constraint,
	const char *column)
{
	return (constraint->kind == SL_CONSTRAINT_CHECK ||
		       constraint->kind == SL_CONSTRAINT_FOREIGN) &&
		sl_same_part(&replay->work, constraint->of_column, column);
}

/* PostgreSQL drops the column's indexes and constraints with it; SQLite refuses. */
static void release_constraints(struct sl_replay *replay, struct sl_table *table,
	const struct about *about)
{
	for (size_t i = table->constraints.len; i > 0; i--) {
		const struct sl_constraint *constraint = &table->constraints.at[i - 1];
		const char *word = *constraint->name ? constraint->name :
						       sl_constraint_kind_name(constraint->kind);
		bool along = sl_is_sqlite(replay) &&
			goes_with_column(replay, constraint, about->part);
		struct sl_effect *effect;

		if (!along && !constraint_uses(replay, constraint, about->part))
			continue;
		if (sl_is_sqlite(replay) && !along) {
			still_used(replay, about, &table->id, word);
			continue;
		}
		effect = sl_effect_add(replay, SL_EFFECT_CONSTRAINT_DROPPED, &table->id,
			constraint->name);
		effect->was = sl_constraint_kind_name(constraint->kind);
		effect->implied = true;
		sl_table_remove_constraint(replay, table, i - 1);
	}
}

static void release_indexes(struct sl_replay *replay, struct sl_table *table,
	const struct about *about)
{
	for (size_t i = table->indexes.len; i > 0; i--) {
		const struct sl_index *index = &table->indexes.at[i - 1];

		if (!index_uses(replay, index, about->part))
			continue;
		if (sl_is_sqlite(replay)) {
			still_used(replay, about, &table->id, index->name);
			continue;
		}
		sl_effect_add(replay, SL_EFFECT_INDEX_DROPPED, &table->id, index->name)
			->implied = true;
		sl_table_remove_index(replay, &table->indexes, i - 1);
	}
}

void sl_release_column(struct sl_replay *replay, struct sl_table *table, const char *column,
	bool cascade)
{
	struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name, column };

	release_constraints(replay, table, &about);
	release_indexes(replay, table, &about);
	release_foreign_keys(replay, &about, &table->id, cascade);
	release_views(replay, &about, &table->id, cascade);
	drop_owned(replay, &table->id, column);
}

void sl_hold_column(struct sl_replay *replay, const struct sl_table *table, const char *column)
{
	struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name, column };

	if (sl_is_postgres(replay))
		release_views(replay, &about, &table->id, false);
}

const struct sl_entity *sl_find_named(const struct sl_replay *replay, enum sl_entity_kind kind,
	const char *schema, const char *name)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, kind);
	bool fold = sl_fold_entities(replay->work.dialect);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (sl_name_compare(fold, entity->name, name) == 0 &&
			(!schema || sl_name_compare(fold, entity->schema, schema) == 0))
			return entity;
	}
	return NULL;
}

static void drop_index(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const struct sl_index *index = NULL;
	const struct sl_entity *owner = sl_catalog_index_owner(&replay->work, object->schema,
		object->name, &index);
	struct about about = { SL_ENTITY_TABLE, object->schema, object->name, object->name };
	struct sl_entity *copy;
	struct sl_indexes *indexes;

	if (!owner) {
		if (replay->work.uncertain)
			sl_effect_add(replay, SL_EFFECT_INDEX_DROPPED, NULL, object->name);
		else if (!object->if_exists)
			sl_problem_add(replay, SL_PROBLEM_UNKNOWN_INDEX, &about,
				"there is no index %s",
				sl_spoken(replay, object->schema, object->name));
		return;
	}
	if (!index) {
		still_used(replay, &about, owner, object->name);
		return;
	}
	copy = sl_entity_edit(sl_keeping(replay), owner);
	indexes = owner->kind == SL_ENTITY_TABLE ? &((struct sl_table *)(void *)copy)->indexes :
						   &((struct sl_view *)(void *)copy)->indexes;
	sl_effect_add(replay, SL_EFFECT_INDEX_DROPPED, copy, index->name);
	sl_table_remove_index(replay, indexes, sl_index_at(replay, indexes, object->name));
	sl_catalog_put(&replay->work, copy);
}

static enum sl_entity_kind entity_kind(enum sl_sql_object kind)
{
	switch (kind) {
	case SL_SQL_OBJECT_VIEW:
	case SL_SQL_OBJECT_MATVIEW:
		return SL_ENTITY_VIEW;
	case SL_SQL_OBJECT_SEQUENCE:
		return SL_ENTITY_SEQUENCE;
	case SL_SQL_OBJECT_TYPE:
	case SL_SQL_OBJECT_DOMAIN:
		return SL_ENTITY_TYPE;
	case SL_SQL_OBJECT_SCHEMA:
		return SL_ENTITY_SCHEMA;
	case SL_SQL_OBJECT_EXTENSION:
		return SL_ENTITY_EXTENSION;
	case SL_SQL_OBJECT_FUNCTION:
	case SL_SQL_OBJECT_PROCEDURE:
	case SL_SQL_OBJECT_ROUTINE:
	case SL_SQL_OBJECT_AGGREGATE:
		return SL_ENTITY_ROUTINE;
	case SL_SQL_OBJECT_TRIGGER:
		return SL_ENTITY_TRIGGER;
	case SL_SQL_OBJECT_TABLE:
	case SL_SQL_OBJECT_FOREIGN_TABLE:
	case SL_SQL_OBJECT_VIRTUAL_TABLE:
	case SL_SQL_OBJECT_RELATION:
		return SL_ENTITY_TABLE;
	default:
		return SL_ENTITY_PLAIN;
	}
}

static bool is_relation(enum sl_entity_kind kind)
{
	return kind == SL_ENTITY_TABLE || kind == SL_ENTITY_VIEW || kind == SL_ENTITY_SEQUENCE;
}

static const struct sl_entity *find_routine(struct sl_replay *replay,
	const struct sl_fact_object *object)
{
	if (!sl_str_eq(object->args, "*"))
		return sl_catalog_look_up(&replay->work, SL_ENTITY_ROUTINE, object->schema,
			object->name, object->args);
	return sl_find_named(replay, SL_ENTITY_ROUTINE, *object->schema ? object->schema : NULL,
		object->name);
}

static const struct sl_entity *find_trigger(struct sl_replay *replay,
	const struct sl_fact_object *object)
{
	const struct sl_entity *table;

	if (!*object->of_table)
		return sl_find_named(replay, SL_ENTITY_TRIGGER,
			*object->schema &&
					!sl_schema_is_main(replay->work.dialect, object->schema) ?
				object->schema :
				NULL,
			object->name);
	table = sl_catalog_relation(&replay->work, object->of_schema, object->of_table);
	return table ? sl_catalog_find(&replay->work, SL_ENTITY_TRIGGER, table->schema,
			       object->name, table->name) :
		       NULL;
}

const struct sl_entity *sl_find_object(struct sl_replay *replay,
	const struct sl_fact_object *object)
{
	enum sl_entity_kind kind = entity_kind(object->kind);

	switch (kind) {
	case SL_ENTITY_TABLE:
	case SL_ENTITY_VIEW:
	case SL_ENTITY_SEQUENCE:
		return sl_catalog_relation(&replay->work, object->schema, object->name);
	case SL_ENTITY_ROUTINE:
		return find_routine(replay, object);
	case SL_ENTITY_TRIGGER:
		return find_trigger(replay, object);
	case SL_ENTITY_SCHEMA:
	case SL_ENTITY_EXTENSION:
		return sl_catalog_find(&replay->work, kind, "", object->name, "");
	case SL_ENTITY_TYPE:
		return sl_catalog_look_up(&replay->work, kind, object->schema, object->name, "");
	case SL_ENTITY_PLAIN:
		return sl_catalog_look_up(&replay->work, kind, object->schema, object->name,
			sl_plain_detail(replay, object));
	case SL_ENTITY_KIND_COUNT:
		break;
	}
	return NULL;
}

static void missing(struct sl_replay *replay, const struct sl_fact_object *object)
{
	enum sl_entity_kind kind = entity_kind(object->kind);
	struct about about = { kind, object->schema, object->name, NULL };
	/* made by extensions, or not kept: nobody can say that they are missing */
	bool sayable = is_relation(kind) || kind == SL_ENTITY_TRIGGER ||
		(kind == SL_ENTITY_SCHEMA && !sl_str_eq(object->name, "public"));

	if (object->if_exists || !sayable ||
		sl_out_of_sight(replay, object->schema, object->name) ||
		(kind == SL_ENTITY_TRIGGER && replay->work.uncertain))
		return;
	sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_OBJECT, &about, "there is no %s %s",
		sl_entity_kind_name(kind), sl_spoken(replay, object->schema, object->name));
}

/* How DROP has to call it. */
static const char *word_of(const struct sl_entity *entity)
{
	if (entity->kind == SL_ENTITY_VIEW && sl_as_view(entity)->materialised)
		return sl_sql_object_name(SL_SQL_OBJECT_MATVIEW);
	return sl_entity_kind_name(entity->kind);
}

static bool wrong_kind(struct sl_replay *replay, const struct sl_fact_object *object,
	const struct sl_entity *entity)
{
	enum sl_entity_kind kind = entity_kind(object->kind);
	struct about about = { kind, object->schema, object->name, NULL };
	bool matview = object->kind == SL_SQL_OBJECT_MATVIEW;
	bool fits = entity->kind == kind &&
		(kind != SL_ENTITY_VIEW || sl_as_view(entity)->materialised == matview);

	if (!is_relation(kind) || object->kind == SL_SQL_OBJECT_RELATION || fits)
		return false;
	sl_problem_add(replay, SL_PROBLEM_WRONG_KIND, &about, "%s is a %s, not a %s",
		sl_spoken(replay, object->schema, object->name), word_of(entity),
		sl_sql_object_name(object->kind));
	return true;
}

/* "mood", "crm.mood", "crm.mood[]" */
static bool is_of_type(const struct sl_column *column, const struct sl_entity *type)
{
	const char *dot = strrchr(column->type, '.');
	const char *name = dot ? dot + 1 : column->type;
	size_t len = strcspn(name, "[");
	size_t schema = dot ? (size_t)(dot - column->type) : 0;

	if (dot &&
		(strlen(type->schema) != schema ||
			strncmp(type->schema, column->type, schema) != 0))
		return false;
	return strlen(type->name) == len && strncmp(type->name, name, len) == 0;
}

static void drop_columns_of(struct sl_replay *replay, const struct sl_entity *entity,
	const struct sl_entity *type)
{
	struct sl_table *table = sl_table_edit(replay, entity);

	for (size_t i = table->columns.len; i > 0; i--) {
		const struct sl_column *column = &table->columns.at[i - 1];
		struct sl_effect *effect;

		if (!is_of_type(column, type))
			continue;
		effect = sl_effect_add(replay, SL_EFFECT_COLUMN_DROPPED, &table->id, column->name);
		effect->was = column->type;
		effect->implied = true;
		sl_release_column(replay, table, column->name, true);
		sl_table_remove_column(replay, table, i - 1);
	}
	sl_catalog_put(&replay->work, &table->id);
}

static void drop_type(struct sl_replay *replay, const struct sl_entity *type, bool cascade)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TABLE);
	struct about about = { SL_ENTITY_TYPE, type->schema, type->name, NULL };
	const struct sl_entity *table;

	while ((table = sl_catalog_next(&it))) {
		const struct sl_columns *columns = &sl_as_table(table)->columns;
		size_t i = 0;

		while (i < columns->len && !is_of_type(&columns->at[i], type))
			i++;
		if (i == columns->len)
			continue;
		if (cascade)
			drop_columns_of(replay, table, type);
		else
			obstacle(replay, &about, table, columns->at[i].name);
	}
}

static void drop_schema(struct sl_replay *replay, const struct sl_entity *schema, bool cascade)
{
	struct sl_catalog_iter it = sl_catalog_each(&replay->work);
	struct sl_catalog_iter types = sl_catalog_each_kind(&replay->work, SL_ENTITY_TYPE);
	struct about about = { SL_ENTITY_SCHEMA, "", schema->name, NULL };
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (!sl_str_eq(entity->schema, schema->name))
			continue;
		if (!cascade) {
			obstacle(replay, &about, entity, "");
			return;
		}
		dropped_along(replay, entity);
		if (is_relation(entity->kind))
			sl_release_relation(replay, entity, true);
	}
	while ((entity = sl_catalog_next(&types))) {
		if (sl_str_eq(entity->schema, schema->name))
			drop_type(replay, entity, true);
	}
}

void sl_replay_drop(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const struct sl_entity *entity;
	bool cascade = object->cascade || replay->statement->cascade;

	if (object->kind == SL_SQL_OBJECT_INDEX) {
		drop_index(replay, object);
		return;
	}
	entity = sl_find_object(replay, object);
	if (!entity) {
		missing(replay, object);
		return;
	}
	if (wrong_kind(replay, object, entity))
		return;
	sl_catalog_remove(&replay->work, entity);
	sl_effect_add(replay, SL_EFFECT_DROPPED, entity, "");
	if (is_relation(entity->kind))
		sl_release_relation(replay, entity, cascade);
	else if (entity->kind == SL_ENTITY_SCHEMA)
		drop_schema(replay, entity, cascade);
	else if (entity->kind == SL_ENTITY_TYPE)
		drop_type(replay, entity, cascade);
}
