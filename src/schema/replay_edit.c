#include "replay_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 63
#define TEXT_MAX       ((size_t)1 << 20)

const char *sl_keep(struct sl_replay *replay, const char *text)
{
	return sl_texts_keep(&replay->pool->texts, text);
}

/* A dot may be part of the name: "en_US.utf8". */
const char *sl_keep_collation(struct sl_replay *replay, const char *written, const char **schema)
{
	const char *dot = sl_is_postgres(replay) ? strchr(written, '.') : NULL;
	const char *before = dot ?
		sl_arena_strndup(replay->scratch, written, (size_t)(dot - written)) :
		"";

	*schema = "";
	if (dot && strcmp(before, "pg_catalog") == 0)
		return sl_keep(replay, dot + 1);
	if (!dot || !sl_catalog_find(&replay->work, SL_ENTITY_SCHEMA, "", before, ""))
		return sl_keep(replay, written);
	*schema = sl_keep(replay, before);
	return sl_keep(replay, dot + 1);
}

struct sl_names sl_keep_names(struct sl_replay *replay, const struct sl_names *names)
{
	const char **at = sl_arena_calloc(sl_keeping(replay), names->len, sizeof(*at));
	struct sl_names kept = { at, names->len };

	for (size_t i = 0; i < names->len; i++)
		at[i] = sl_keep(replay, names->at[i]);
	return kept;
}

const char *sl_keep_sql(struct sl_replay *replay, const char *sql)
{
	const char *normal;

	if (!*sql)
		return NULL;
	normal = sl_sql_normal(replay->scratch, replay->work.dialect, sql, strlen(sql));
	return sl_keep(replay, normal);
}

struct sl_effect *sl_effect_add(struct sl_replay *replay, enum sl_effect_kind kind,
	const struct sl_entity *entity, const char *part)
{
	struct sl_effect *effect = sl_vec_add_in(replay->scratch, &replay->effects);

	effect->kind = kind;
	effect->entity = entity;
	effect->part = sl_arena_strdup(replay->scratch, part);
	effect->action = replay->action;
	effect->concurrently = replay->statement->concurrently;
	if (entity && entity->kind == SL_ENTITY_TABLE)
		effect->fresh = sl_as_table(entity)->fresh;
	return effect;
}

static struct sl_problem *add_problem(struct sl_replay *replay, enum sl_problem_kind kind,
	const struct about *about, const char *message)
{
	struct sl_problem *problem = sl_vec_add_in(replay->scratch, &replay->problems);

	problem->kind = kind;
	problem->entity_kind = about->kind;
	problem->schema = sl_arena_strdup(replay->scratch, about->schema ? about->schema : "");
	problem->name = sl_arena_strdup(replay->scratch, about->name);
	problem->part = sl_arena_strdup(replay->scratch, about->part ? about->part : "");
	problem->dependent_part = "";
	problem->message = message;
	problem->refuses = true;
	return problem;
}

static const char *format(struct sl_replay *replay, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static const char *format(struct sl_replay *replay, const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0 || (size_t)len > TEXT_MAX)
		return "";
	text = sl_arena_alloc(replay->scratch, (size_t)len + 1);
	(void)vsnprintf(text, (size_t)len + 1, fmt, args);
	return text;
}

struct sl_problem *sl_problem_add(struct sl_replay *replay, enum sl_problem_kind kind,
	const struct about *about, const char *fmt, ...)
{
	const char *message;
	va_list args;

	va_start(args, fmt);
	message = format(replay, fmt, args);
	va_end(args);
	return add_problem(replay, kind, about, message);
}

void sl_problem_unless_uncertain(struct sl_replay *replay, enum sl_problem_kind kind,
	const struct about *about, const char *fmt, ...)
{
	const char *message;
	va_list args;

	if (replay->work.uncertain)
		return;
	va_start(args, fmt);
	message = format(replay, fmt, args);
	va_end(args);
	add_problem(replay, kind, about, message);
}

static bool schema_stands(const struct sl_replay *replay, const char *schema)
{
	return !sl_is_postgres(replay) || strcmp(schema, "public") == 0 ||
		strcmp(schema, sl_temp_schema(replay->work.dialect)) == 0 ||
		sl_catalog_find(&replay->work, SL_ENTITY_SCHEMA, "", schema, "");
}

const char *sl_new_schema(struct sl_replay *replay, const char *schema, bool temporary)
{
	const struct sl_names *path = &replay->work.search_path;

	if (temporary)
		return sl_temp_schema(replay->work.dialect);
	if (sl_schema_is_main(replay->work.dialect, schema))
		return "";
	if (*schema)
		return sl_keep(replay, schema);
	for (size_t i = 0; i < path->len; i++) {
		if (schema_stands(replay, path->at[i]))
			return path->at[i];
	}
	return path->len > 0 ? path->at[0] : "";
}

