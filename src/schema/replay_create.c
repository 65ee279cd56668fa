/* What is created besides tables. */
#include "render.h"
#include "replay_int.h"

#include "sluice/core/str.h"

static const char *statement_text(struct sl_replay *replay)
{
	return sl_sql_normal(sl_keeping(replay), replay->work.dialect, replay->text,
		replay->text_len);
}

const char *sl_expression_label(struct sl_replay *replay, const char *expression)
{
	size_t len;

	while (*expression == '(')
		expression++;
	len = strspn(expression, "abcdefghijklmnopqrstuvwxyz_0123456789");
	return len > 0 && expression[len] == '(' ?
		sl_arena_strndup(replay->scratch, expression, len) :
		"expr";
}

static struct sl_names key_columns(struct sl_replay *replay)
{
	size_t len = replay->facts->index_key.len;
	const char **at = sl_arena_calloc(replay->scratch, len + 1, sizeof(*at));
	struct sl_names names = { at, len };

	for (size_t i = 0; i < len; i++) {
		const struct sl_fact_index_key *key = &replay->facts->index_key.at[i];

		at[i] = *key->column_name ? key->column_name :
					    sl_expression_label(replay, key->expression);
	}
	return names;
}

static const char *part_extra(struct sl_replay *replay, const struct sl_fact_index_key *key)
{
	bool descending = sl_str_eq(key->direction, "desc");
	const char *usual = descending ? "first" : "last";
	bool nulls = *key->nulls && !sl_str_eq(key->nulls, usual);

	if (!nulls)
		return sl_keep(replay, key->opclass);
	return sl_arena_printf(sl_keeping(replay), "%s%snulls %s", key->opclass,
		*key->opclass ? " " : "", key->nulls);
}

static struct sl_index_parts parts_of(struct sl_replay *replay, const struct sl_entity *owner)
{
	size_t len = replay->facts->index_key.len;
	struct sl_index_part *at = sl_arena_calloc(sl_keeping(replay), len + 1, sizeof(*at));

	for (size_t i = 0; i < len; i++) {
		const struct sl_fact_index_key *key = &replay->facts->index_key.at[i];

		at[i].operators = "";
		at[i].collation = sl_keep_collation(replay, key->collation,
			&at[i].collation_schema);
		at[i].extra = part_extra(replay, key);
		at[i].descending = sl_str_eq(key->direction, "desc");
		if (*key->column_name)
			at[i].column = sl_known_column(replay, owner, key->column_name);
		else
			at[i].expression = sl_keep_sql(replay, key->expression);
	}
	return (struct sl_index_parts){ at, len };
}

/* As the table spells it; a problem when it has no such column. */
const char *sl_known_column(struct sl_replay *replay, const struct sl_entity *owner,
	const char *name)
{
	const struct sl_table *table;
	struct about about = { owner->kind, owner->schema, owner->name, name };
	size_t i;

	if (owner->kind != SL_ENTITY_TABLE)
		return sl_keep(replay, name);
	table = sl_as_table(owner);
	i = sl_column_at(replay, table, name);
	if (i < table->columns.len)
		return table->columns.at[i].name;
	if (!table->partial && table->kind != SL_TABLE_VIRTUAL)
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_COLUMN, &about,
			"table %s has no column %s", sl_spoken(replay, owner->schema, owner->name),
			name);
	return sl_keep(replay, name);
}

static const char *index_extra(struct sl_replay *replay, const struct sl_fact_index_def *def)
{
	const char *options = sl_keep_sql(replay, def->options);

	if (!options)
		return def->nulls_not_distinct ? "nulls not distinct" : "";
	return sl_arena_printf(sl_keeping(replay), "%swith (%s)",
		def->nulls_not_distinct ? "nulls not distinct " : "", options);
}

static bool index_stands(struct sl_replay *replay, const struct sl_entity *owner, const char *name,
	bool forgiven)
{
	struct about about = { owner->kind, owner->schema, owner->name, name };
	const struct sl_indexes *own = sl_entity_indexes(owner);
	bool there = sl_index_at(replay, own, name) < own->len ||
		sl_catalog_index_owner(&replay->work, owner->schema, name, NULL) ||
		(sl_is_postgres(replay) && sl_catalog_relation(&replay->work, owner->schema, name));

	if (there && !forgiven)
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
			"there is an index or relation %s already", name);
	return there;
}

