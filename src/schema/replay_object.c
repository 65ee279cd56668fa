/* ALTER of what is no table, COMMENT ON, and objects that are kept by their definition alone. */
#include "replay_int.h"

#include "sluice/core/str.h"

const char *sl_plain_detail(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const char *word = sl_sql_object_name(object->kind);
	const struct sl_entity *table;

	if (!*object->of_table)
		return word;
	table = sl_catalog_relation(&replay->work, object->of_schema, object->of_table);
	return sl_arena_printf(sl_keeping(replay), "%s on %s", word,
		table ? table->name : object->of_table);
}

/* Kinds that a snapshot holds as their definition. */
static bool is_kept(enum sl_sql_object kind)
{
	switch (kind) {
	case SL_SQL_OBJECT_RULE:
	case SL_SQL_OBJECT_POLICY:
	case SL_SQL_OBJECT_COLLATION:
	case SL_SQL_OBJECT_STATISTICS:
	case SL_SQL_OBJECT_EVENT_TRIGGER:
	case SL_SQL_OBJECT_EVENT:
	case SL_SQL_OBJECT_PUBLICATION:
		return true;
	default:
		return false;
	}
}

static const char *schema_of_table(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const struct sl_entity *table;

	if (!*object->of_table)
		return NULL;
	table = sl_relation_needed(replay, object->of_schema, object->of_table, false);
	return table ? table->schema : NULL;
}

static void create_schema(struct sl_replay *replay, const struct sl_fact_object *object)
{
	struct sl_schema *schema;
	struct about about = { SL_ENTITY_SCHEMA, "", object->name, NULL };

	if (sl_out_of_sight(replay, object->name, ""))
		return;
	if (sl_catalog_find(&replay->work, SL_ENTITY_SCHEMA, "", object->name, "")) {
		if (!replay->statement->if_not_exists)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
				"there is a schema %s already", object->name);
		return;
	}
	schema = sl_entity_new(sl_keeping(replay), SL_ENTITY_SCHEMA);
	schema->id.name = sl_keep(replay, object->name);
	schema->comment = "";
	sl_catalog_put(&replay->work, &schema->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &schema->id, "");
}

static void create_extension(struct sl_replay *replay, const struct sl_fact_object *object)
{
	struct sl_extension *extension;

	if (sl_catalog_find(&replay->work, SL_ENTITY_EXTENSION, "", object->name, ""))
		return;
	extension = sl_entity_new(sl_keeping(replay), SL_ENTITY_EXTENSION);
	extension->id.name = sl_keep(replay, object->name);
	extension->version = "";
	extension->in_schema = sl_keep(replay, object->schema);
	sl_catalog_put(&replay->work, &extension->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &extension->id, "");
}

void sl_replay_create_plain(struct sl_replay *replay, const struct sl_fact_object *object)
{
	struct sl_plain *plain;
	const char *schema;

	if (object->kind == SL_SQL_OBJECT_SCHEMA) {
		create_schema(replay, object);
		return;
	}
	if (object->kind == SL_SQL_OBJECT_EXTENSION) {
		create_extension(replay, object);
		return;
	}
	if (!is_kept(object->kind))
		return;
	schema = schema_of_table(replay, object);
	plain = sl_entity_new(sl_keeping(replay), SL_ENTITY_PLAIN);
	plain->id.schema = schema ? schema : sl_new_schema(replay, object->schema, false);
	plain->id.name = sl_keep(replay, object->name);
	plain->id.detail = sl_keep(replay, sl_plain_detail(replay, object));
	plain->definition = sl_sql_normal(sl_keeping(replay), replay->work.dialect, replay->text,
		replay->text_len);
	sl_catalog_put(&replay->work, &plain->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &plain->id, "");
}

static void alter_table(struct sl_replay *replay, const struct sl_entity *entity, bool only)
{
	struct sl_table *table = sl_table_edit(replay, entity);

	for (size_t i = 0; i < replay->facts->action.len; i++) {
		replay->action = i;
		sl_replay_action(replay, table, &replay->facts->action.at[i]);
	}
	replay->action = 0;
	sl_catalog_put(&replay->work, &table->id);
	if (!only)
		sl_replay_children_alter(replay, &table->id);
}