void sl_check_schema(struct sl_replay *replay, const char *schema, const char *name)
{
	struct about about = { SL_ENTITY_TABLE, schema, name, NULL };

	if (*schema && !schema_stands(replay, schema) && !sl_out_of_sight(replay, schema, name))
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_SCHEMA, &about,
			"there is no schema %s", schema);
}

bool sl_out_of_sight(const struct sl_replay *replay, const char *schema, const char *name)
{
	if (sl_is_postgres(replay) && !*schema && strncmp(name, "pg_", 3) == 0)
		return true;
	if (sl_is_sqlite(replay) && strncmp(name, "pragma_", 7) == 0)
		return true;
	return sl_schema_ignored(replay->work.dialect, schema, name);
}

const char *sl_spoken(struct sl_replay *replay, const char *schema, const char *name)
{
	if (!schema || !*schema)
		return name;
	return sl_arena_join(replay->scratch, schema, ".", name, NULL);
}

static const struct sl_entity *stand_in(struct sl_replay *replay, const char *schema,
	const char *name)
{
	struct sl_table *table = sl_entity_new(sl_keeping(replay), SL_ENTITY_TABLE);

	table->id.schema = sl_new_schema(replay, schema, false);
	table->id.name = sl_keep(replay, name);
	table->extra = "";
	table->comment = "";
	table->rows = -1;
	table->bytes = -1;
	table->partial = true;
	sl_catalog_put(&replay->work, &table->id);
	return &table->id;
}

const struct sl_entity *sl_relation_needed(struct sl_replay *replay, const char *schema,
	const char *name, bool if_exists)
{
	const struct sl_entity *found = sl_catalog_relation(&replay->work, schema, name);
	struct about about = { SL_ENTITY_TABLE, schema, name, NULL };

	if (found || if_exists || sl_out_of_sight(replay, schema, name))
		return found;
	sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_OBJECT, &about,
		"there is no table %s", sl_spoken(replay, schema, name));
	return stand_in(replay, schema, name);
}

struct sl_table *sl_table_edit(struct sl_replay *replay, const struct sl_entity *table)
{
	assert(table->kind == SL_ENTITY_TABLE);
	return sl_entity_edit(sl_keeping(replay), table);
}

void *sl_list_copy(struct sl_arena *arena, const void *at, size_t len, size_t size)
{
	void *copy = sl_arena_calloc(arena, len, size);

	if (len > 0)
		memcpy(copy, at, len * size);
	return copy;
}

void *sl_list_insert(struct sl_arena *arena, const void *at, size_t len, size_t size, size_t i,
	const void *item)
{
	char *copy = sl_arena_calloc(arena, len + 1, size);

	if (i > 0)
		memcpy(copy, at, i * size);
	memcpy(copy + i * size, item, size);
	if (i < len)
		memcpy(copy + (i + 1) * size, (const char *)at + i * size, (len - i) * size);
	return copy;
}

void *sl_list_remove(struct sl_arena *arena, const void *at, size_t len, size_t size, size_t i)
{
	char *copy = sl_arena_calloc(arena, len - 1, size);

	if (i > 0)
		memcpy(copy, at, i * size);
	if (i + 1 < len)
		memcpy(copy + i * size, (const char *)at + (i + 1) * size, (len - i - 1) * size);
	return copy;
}

#define DEFINE_EDITS(what, list, type)                                                   \
	static void insert_##what(struct sl_arena *arena, struct list *in, size_t i,     \
		const struct type *item)                                                 \
	{                                                                                \
		in->at = sl_list_insert(arena, in->at, in->len, sizeof(*item), i, item); \
		in->len++;                                                               \
	}                                                                                \
	static void remove_##what(struct sl_arena *arena, struct list *in, size_t i)     \
	{                                                                                \
		in->at = sl_list_remove(arena, in->at, in->len, sizeof(*in->at), i);     \
		in->len--;                                                               \
	}                                                                                \
	_Static_assert(1, "force a semicolon")

DEFINE_EDITS(column, sl_columns, sl_column);
DEFINE_EDITS(constraint, sl_constraints, sl_constraint);
DEFINE_EDITS(index, sl_indexes, sl_index);

void sl_table_add_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_column *column)
{
	insert_column(sl_keeping(replay), &table->columns, table->columns.len, column);
}

void sl_table_remove_column(struct sl_replay *replay, struct sl_table *table, size_t i)
{
	remove_column(sl_keeping(replay), &table->columns, i);
}

void sl_table_set_column(struct sl_replay *replay, struct sl_table *table, size_t i,
	const struct sl_column *column)
{
	struct sl_column *columns = sl_list_copy(sl_keeping(replay), table->columns.at,
		table->columns.len, sizeof(*columns));

	columns[i] = *column;
	table->columns.at = columns;
}