static void put_index(struct sl_replay *replay, const struct sl_entity *owner,
	const struct sl_index *index, bool only)
{
	struct sl_entity *copy = sl_entity_edit(sl_keeping(replay), owner);
	struct sl_effect *effect;

	if (owner->kind == SL_ENTITY_TABLE)
		sl_table_add_index(replay, &((struct sl_table *)(void *)copy)->indexes, index);
	else
		sl_table_add_index(replay, &((struct sl_view *)(void *)copy)->indexes, index);
	sl_catalog_put(&replay->work, copy);
	effect = sl_effect_add(replay, SL_EFFECT_INDEX_ADDED, copy, index->name);
	effect->scans = true;
	if (!only)
		sl_replay_children_index(replay, copy, index);
}

void sl_replay_create_index(struct sl_replay *replay, const struct sl_fact_index_def *def)
{
	/* in SQLite the schema stands before the index's name */
	const char *schema = *def->table_schema ? def->table_schema : def->schema;
	const struct sl_entity *owner = sl_relation_needed(replay, schema, def->table_name, false);
	struct sl_names columns = key_columns(replay);
	const char *usual = sl_is_postgres(replay) ? "btree" : "";
	struct sl_index index = { .unique = def->is_unique, .comment = "" };

	if (!owner || !sl_entity_indexes(owner))
		return;
	if (*def->name)
		index.name = sl_keep(replay, def->name);
	else if (owner->kind == SL_ENTITY_TABLE)
		index.name = sl_chosen_name(replay, sl_as_table(owner), &columns, "idx");
	else
		index.name = "";
	if (index_stands(replay, owner, index.name, def->if_not_exists))
		return;
	index.method = *def->method ? sl_keep(replay, def->method) : usual;
	index.parts = parts_of(replay, owner);
	index.include = sl_keep_names(replay, &def->include);
	index.predicate = sl_keep_sql(replay, def->where_text);
	index.extra = index_extra(replay, def);
	put_index(replay, owner, &index, def->only);
}

static void read_relations(struct sl_replay *replay, struct sl_view *view)
{
	const struct sl_facts *facts = replay->facts;
	size_t most = facts->object.len * (facts->column_ref.len + 1);
	struct sl_reference *reads;

	if (most > 100000)
		return;
	reads = sl_arena_calloc(sl_keeping(replay), facts->object.len + 1, sizeof(*reads));
	view->reads_known = true;
	for (size_t i = 0; i < facts->object.len; i++) {
		const struct sl_fact_object *object = &facts->object.at[i];
		const struct sl_entity *relation;

		if (object->role != SL_SQL_ROLE_READ)
			continue;
		relation = sl_catalog_relation(&replay->work, object->schema, object->name);
		reads[view->reads.len++] = (struct sl_reference){ relation ?
				relation->schema :
				sl_keep(replay, object->schema),
			relation ? relation->name : sl_keep(replay, object->name), NULL };
	}
	view->reads.at = reads;
}

/* "(a, b)" before AS, or what stands around the query otherwise. */
static const char *view_extra(struct sl_replay *replay, const struct sl_fact_view_def *def)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)1 << 20);
	const char *options = sl_keep_sql(replay, def->options);

	if (def->columns.len > 0)
		sl_render_names(&out, replay->work.dialect, &def->columns);
	if (options)
		sl_buf_addf(&out, "%swith (%s)", out.len > 0 ? " " : "", options);
	if (*def->check_option)
		sl_buf_addf(&out, "%swith %s check option", out.len > 0 ? " " : "",
			def->check_option);
	return sl_keep(replay, sl_buf_str(&out));
}

/* SQLite takes views and triggers as they are, and fails when they are used. */
static void sqlite_looks_later(struct sl_replay *replay)
{
	for (size_t i = 0; sl_is_sqlite(replay) && i < replay->problems.len; i++)
		replay->problems.at[i].refuses = false;
}