static void rename_index(struct sl_replay *replay, const struct sl_fact_object *object,
	const char *name)
{
	const struct sl_index *index = NULL;
	const struct sl_entity *owner = sl_catalog_index_owner(&replay->work, object->schema,
		object->name, &index);
	struct about about = { SL_ENTITY_TABLE, object->schema, object->name, object->name };
	struct sl_index copy;
	struct sl_table *table;

	if (!owner) {
		if (!object->if_exists)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_INDEX, &about,
				"there is no index %s",
				sl_spoken(replay, object->schema, object->name));
		return;
	}
	if (owner->kind != SL_ENTITY_TABLE)
		return;
	table = sl_table_edit(replay, owner);
	if (index) {
		copy = *index;
		copy.name = sl_keep(replay, name);
		sl_table_remove_index(replay, &table->indexes,
			sl_index_at(replay, &table->indexes, object->name));
		sl_table_add_index(replay, &table->indexes, &copy);
	} else {
		size_t place = sl_constraint_at(replay, table, object->name);
		struct sl_constraint constraint = table->constraints.at[place];

		constraint.name = sl_keep(replay, name);
		sl_table_set_constraint(replay, table, place, &constraint);
	}
	sl_catalog_put(&replay->work, &table->id);
	sl_effect_add(replay, SL_EFFECT_INDEX_RENAMED, &table->id, object->name)->now = sl_keep(
		replay, name);
}

static void add_label(struct sl_replay *replay, struct sl_type *type,
	const struct sl_fact_action *action)
{
	size_t place = type->labels.len;
	const char *label = sl_keep(replay, action->new_name);
	struct about about = { SL_ENTITY_TYPE, type->id.schema, type->id.name, action->new_name };

	if (sl_names_have(replay, &type->labels, label)) {
		if (!action->if_not_exists)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
				"type %s has the value %s already", type->id.name, label);
		return;
	}
	for (size_t i = 0; *action->name && i < type->labels.len; i++) {
		if (sl_str_eq(type->labels.at[i], action->name))
			place = sl_str_eq(action->text, "before") ? i : i + 1;
	}
	type->labels.at = sl_list_insert(sl_keeping(replay), type->labels.at, type->labels.len,
		sizeof(label), place, &label);
	type->labels.len++;
	sl_effect_add(replay, SL_EFFECT_LABEL_ADDED, &type->id, label);
}

static void rename_label(struct sl_replay *replay, struct sl_type *type,
	const struct sl_fact_action *action)
{
	const char **labels = sl_list_copy(sl_keeping(replay), type->labels.at, type->labels.len,
		sizeof(*labels));
	struct about about = { SL_ENTITY_TYPE, type->id.schema, type->id.name, action->name };
	bool found = false;

	for (size_t i = 0; i < type->labels.len; i++) {
		if (!sl_str_eq(labels[i], action->name))
			continue;
		labels[i] = sl_keep(replay, action->new_name);
		found = true;
	}
	if (!found) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_OBJECT, &about,
			"type %s has no value %s", type->id.name, action->name);
		return;
	}
	type->labels.at = labels;
	sl_effect_add(replay, SL_EFFECT_LABEL_RENAMED, &type->id, action->name)->now = sl_keep(
		replay, action->new_name);
}

static void alter_domain(struct sl_replay *replay, struct sl_type *type,
	const struct sl_fact_action *action)
{
	switch (action->kind) {
	case SL_SQL_ACTION_SET_DEFAULT:
		type->default_sql = sl_default_sql(replay, action->text,
			type->base ? type->base : "");
		break;
	case SL_SQL_ACTION_DROP_DEFAULT:
		type->default_sql = NULL;
		break;
	case SL_SQL_ACTION_SET_NOT_NULL:
	case SL_SQL_ACTION_DROP_NOT_NULL:
		type->not_null = action->kind == SL_SQL_ACTION_SET_NOT_NULL;
		break;
	default:
		break;
	}
	sl_effect_add(replay, SL_EFFECT_ALTERED, &type->id, action->name)->now = sl_sql_action_name(
		action->kind);
}

static void alter_type(struct sl_replay *replay, const struct sl_entity *entity)
{
	struct sl_type *type = sl_entity_edit(sl_keeping(replay), entity);

	for (size_t i = 0; i < replay->facts->action.len; i++) {
		const struct sl_fact_action *action = &replay->facts->action.at[i];

		replay->action = i;
		if (action->kind == SL_SQL_ACTION_ADD_VALUE)
			add_label(replay, type, action);
		else if (action->kind == SL_SQL_ACTION_RENAME_VALUE)
			rename_label(replay, type, action);
		else if (action->kind != SL_SQL_ACTION_RENAME &&
			action->kind != SL_SQL_ACTION_SET_SCHEMA)
			alter_domain(replay, type, action);
	}
	replay->action = 0;
	sl_catalog_put(&replay->work, &type->id);
}

