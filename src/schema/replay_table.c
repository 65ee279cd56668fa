/* CREATE TABLE in all its forms, and SELECT INTO. */
#include "render.h"
#include "replay_int.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"

static enum sl_identity identity_of(const struct sl_fact_column_def *def)
{
	if (sl_str_eq(def->identity, "always"))
		return SL_IDENTITY_ALWAYS;
	if (sl_str_eq(def->identity, "by default"))
		return SL_IDENTITY_BY_DEFAULT;
	return def->autoincrement ? SL_IDENTITY_AUTO : SL_IDENTITY_NONE;
}

static const char *extra_of(struct sl_replay *replay, const struct sl_fact_column_def *def)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4096);

	if (*def->storage)
		sl_buf_addf(&out, "storage %s", def->storage);
	if (*def->compression)
		sl_buf_addf(&out, "%scompression %s", out.len > 0 ? " " : "", def->compression);
	return sl_keep(replay, sl_buf_str(&out));
}

static const char *normal_type(struct sl_replay *replay, const char *written)
{
	struct normal_type *type;

	for (size_t i = 0; i < TYPES_LATELY; i++) {
		type = &replay->types[i];
		if (type->written && strcmp(type->written, written) == 0)
			return type->normal;
	}
	type = &replay->types[replay->next_type++ % TYPES_LATELY];
	type->written = sl_keep(replay, written);
	type->normal = sl_keep(replay,
		sl_type_normal(replay->scratch, replay->work.dialect, written));
	return type->normal;
}

/* A type that the catalogue has is printed with its schema, as it stands outside any search path.
 */
static const char *type_of(struct sl_replay *replay, const struct sl_fact_column_def *def)
{
	const struct sl_entity *type;
	const char *rest;

	if (!sl_is_postgres(replay))
		return normal_type(replay, def->type);
	type = sl_catalog_look_up(&replay->work, SL_ENTITY_TYPE, def->type_schema, def->type_name,
		"");
	rest = *def->type_name ? strstr(def->type, def->type_name) : NULL;
	if (!type || !rest)
		return sl_keep(replay, def->type);
	return sl_arena_printf(sl_keeping(replay), "%s.%s%s", type->schema, type->name,
		rest + strlen(def->type_name));
}

const char *sl_default_sql(struct sl_replay *replay, const char *text, const char *type)
{
	const char *sql = sl_keep_sql(replay, text);
	const char *end = sql ? strchr(sql + 1, '\'') : NULL;
	size_t len = strcspn(type, "(");

	if (!sl_is_postgres(replay) || !sql || *sql != '\'' || !end || end[1] != '\0')
		return sql;
	if (type[len] == '\0')
		return sl_arena_join(sl_keeping(replay), sql, "::", type, NULL);
	return sl_arena_printf(sl_keeping(replay), "%s::%.*s%s", sql, (int)len, type,
		strchr(type, ')') ? strchr(type, ')') + 1 : "");
}

struct sl_column sl_column_from(struct sl_replay *replay, const struct sl_fact_column_def *def,
	const struct sl_table *table)
{
	const char *type = type_of(replay, def);
	struct sl_column column = { .name = sl_keep(replay, def->name),
		.type = type,
		.default_sql = def->has_default ? sl_default_sql(replay, def->default_text, type) :
						  NULL,
		.generated_sql = sl_keep_sql(replay, def->generated_text),
		.extra = extra_of(replay, def),
		.comment = "",
		.identity = identity_of(def),
		.not_null = def->not_null };

	column.collation = sl_keep_collation(replay, def->collation, &column.collation_schema);
	if (sl_str_eq(def->generated, "stored"))
		column.generated = SL_GENERATED_STORED;
	else if (sl_str_eq(def->generated, "virtual"))
		column.generated = SL_GENERATED_VIRTUAL;
	if (def->serial)
		sl_serial_sequence(replay, table, &column);
	return column;
}

int64_t sl_sequence_min(const char *type)
{
	return -sl_sequence_max(type) - 1;
}

int64_t sl_sequence_max(const char *type)
{
	if (sl_str_eq(type, "smallint"))
		return INT16_MAX;
	return sl_str_eq(type, "integer") ? INT32_MAX : INT64_MAX;
}