static void check_read_relations(struct sl_replay *replay)
{
	for (size_t i = 0; i < replay->facts->object.len; i++) {
		const struct sl_fact_object *object = &replay->facts->object.at[i];
		struct about about = { SL_ENTITY_TABLE, object->schema, object->name, NULL };

		if (object->role != SL_SQL_ROLE_READ || !sl_is_relation_kind(object->kind) ||
			sl_out_of_sight(replay, object->schema, object->name) ||
			sl_catalog_relation(&replay->work, object->schema, object->name))
			continue;
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_OBJECT, &about,
			"there is no table or view %s",
			sl_spoken(replay, object->schema, object->name));
	}
	sqlite_looks_later(replay);
}

void sl_replay_create_view(struct sl_replay *replay, const struct sl_fact_view_def *def)
{
	struct sl_view *view;
	const struct sl_entity *old;
	bool temporary = def->temporary;
	enum sl_effect_kind kind = SL_EFFECT_CREATED;

	if (sl_out_of_sight(replay, def->schema, def->name))
		return;
	check_read_relations(replay);
	view = sl_entity_new(sl_keeping(replay), SL_ENTITY_VIEW);
	view->id.schema = sl_new_schema(replay, def->schema, temporary);
	view->id.name = sl_keep(replay, def->name);
	sl_check_schema(replay, view->id.schema, view->id.name);
	old = sl_catalog_find(&replay->work, SL_ENTITY_VIEW, view->id.schema, view->id.name, "");
	if (old && def->or_replace)
		kind = SL_EFFECT_REPLACED;
	else if (sl_relation_stands(replay, SL_ENTITY_VIEW, view->id.schema, view->id.name,
			 def->if_not_exists))
		return;
	view->definition = sl_keep_sql(replay, def->query);
	if (!view->definition)
		view->definition = "";
	view->extra = view_extra(replay, def);
	view->comment = old ? sl_as_view(old)->comment : "";
	view->materialised = def->materialized;
	view->temporary = temporary;
	view->columns = sl_keep_names(replay, &def->columns);
	read_relations(replay, view);
	sl_catalog_put(&replay->work, &view->id);
	sl_effect_add(replay, kind, &view->id, "");
}

static int64_t number(const char *text, int64_t otherwise)
{
	int64_t value = otherwise;

	if (!*text || !sl_parse_i64(*text == '+' ? text + 1 : text, INT64_MIN, INT64_MAX, &value))
		return otherwise;
	return value;
}

static const char *owner_of(struct sl_replay *replay, const char *written)
{
	const char *dot = strrchr(written, '.'), *table;
	const char *schema_dot;
	const struct sl_entity *relation;

	if (!dot)
		return NULL;
	table = sl_arena_strndup(replay->scratch, written, (size_t)(dot - written));
	schema_dot = strrchr(table, '.');
	relation = schema_dot ?
		sl_catalog_relation(&replay->work,
			sl_arena_strndup(replay->scratch, table, (size_t)(schema_dot - table)),
			schema_dot + 1) :
		sl_catalog_relation(&replay->work, "", table);
	if (!relation)
		return sl_keep(replay, written);
	return sl_arena_printf(sl_keeping(replay), "%s.%s.%s", relation->schema, relation->name,
		dot + 1);
}

void sl_sequence_options(struct sl_replay *replay, struct sl_sequence *sequence,
	const struct sl_fact_sequence_def *def)
{
	bool down;

	if (*def->type)
		sequence->type = sl_keep(replay, def->type);
	sequence->increment = number(def->increment, sequence->increment);
	down = sequence->increment < 0;
	if (sl_str_eq(def->minimum, "no"))
		sequence->min = down ? sl_sequence_min(sequence->type) : 1;
	else
		sequence->min = number(def->minimum, sequence->min);
	if (sl_str_eq(def->maximum, "no"))
		sequence->max = down ? -1 : sl_sequence_max(sequence->type);
	else
		sequence->max = number(def->maximum, sequence->max);
	sequence->start = number(def->start, sequence->start);
	sequence->cache = number(def->cache, sequence->cache);
	if (*def->cycle)
		sequence->cycle = sl_str_eq(def->cycle, "yes");
	if (def->has_owned_by)
		sequence->owned_by = *def->owned_by ? owner_of(replay, def->owned_by) : NULL;
}

