#include "older.h"

#include "catalog_int.h"

#include "sluice/core/str.h"

#include <assert.h>

static const struct sl_names none;

/* Kinds that format 1 counted as missing. */
static bool kind_is_new(const struct sl_plain *plain)
{
	static const char *const kinds[] = { "cast", "collation", "foreign data wrapper", "server",
		"text search configuration", "text search dictionary" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (sl_str_eq(plain->id.detail, kinds[i]))
			return true;
	}
	return false;
}

/* "app.german": both names in one. */
static const char *joined(struct sl_arena *arena, const char *schema, const char *name)
{
	return *schema ? sl_arena_printf(arena, "%s.%s", schema, name) : name;
}

/* Names without their quotes. */
static const char *unquoted(struct sl_arena *arena, const char *text)
{
	char *out = sl_arena_strdup(arena, text), *to = out;

	for (const char *c = text; *c; c++) {
		if (*c != '"' || (c[1] == '"' && *++c == '"'))
			*to++ = *c;
	}
	*to = '\0';
	return out;
}

/* Casts to "bit" and "char", which had lost their quotes; NULL stays NULL. */
static const char *casts_older(struct sl_arena *arena, const char *text)
{
	static const char *const types[] = { "\"bit\"", "\"char\"" };
	char *out = NULL;

	for (size_t i = 0; text && i < sizeof(types) / sizeof(types[0]); i++) {
		const size_t len = strlen(types[i]);
		const char *at = out ? out : text;

		while ((at = strstr(at, types[i]))) {
			const size_t from = (size_t)(at - (out ? out : text));
			const bool is_cast = from >= 2 && memcmp(at - 2, "::", 2) == 0;

			if (is_cast && !out)
				out = sl_arena_strdup(arena, text);
			if (is_cast) {
				memmove(out + from, out + from + 1, len - 2);
				memmove(out + from + len - 2, out + from + len,
					strlen(out + from + len) + 1);
			}
			at = (out ? out : text) + from + 1;
		}
	}
	return out ? out : text;
}

static struct sl_columns columns_older(struct sl_arena *arena, const struct sl_columns *columns,
	bool attributes)
{
	struct sl_column *at = sl_arena_calloc(arena, columns->len + 1, sizeof(*at));

	for (size_t i = 0; i < columns->len; i++) {
		at[i] = columns->at[i];
		if (!attributes)
			at[i].collation = joined(arena, at[i].collation_schema, at[i].collation);
		at[i].collation_schema = "";
		at[i].default_sql = casts_older(arena, at[i].default_sql);
		at[i].generated_sql = casts_older(arena, at[i].generated_sql);
	}
	return (struct sl_columns){ at, columns->len };
}

static struct sl_constraints constraints_older(struct sl_arena *arena,
	const struct sl_constraints *constraints)
{
	struct sl_constraint *at = sl_arena_calloc(arena, constraints->len + 1, sizeof(*at));

	for (size_t i = 0; i < constraints->len; i++) {
		at[i] = constraints->at[i];
		at[i].set_columns = none;
		at[i].expression = casts_older(arena, at[i].expression);
		if (strchr(at[i].extra, '"'))
			at[i].extra = unquoted(arena, at[i].extra);
	}
	return (struct sl_constraints){ at, constraints->len };
}

static struct sl_index_parts parts_older(struct sl_arena *arena, const struct sl_index_parts *parts)
{
	struct sl_index_part *at = sl_arena_calloc(arena, parts->len + 1, sizeof(*at));

	for (size_t i = 0; i < parts->len; i++) {
		at[i] = parts->at[i];
		at[i].collation_schema = "";
		at[i].operators = "";
		at[i].expression = casts_older(arena, at[i].expression);
	}
	return (struct sl_index_parts){ at, parts->len };
}

static struct sl_indexes indexes_older(struct sl_arena *arena, const struct sl_indexes *indexes)
{
	struct sl_index *at = sl_arena_calloc(arena, indexes->len + 1, sizeof(*at));

	for (size_t i = 0; i < indexes->len; i++) {
		at[i] = indexes->at[i];
		at[i].parts = parts_older(arena, &indexes->at[i].parts);
		at[i].predicate = casts_older(arena, at[i].predicate);
	}
	return (struct sl_indexes){ at, indexes->len };
}

static void table_older(struct sl_arena *arena, struct sl_table *table)
{
	table->also = none;
	table->columns = columns_older(arena, &table->columns, false);
	table->constraints = constraints_older(arena, &table->constraints);
	table->indexes = indexes_older(arena, &table->indexes);
	if (table->kind == SL_TABLE_FOREIGN) /* its server and options */
		table->extra = "";
}

static void view_older(struct sl_arena *arena, struct sl_view *view)
{
	view->also = none;
	view->definition = casts_older(arena, view->definition);
	view->indexes = indexes_older(arena, &view->indexes);
}

static void type_older(struct sl_arena *arena, struct sl_type *type)
{
	type->also = none;
	type->extra = "";
	type->default_sql = casts_older(arena, type->default_sql);
	type->checks = constraints_older(arena, &type->checks);
	type->attributes = columns_older(arena, &type->attributes, true);
}

static void trigger_older(struct sl_arena *arena, struct sl_trigger *trigger)
{
	trigger->definition = casts_older(arena, trigger->definition);
}

static void plain_older(struct sl_arena *arena, struct sl_plain *plain)
{
	plain->also = none;
	plain->definition = casts_older(arena, plain->definition);
}

static bool kind_is_touched(enum sl_entity_kind kind)
{
	return kind == SL_ENTITY_TABLE || kind == SL_ENTITY_VIEW || kind == SL_ENTITY_TYPE ||
		kind == SL_ENTITY_TRIGGER || kind == SL_ENTITY_PLAIN;
}

static void format_1(struct sl_arena *arena, void *entity, enum sl_entity_kind kind)
{
	if (kind == SL_ENTITY_TABLE)
		table_older(arena, entity);
	else if (kind == SL_ENTITY_VIEW)
		view_older(arena, entity);
	else if (kind == SL_ENTITY_TYPE)
		type_older(arena, entity);
	else if (kind == SL_ENTITY_TRIGGER)
		trigger_older(arena, entity);
	else
		plain_older(arena, entity);
}

const struct sl_entity *sl_entity_older(struct sl_arena *arena, const struct sl_entity *entity,
	int format)
{
	struct sl_entity *copy;

	assert(format >= 1);
	if (format == SL_SNAPSHOT_FORMAT || !kind_is_touched(entity->kind))
		return entity;
	if (entity->kind == SL_ENTITY_PLAIN && kind_is_new(sl_as_plain(entity)))
		return NULL;
	copy = sl_entity_edit(arena, entity);
	format_1(arena, copy, entity->kind);
	return copy;
}