const char *sl_next_value(struct sl_replay *replay, const struct sl_entity *sequence)
{
	sl_auto_buf struct sl_buf name = SL_BUF_INIT(4096), text = SL_BUF_INIT(4096);

	sl_render_qualified(&name, replay->work.dialect, sequence->schema, sequence->name);
	sl_buf_adds(&text, "nextval(");
	sl_escape_sql(&text, sl_buf_str(&name));
	sl_buf_adds(&text, "::regclass)");
	return sl_keep(replay, sl_buf_str(&text));
}

void sl_serial_sequence(struct sl_replay *replay, const struct sl_table *table,
	struct sl_column *column)
{
	const struct sl_names names = { &column->name, 1 };
	struct sl_sequence *sequence = sl_entity_new(sl_keeping(replay), SL_ENTITY_SEQUENCE);
	struct sl_effect *effect;

	sequence->id.schema = table->id.schema;
	sequence->id.name = sl_chosen_name(replay, table, &names, "seq");
	sequence->type = column->type;
	sequence->start = sequence->increment = sequence->min = sequence->cache = 1;
	sequence->max = sl_sequence_max(column->type);
	sequence->owned_by = sl_arena_printf(sl_keeping(replay), "%s.%s.%s", table->id.schema,
		table->id.name, column->name);
	sequence->comment = "";
	sl_catalog_put(&replay->work, &sequence->id);
	effect = sl_effect_add(replay, SL_EFFECT_CREATED, &sequence->id, "");
	effect->implied = true;
	column->default_sql = sl_next_value(replay, &sequence->id);
	column->not_null = true;
}

/* "crm.orders" or "orders", as a statement writes a parent. */
static const struct sl_entity *named_relation(struct sl_replay *replay, const char *written)
{
	const char *dot = strrchr(written, '.');
	const char *schema = dot ?
		sl_arena_strndup(replay->scratch, written, (size_t)(dot - written)) :
		"";

	return sl_relation_needed(replay, schema, dot ? dot + 1 : written, false);
}

static void take_columns(struct sl_replay *replay, struct sl_table *table,
	const struct sl_table *from)
{
	for (size_t i = 0; i < from->columns.len; i++) {
		if (sl_column_at(replay, table, from->columns.at[i].name) == table->columns.len)
			sl_table_add_column(replay, table, &from->columns.at[i]);
	}
	table->partial |= from->partial;
}

static void take_constraints(struct sl_replay *replay, struct sl_table *table,
	const struct sl_table *from, bool keys)
{
	static const char *const labels[] = { "pkey", "key", "fkey", "check", "excl" };

	for (size_t i = 0; i < from->constraints.len; i++) {
		struct sl_constraint constraint = from->constraints.at[i];
		bool key = constraint.kind == SL_CONSTRAINT_PRIMARY ||
			constraint.kind == SL_CONSTRAINT_UNIQUE;
		struct sl_names columns = constraint.columns;

		if (constraint.kind == SL_CONSTRAINT_PRIMARY)
			columns.len = 0;
		if (key != keys || constraint.kind == SL_CONSTRAINT_FOREIGN)
			continue;
		if (key)
			constraint.name = sl_chosen_name(replay, table, &columns,
				labels[constraint.kind]);
		sl_table_add_constraint(replay, table, &constraint);
	}
}

static const char *part_label(struct sl_replay *replay, const struct sl_index_part *part)
{
	return part->column ? part->column : sl_expression_label(replay, part->expression);
}

static void take_indexes(struct sl_replay *replay, struct sl_table *table,
	const struct sl_table *from)
{
	for (size_t i = 0; i < from->indexes.len; i++) {
		struct sl_index index = from->indexes.at[i];
		const char **columns = sl_arena_calloc(replay->scratch, index.parts.len + 1,
			sizeof(*columns));
		struct sl_names names = { columns, index.parts.len };

		for (size_t k = 0; k < index.parts.len; k++)
			columns[k] = part_label(replay, &index.parts.at[k]);
		index.name = sl_chosen_name(replay, table, &names, "idx");
		sl_table_add_index(replay, &table->indexes, &index);
	}
}

static bool like_option(const char *options, const char *option)
{
	return strstr(options, "all") || strstr(options, option);
}