void sl_replay_create_sequence(struct sl_replay *replay, const struct sl_fact_sequence_def *def)
{
	struct sl_sequence *sequence = sl_entity_new(sl_keeping(replay), SL_ENTITY_SEQUENCE);
	bool down = number(def->increment, 1) < 0;

	sequence->id.schema = sl_new_schema(replay, def->schema, replay->statement->temporary);
	sequence->id.name = sl_keep(replay, def->name);
	sl_check_schema(replay, sequence->id.schema, sequence->id.name);
	if (sl_out_of_sight(replay, def->schema, def->name) ||
		sl_relation_stands(replay, SL_ENTITY_SEQUENCE, sequence->id.schema,
			sequence->id.name, replay->statement->if_not_exists))
		return;
	sequence->type = *def->type ? sl_keep(replay, def->type) : "bigint";
	sequence->increment = sequence->cache = 1;
	sequence->min = down ? sl_sequence_min(sequence->type) : 1;
	sequence->max = down ? -1 : sl_sequence_max(sequence->type);
	sequence->comment = "";
	sl_sequence_options(replay, sequence, def);
	sequence->start = number(def->start, down ? sequence->max : sequence->min);
	sl_catalog_put(&replay->work, &sequence->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &sequence->id, "");
}

static void domain_checks(struct sl_replay *replay, struct sl_type *type)
{
	size_t len = replay->facts->constraint_def.len;
	struct sl_constraint *checks = sl_arena_calloc(sl_keeping(replay), len + 1,
		sizeof(*checks));

	for (size_t i = 0; i < len; i++) {
		const struct sl_fact_constraint_def *def = &replay->facts->constraint_def.at[i];
		struct sl_constraint *check = &checks[type->checks.len];

		if (def->kind != SL_SQL_CONSTRAINT_CHECK)
			continue;
		check->kind = SL_CONSTRAINT_CHECK;
		check->name = *def->name ?
			sl_keep(replay, def->name) :
			sl_arena_printf(sl_keeping(replay), "%s_check", type->id.name);
		check->expression = sl_keep_sql(replay, def->expression);
		check->ref_schema = check->ref_table = check->extra = check->comment = "";
		check->of_column = "";
		type->checks.len++;
	}
	type->checks.at = checks;
}

static void composite_attributes(struct sl_replay *replay, struct sl_type *type)
{
	size_t len = replay->facts->column_def.len;
	struct sl_column *columns = sl_arena_calloc(sl_keeping(replay), len + 1, sizeof(*columns));

	for (size_t i = 0; i < len; i++)
		columns[i] = sl_column_from(replay, &replay->facts->column_def.at[i], NULL);
	type->attributes = (struct sl_columns){ columns, len };
}

static enum sl_type_kind type_kind(const char *kind)
{
	static const char *const words[] = { "enum", "domain", "composite", "range" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (sl_str_eq(words[i], kind))
			return (enum sl_type_kind)i;
	}
	return SL_TYPE_OTHER;
}

static const char *domain_collation(struct sl_replay *replay, const struct sl_fact_type_def *def)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4096);
	const char *schema, *name = sl_keep_collation(replay, def->collation, &schema);

	if (!*name)
		return "";
	sl_buf_adds(&out, "collate ");
	sl_render_qualified(&out, replay->work.dialect, schema, name);
	return sl_keep(replay, sl_buf_str(&out));
}

void sl_replay_create_type(struct sl_replay *replay, const struct sl_fact_type_def *def)
{
	struct sl_type *type = sl_entity_new(sl_keeping(replay), SL_ENTITY_TYPE);
	struct about about = { SL_ENTITY_TYPE, def->schema, def->name, NULL };

	type->id.schema = sl_new_schema(replay, def->schema, false);
	type->id.name = sl_keep(replay, def->name);
	type->kind = type_kind(def->kind);
	type->comment = "";
	type->extra = domain_collation(replay, def);
	if (sl_catalog_find(&replay->work, SL_ENTITY_TYPE, type->id.schema, type->id.name, "")) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
			"there is a type %s already", sl_spoken(replay, def->schema, def->name));
		return;
	}
	type->labels = sl_keep_names(replay, &def->labels);
	if (*def->base)
		type->base = sl_keep(replay, def->base);
	type->default_sql = sl_default_sql(replay, def->default_text, def->base);
	type->not_null = def->not_null;
	if (type->kind == SL_TYPE_DOMAIN)
		domain_checks(replay, type);
	if (type->kind == SL_TYPE_COMPOSITE)
		composite_attributes(replay, type);
	if (type->kind == SL_TYPE_OTHER || type->kind == SL_TYPE_RANGE)
		type->definition = statement_text(replay);
	sl_catalog_put(&replay->work, &type->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &type->id, "");
}