/* Views, sequences, types, routines, triggers, schemas: a new name or another schema. */
static bool moved(struct sl_replay *replay, const struct sl_entity *entity)
{
	for (size_t i = 0; i < replay->facts->action.len; i++) {
		const struct sl_fact_action *action = &replay->facts->action.at[i];
		bool rename = action->kind == SL_SQL_ACTION_RENAME;
		struct sl_entity *copy;
		struct sl_effect *effect;

		if (!rename && action->kind != SL_SQL_ACTION_SET_SCHEMA)
			continue;
		copy = sl_entity_edit(sl_keeping(replay), entity);
		effect = sl_effect_add(replay, SL_EFFECT_RENAMED, copy, "");
		effect->was = rename ? entity->name : entity->schema;
		effect->now = sl_keep(replay, action->new_name);
		if (entity->kind == SL_ENTITY_VIEW)
			sl_rename_relation(replay, entity, rename ? entity->schema : effect->now,
				rename ? effect->now : entity->name);
		sl_catalog_remove(&replay->work, entity);
		if (rename)
			copy->name = effect->now;
		else
			copy->schema = effect->now;
		sl_catalog_put(&replay->work, copy);
		return true;
	}
	return false;
}

static void rename_schema(struct sl_replay *replay, const struct sl_entity *schema)
{
	struct sl_catalog_iter it = sl_catalog_each(&replay->work);
	const char *from = schema->name;
	const struct sl_entity *entity, *renamed;

	if (!moved(replay, schema))
		return;
	renamed = replay->effects.at[replay->effects.len - 1].entity;
	while ((entity = sl_catalog_next(&it))) {
		struct sl_entity *copy;

		if (!sl_str_eq(entity->schema, from))
			continue;
		copy = sl_entity_edit(sl_keeping(replay), entity);
		sl_catalog_remove(&replay->work, entity);
		copy->schema = renamed->name;
		sl_catalog_put(&replay->work, copy);
	}
}

static void alter_sequence(struct sl_replay *replay, const struct sl_entity *entity)
{
	struct sl_sequence *sequence = sl_entity_edit(sl_keeping(replay), entity);

	if (replay->facts->sequence_def.len == 0)
		return;
	sl_sequence_options(replay, sequence, &replay->facts->sequence_def.at[0]);
	sl_catalog_put(&replay->work, &sequence->id);
	sl_effect_add(replay, SL_EFFECT_ALTERED, &sequence->id, "")->now = "sequence options";
}

static void alter_other(struct sl_replay *replay, const struct sl_entity *entity)
{
	const struct sl_facts *facts = replay->facts;

	if (entity->kind == SL_ENTITY_SCHEMA) {
		rename_schema(replay, entity);
		return;
	}
	if (moved(replay, entity))
		return;
	if (entity->kind == SL_ENTITY_TYPE)
		alter_type(replay, entity);
	else if (entity->kind == SL_ENTITY_SEQUENCE)
		alter_sequence(replay, entity);
	else if (facts->action.len > 0)
		sl_effect_add(replay, SL_EFFECT_ALTERED, entity, "")->now = sl_sql_action_name(
			facts->action.at[0].kind);
}

static const char *first_new_name(const struct sl_replay *replay,
	const struct sl_fact_object *object)
{
	for (size_t i = 0; i < replay->facts->action.len; i++) {
		if (replay->facts->action.at[i].kind == SL_SQL_ACTION_RENAME)
			return replay->facts->action.at[i].new_name;
	}
	return object->new_name;
}

bool sl_is_relation_kind(enum sl_sql_object kind)
{
	switch (kind) {
	case SL_SQL_OBJECT_TABLE:
	case SL_SQL_OBJECT_FOREIGN_TABLE:
	case SL_SQL_OBJECT_VIRTUAL_TABLE:
	case SL_SQL_OBJECT_VIEW:
	case SL_SQL_OBJECT_MATVIEW:
	case SL_SQL_OBJECT_SEQUENCE:
	case SL_SQL_OBJECT_RELATION:
		return true;
	default:
		return false;
	}
}

void sl_replay_alter(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const struct sl_entity *entity;

	if (object->kind == SL_SQL_OBJECT_INDEX) {
		const char *name = first_new_name(replay, object);

		if (*name)
			rename_index(replay, object, name);
		return;
	}
	entity = sl_is_relation_kind(object->kind) ?
		sl_relation_needed(replay, object->schema, object->name, object->if_exists) :
		sl_find_object(replay, object);
	if (!entity)
		return;
	if (entity->kind == SL_ENTITY_TABLE)
		alter_table(replay, entity, object->only);
	else
		alter_other(replay, entity);
}