static void take_like(struct sl_replay *replay, struct sl_table *table, const struct sl_table *from,
	const char *options)
{
	size_t first = table->columns.len;

	take_columns(replay, table, from);
	for (size_t i = first; i < table->columns.len; i++) {
		struct sl_column column = table->columns.at[i];

		if (!like_option(options, "defaults"))
			column.default_sql = NULL;
		if (!like_option(options, "identity"))
			column.identity = SL_IDENTITY_NONE;
		if (!like_option(options, "comments"))
			column.comment = "";
		if (!like_option(options, "generated")) {
			column.generated_sql = NULL;
			column.generated = SL_GENERATED_NONE;
		}
		sl_table_set_column(replay, table, i, &column);
	}
	if (like_option(options, "constraints"))
		take_constraints(replay, table, from, false);
	if (like_option(options, "indexes")) {
		take_constraints(replay, table, from, true);
		take_indexes(replay, table, from);
	}
}

static const char *qualified(struct sl_replay *replay, const struct sl_entity *entity)
{
	return sl_arena_printf(sl_keeping(replay), "%s.%s", entity->schema, entity->name);
}

static void take_parents(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_table_def *def)
{
	const char **parents = sl_arena_calloc(sl_keeping(replay), def->inherits.len + 1,
		sizeof(*parents));

	for (size_t i = 0; i < def->inherits.len; i++) {
		const struct sl_entity *parent = named_relation(replay, def->inherits.at[i]);

		if (!parent || parent->kind != SL_ENTITY_TABLE) {
			table->partial = true;
			continue;
		}
		parents[table->inherits.len++] = qualified(replay, parent);
		take_columns(replay, table, sl_as_table(parent));
		take_constraints(replay, table, sl_as_table(parent), false);
	}
	table->inherits.at = parents;
}

static void take_partitioned(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_table_def *def)
{
	const struct sl_entity *parent = sl_relation_needed(replay, def->partition_of_schema,
		def->partition_of, false);

	table->partition_bound = sl_keep_sql(replay, def->bound);
	if (!parent || parent->kind != SL_ENTITY_TABLE) {
		table->partial = true;
		return;
	}
	table->partition_of = qualified(replay, parent);
	take_columns(replay, table, sl_as_table(parent));
	take_constraints(replay, table, sl_as_table(parent), false);
	take_constraints(replay, table, sl_as_table(parent), true);
	take_indexes(replay, table, sl_as_table(parent));
}

static void take_other_tables(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_table_def *def)
{
	if (def->inherits.len > 0)
		take_parents(replay, table, def);
	if (*def->partition_of)
		take_partitioned(replay, table, def);
	for (size_t i = 0; i < def->like_tables.len; i++) {
		const struct sl_entity *from = named_relation(replay, def->like_tables.at[i]);

		if (from && from->kind == SL_ENTITY_TABLE)
			take_like(replay, table, sl_as_table(from),
				i < def->like_options.len ? def->like_options.at[i] : "");
		else
			table->partial = true;
	}
	if (*def->of_type)
		table->partial = true;
}

/* The list is made once, with room for all: nobody else has it yet. */
static struct sl_column *columns_with_room(struct sl_replay *replay, struct sl_table *table,
	size_t more)
{
	const struct sl_columns *old = &table->columns;
	struct sl_column *columns = sl_arena_calloc(sl_keeping(replay), old->len + more,
		sizeof(*columns));

	if (old->len > 0)
		memcpy(columns, old->at, old->len * sizeof(*columns));
	table->columns.at = columns;
	return columns;
}

static void add_own_columns(struct sl_replay *replay, struct sl_table *table)
{
	struct sl_column *columns = columns_with_room(replay, table, replay->facts->column_def.len);

	for (size_t i = 0; i < replay->facts->column_def.len; i++) {
		const struct sl_fact_column_def *def = &replay->facts->column_def.at[i];
		struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name,
			def->name };
		struct sl_column column = sl_column_from(replay, def, table);
		size_t place = sl_column_at(replay, table, def->name);

		if (place == table->columns.len) {
			columns[table->columns.len++] = column;
		} else if (table->inherits.len > 0 || table->partition_of) {
			if (!*def->type)
				column.type = columns[place].type;
			columns[place] = column;
		} else {
			sl_problem_add(replay, SL_PROBLEM_DUPLICATE_COLUMN, &about,
				"column %s is given twice", def->name);
		}
	}
}