static enum sl_routine_kind routine_kind(const char *kind)
{
	if (sl_str_eq(kind, "procedure"))
		return SL_ROUTINE_PROCEDURE;
	return sl_str_eq(kind, "aggregate") ? SL_ROUTINE_AGGREGATE : SL_ROUTINE_FUNCTION;
}

void sl_replay_create_routine(struct sl_replay *replay, const struct sl_fact_routine_def *def)
{
	struct sl_routine *routine;
	const struct sl_entity *old;
	struct about about = { SL_ENTITY_ROUTINE, def->schema, def->name, def->args };

	if (!*def->name)
		return;
	routine = sl_entity_new(sl_keeping(replay), SL_ENTITY_ROUTINE);
	routine->id.schema = sl_new_schema(replay, def->schema, false);
	routine->id.name = sl_keep(replay, def->name);
	routine->id.detail = sl_keep(replay, def->args);
	routine->kind = routine_kind(def->kind);
	routine->definition = statement_text(replay);
	routine->comment = "";
	sl_check_schema(replay, routine->id.schema, routine->id.name);
	old = sl_catalog_find(&replay->work, SL_ENTITY_ROUTINE, routine->id.schema,
		routine->id.name, routine->id.detail);
	if (old && !def->or_replace) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
			"there is a function %s(%s) already",
			sl_spoken(replay, def->schema, def->name), def->args);
		return;
	}
	sl_catalog_put(&replay->work, &routine->id);
	sl_effect_add(replay, old ? SL_EFFECT_REPLACED : SL_EFFECT_CREATED, &routine->id, "");
}

static const struct sl_entity *trigger_stands(const struct sl_replay *replay,
	const struct sl_trigger *trigger)
{
	if (sl_is_postgres(replay))
		return sl_catalog_find(&replay->work, SL_ENTITY_TRIGGER, trigger->id.schema,
			trigger->id.name, trigger->id.detail);
	return sl_find_named(replay, SL_ENTITY_TRIGGER, trigger->id.schema, trigger->id.name);
}

void sl_replay_create_trigger(struct sl_replay *replay, const struct sl_fact_trigger_def *def)
{
	const char *schema = *def->table_schema ? def->table_schema : def->schema;
	const struct sl_entity *table, *old;
	struct sl_trigger *trigger;
	struct about about = { SL_ENTITY_TRIGGER, def->schema, def->name, def->table_name };

	if (sl_out_of_sight(replay, schema, def->table_name))
		return;
	table = sl_relation_needed(replay, schema, def->table_name, false);
	if (!table)
		return;
	trigger = sl_entity_new(sl_keeping(replay), SL_ENTITY_TRIGGER);
	trigger->id.schema = def->temporary ? sl_temp_schema(replay->work.dialect) : table->schema;
	trigger->id.name = sl_keep(replay, def->name);
	trigger->id.detail = table->name;
	trigger->definition = statement_text(replay);
	trigger->enabled = "";
	trigger->comment = "";
	for (size_t i = 0; i < def->columns.len; i++)
		(void)sl_known_column(replay, table, def->columns.at[i]);
	if (table->kind != SL_ENTITY_TABLE || !sl_as_table(table)->partial)
		sqlite_looks_later(replay);
	old = trigger_stands(replay, trigger);
	if (old && !def->or_replace) {
		if (!def->if_not_exists)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
				"there is a trigger %s already", def->name);
		return;
	}
	sl_catalog_put(&replay->work, &trigger->id);
	sl_effect_add(replay, old ? SL_EFFECT_REPLACED : SL_EFFECT_CREATED, &trigger->id, "");
}