static void comment_part(struct sl_replay *replay, const struct sl_fact_object *object,
	const char *comment)
{
	const struct sl_entity *found = sl_relation_needed(replay, object->of_schema,
		object->of_table, false);
	struct sl_table *table;
	size_t place;

	if (!found || found->kind != SL_ENTITY_TABLE)
		return;
	table = sl_table_edit(replay, found);
	if (object->kind == SL_SQL_OBJECT_COLUMN) {
		struct sl_column column;

		(void)sl_known_column(replay, found, object->name);
		place = sl_column_at(replay, table, object->name);
		if (place == table->columns.len)
			return;
		column = table->columns.at[place];
		column.comment = comment;
		sl_table_set_column(replay, table, place, &column);
	} else {
		struct sl_constraint constraint;

		place = sl_constraint_at(replay, table, object->name);
		if (place == table->constraints.len)
			return;
		constraint = table->constraints.at[place];
		constraint.comment = comment;
		sl_table_set_constraint(replay, table, place, &constraint);
	}
	sl_catalog_put(&replay->work, &table->id);
	sl_effect_add(replay, SL_EFFECT_COLUMN_ALTERED, &table->id, object->name)->now = "comment";
}

static void comment_index(struct sl_replay *replay, const struct sl_fact_object *object,
	const char *comment)
{
	const struct sl_index *index = NULL;
	const struct sl_entity *owner = sl_catalog_index_owner(&replay->work, object->schema,
		object->name, &index);
	struct sl_entity *copy;
	struct sl_indexes *indexes;
	struct sl_index commented;

	if (!owner || !index)
		return;
	commented = *index;
	commented.comment = comment;
	copy = sl_entity_edit(sl_keeping(replay), owner);
	indexes = owner->kind == SL_ENTITY_TABLE ? &((struct sl_table *)(void *)copy)->indexes :
						   &((struct sl_view *)(void *)copy)->indexes;
	sl_table_remove_index(replay, indexes, sl_index_at(replay, indexes, object->name));
	sl_table_add_index(replay, indexes, &commented);
	sl_catalog_put(&replay->work, copy);
}

static const char **comment_of(struct sl_entity *entity)
{
	void *object = entity;

	switch (entity->kind) {
	case SL_ENTITY_SCHEMA:
		return &((struct sl_schema *)object)->comment;
	case SL_ENTITY_TYPE:
		return &((struct sl_type *)object)->comment;
	case SL_ENTITY_SEQUENCE:
		return &((struct sl_sequence *)object)->comment;
	case SL_ENTITY_TABLE:
		return &((struct sl_table *)object)->comment;
	case SL_ENTITY_VIEW:
		return &((struct sl_view *)object)->comment;
	case SL_ENTITY_ROUTINE:
		return &((struct sl_routine *)object)->comment;
	case SL_ENTITY_TRIGGER:
		return &((struct sl_trigger *)object)->comment;
	case SL_ENTITY_EXTENSION:
	case SL_ENTITY_PLAIN:
	case SL_ENTITY_KIND_COUNT:
		break;
	}
	return NULL;
}

void sl_replay_comment(struct sl_replay *replay, const struct sl_fact_object *object)
{
	const struct sl_entity *found;
	struct sl_entity *copy;
	const char **comment;
	const char *text;

	if (replay->facts->comment_def.len == 0)
		return;
	text = sl_keep(replay, replay->facts->comment_def.at[0].text);
	if (object->kind == SL_SQL_OBJECT_COLUMN || object->kind == SL_SQL_OBJECT_CONSTRAINT) {
		comment_part(replay, object, text);
		return;
	}
	if (object->kind == SL_SQL_OBJECT_INDEX) {
		comment_index(replay, object, text);
		return;
	}
	found = sl_is_relation_kind(object->kind) ?
		sl_relation_needed(replay, object->schema, object->name, false) :
		sl_find_object(replay, object);
	if (!found)
		return;
	copy = sl_entity_edit(sl_keeping(replay), found);
	comment = comment_of(copy);
	if (!comment)
		return;
	*comment = text;
	sl_catalog_put(&replay->work, copy);
	sl_effect_add(replay, SL_EFFECT_ALTERED, copy, "")->now = "comment";
}