/* The columns of a query are known only where the statement names them. */
static void add_query_columns(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_table_def *def)
{
	for (size_t i = 0; i < def->query_columns.len; i++) {
		struct sl_column column = { .name = sl_keep(replay, def->query_columns.at[i]),
			.type = "",
			.collation = "",
			.collation_schema = "",
			.extra = "",
			.comment = "" };

		sl_table_add_column(replay, table, &column);
	}
	table->partial = true;
}

static const char *table_extra(struct sl_replay *replay, const struct sl_fact_table_def *def)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)1 << 20);
	const char *options = sl_keep_sql(replay, def->options);

	if (def->is_virtual) {
		sl_buf_adds(&out, def->module);
		if (*def->arguments)
			sl_buf_addf(&out, "(%s)", def->arguments);
		return sl_keep(replay, sl_buf_str(&out));
	}
	if (*def->module)
		sl_buf_addf(&out, "server %s", def->module);
	if (*def->access_method && !sl_str_eq(def->access_method, "heap"))
		sl_buf_addf(&out, "%susing %s", out.len > 0 ? " " : "", def->access_method);
	if (options)
		sl_buf_addf(&out, sl_is_postgres(replay) ? "%swith (%s)" : "%s%s",
			out.len > 0 ? " " : "", options);
	return sl_keep(replay, sl_buf_str(&out));
}

static enum sl_table_kind table_kind(const struct sl_fact_table_def *def)
{
	if (def->is_virtual)
		return SL_TABLE_VIRTUAL;
	if (def->is_foreign)
		return SL_TABLE_FOREIGN;
	return *def->partition_by ? SL_TABLE_PARTITIONED : SL_TABLE_PLAIN;
}

static bool is_temporary(const struct sl_replay *replay, const struct sl_fact_table_def *def)
{
	return def->temporary ||
		sl_name_compare(true, def->schema, sl_temp_schema(replay->work.dialect)) == 0;
}

static struct sl_table *new_table(struct sl_replay *replay, const struct sl_fact_table_def *def)
{
	struct sl_table *table = sl_entity_new(sl_keeping(replay), SL_ENTITY_TABLE);

	table->temporary = is_temporary(replay, def);
	table->id.schema = sl_new_schema(replay, def->schema, table->temporary);
	table->id.name = sl_keep(replay, def->name);
	table->kind = table_kind(def);
	table->partition_by = sl_keep_sql(replay, def->partition_by);
	table->extra = table_extra(replay, def);
	table->comment = "";
	table->strict = def->strict;
	table->without_rowid = def->without_rowid;
	table->unlogged = def->unlogged;
	table->rows = *def->query ? -1 : 0;
	table->bytes = -1;
	table->fresh = true;
	return table;
}

bool sl_relation_stands(struct sl_replay *replay, enum sl_entity_kind kind, const char *schema,
	const char *name, bool forgiven)
{
	struct about about = { kind, schema, name, NULL };
	const struct sl_entity *there = sl_catalog_relation_in(&replay->work, schema, name);

	if (!there)
		return false;
	if (!forgiven)
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
			"there is a %s %s already", sl_entity_kind_name(there->kind),
			sl_spoken(replay, schema, name));
	return true;
}

void sl_replay_create_table(struct sl_replay *replay, const struct sl_fact_table_def *def)
{
	struct sl_table *table;

	if (sl_out_of_sight(replay, def->schema, def->name))
		return;
	table = new_table(replay, def);
	sl_check_schema(replay, table->id.schema, table->id.name);
	if (sl_relation_stands(replay, SL_ENTITY_TABLE, table->id.schema, table->id.name,
		    def->if_not_exists))
		return;
	take_other_tables(replay, table, def);
	add_own_columns(replay, table);
	if (*def->query)
		add_query_columns(replay, table, def);
	for (size_t i = 0; i < replay->facts->constraint_def.len; i++)
		sl_constraint_apply(replay, table, &replay->facts->constraint_def.at[i], false);
	sl_catalog_put(&replay->work, &table->id);
	sl_effect_add(replay, SL_EFFECT_CREATED, &table->id, "");
}