/* Constraints and indexes have no order of their own: they are kept sorted. */
void sl_table_add_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_constraint *constraint)
{
	size_t i = 0;

	while (i < table->constraints.len &&
		sl_constraint_compare(&table->constraints.at[i], constraint) <= 0)
		i++;
	insert_constraint(sl_keeping(replay), &table->constraints, i, constraint);
}

void sl_table_remove_constraint(struct sl_replay *replay, struct sl_table *table, size_t i)
{
	remove_constraint(sl_keeping(replay), &table->constraints, i);
}

void sl_table_set_constraint(struct sl_replay *replay, struct sl_table *table, size_t i,
	const struct sl_constraint *constraint)
{
	sl_table_remove_constraint(replay, table, i);
	sl_table_add_constraint(replay, table, constraint);
}

void sl_table_add_index(struct sl_replay *replay, struct sl_indexes *indexes,
	const struct sl_index *index)
{
	size_t i = 0;

	while (i < indexes->len && sl_index_compare(&indexes->at[i], index) <= 0)
		i++;
	insert_index(sl_keeping(replay), indexes, i, index);
}

void sl_table_remove_index(struct sl_replay *replay, struct sl_indexes *indexes, size_t i)
{
	remove_index(sl_keeping(replay), indexes, i);
}

size_t sl_column_at(const struct sl_replay *replay, const struct sl_table *table, const char *name)
{
	size_t i = 0;

	while (i < table->columns.len &&
		!sl_same_part(&replay->work, table->columns.at[i].name, name))
		i++;
	return i;
}

size_t sl_constraint_at(const struct sl_replay *replay, const struct sl_table *table,
	const char *name)
{
	size_t i = 0;

	while (i < table->constraints.len &&
		!sl_same_part(&replay->work, table->constraints.at[i].name, name))
		i++;
	return i;
}

size_t sl_index_at(const struct sl_replay *replay, const struct sl_indexes *indexes,
	const char *name)
{
	size_t i = 0;

	while (i < indexes->len && !sl_same_part(&replay->work, indexes->at[i].name, name))
		i++;
	return i;
}

bool sl_same_names(const struct sl_replay *replay, const struct sl_names *a,
	const struct sl_names *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++) {
		if (!sl_same_part(&replay->work, a->at[i], b->at[i]))
			return false;
	}
	return a->len == b->len;
}

bool sl_names_have(const struct sl_replay *replay, const struct sl_names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++) {
		if (sl_same_part(&replay->work, names->at[i], name))
			return true;
	}
	return false;
}

static bool name_taken(const struct sl_replay *replay, const struct sl_table *table,
	const char *name)
{
	const char *schema = table->id.schema;

	return sl_constraint_at(replay, table, name) < table->constraints.len ||
		sl_index_at(replay, &table->indexes, name) < table->indexes.len ||
		sl_catalog_index_owner(&replay->work, schema, name, NULL) ||
		(*schema && sl_catalog_relation(&replay->work, schema, name));
}

/* PostgreSQL's makeObjectName(): the longer of the two names loses bytes first. */
static const char *composed(struct sl_replay *replay, const char *table, const char *column,
	const char *label)
{
	size_t a = strlen(table), b = strlen(column);
	size_t overhead = strlen(label) + 1 + (b > 0 ? 1 : 0);

	while (a + b + overhead > NAME_MAX_BYTES && a + b > 0) {
		if (a > b)
			a--;
		else
			b--;
	}
	if (table[a] == '\0' && column[b] == '\0')
		return sl_arena_join(sl_keeping(replay), table, b > 0 ? "_" : "", column, "_",
			label, NULL);
	a = sl_utf8_cut(table, strlen(table), a);
	b = sl_utf8_cut(column, strlen(column), b);
	return sl_arena_printf(sl_keeping(replay), "%.*s%s%.*s_%s", (int)a, table, b > 0 ? "_" : "",
		(int)b, column, label);
}

const char *sl_chosen_name(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_names *columns, const char *label)
{
	sl_auto_buf struct sl_buf joined = SL_BUF_INIT(TEXT_MAX);
	const char *name;
	size_t n = 0;

	for (size_t i = 0; i < columns->len && joined.len < 64; i++) {
		if (i > 0)
			sl_buf_addc(&joined, '_');
		sl_buf_adds(&joined, columns->at[i]);
	}
	name = composed(replay, table->id.name, sl_buf_str(&joined), label);
	while (name_taken(replay, table, name)) {
		n++;
		name = composed(replay, table->id.name, sl_buf_str(&joined),
			sl_arena_printf(replay->scratch, "%s%zu", label, n));
	}
	return name;
}
