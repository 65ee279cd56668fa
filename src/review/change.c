#include "change.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES (16u << 10)

struct change {
	enum sl_dialect dialect;
	struct sl_map *made; /* table, or table and column */
	struct sl_map *copied;
	struct sl_buf *key; /* of the question at hand */
};

struct change *change_new(enum sl_dialect dialect)
{
	struct change *change = sl_xcalloc(1, sizeof(*change));

	change->dialect = dialect;
	change->made = sl_map_new();
	change->copied = sl_map_new();
	change->key = sl_xcalloc(1, sizeof(*change->key));
	change->key->max = NAME_MAX_BYTES;
	return change;
}

void change_free(struct change *change)
{
	if (!change)
		return;
	sl_map_free(change->made);
	sl_map_free(change->copied);
	sl_buf_done(change->key);
	free(change->key);
	free(change);
}

void change_forget(struct change *change)
{
	sl_map_free(change->made);
	change->made = sl_map_new();
}

enum sl_dialect change_dialect(const struct change *change)
{
	return change->dialect;
}

/* Ended by a byte that is doubled inside, so that no name can look like two; all but PostgreSQL's
 * compare without regard to case. */
static void key_add(struct sl_buf *key, enum sl_dialect dialect, const char *name)
{
	bool fold = dialect != SL_DIALECT_POSTGRES;
	char piece[64];
	size_t n = 0;

	for (; *name; name++) {
		char c = *name;

		if (c == '\n')
			piece[n++] = c;
		piece[n++] = fold && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if (n + 2 > sizeof(piece)) {
			sl_buf_add(key, piece, n);
			n = 0;
		}
	}
	piece[n++] = '\n';
	sl_buf_add(key, piece, n);
	sl_buf_addc(key, '.');
}

static const char *key_of(const struct change *change, const char *schema, const char *table,
	const char *column)
{
	/* SQLite's main database may be written or left out */
	if (change->dialect == SL_DIALECT_SQLITE && strcasecmp(schema, "main") == 0)
		schema = "";
	sl_buf_clear(change->key);
	key_add(change->key, change->dialect, schema);
	key_add(change->key, change->dialect, table);
	if (column)
		key_add(change->key, change->dialect, column);
	return sl_buf_str(change->key);
}

static bool has(const struct change *change, const struct sl_map *map, const char *schema,
	const char *table, const char *column)
{
	return sl_map_len(map) > 0 &&
		sl_map_get(map, key_of(change, schema, table, column)) != NULL;
}

static void put(struct change *change, struct sl_map *map, const char *schema, const char *table,
	const char *column)
{
	(void)sl_map_put(map, key_of(change, schema, table, column), change);
}

static bool take(struct change *change, const char *schema, const char *table, const char *column)
{
	return sl_map_remove(change->made, key_of(change, schema, table, column)) != NULL;
}

bool change_made_table(const struct change *change, const char *schema, const char *table)
{
	return has(change, change->made, schema, table, NULL);
}

bool change_made_column(const struct change *change, const char *schema, const char *table,
	const char *column)
{
	return has(change, change->made, schema, table, column);
}

bool change_copied(const struct change *change, const char *schema, const char *table)
{
	return has(change, change->copied, schema, table, NULL);
}

/* A rename in place changes the name, SET SCHEMA the schema; the entity is as it is after. */
static void renamed(struct change *change, const struct sl_effect *effect)
{
	const struct sl_entity *now = effect->entity;
	const char *schema = now->schema;
	const char *name = now->name;

	if (sl_str_eq(now->name, effect->now))
		name = effect->was;
	else
		schema = effect->was;
	if (take(change, schema, name, NULL))
		put(change, change->made, now->schema, now->name, NULL);
}

static void apply(struct change *change, const struct sl_effect *effect)
{
	const struct sl_entity *entity = effect->entity;

	if (!entity || (entity->kind != SL_ENTITY_TABLE && entity->kind != SL_ENTITY_VIEW))
		return;
	if (effect->kind == SL_EFFECT_CREATED)
		put(change, change->made, entity->schema, entity->name, NULL);
	else if (effect->kind == SL_EFFECT_DROPPED)
		(void)take(change, entity->schema, entity->name, NULL);
	else if (effect->kind == SL_EFFECT_RENAMED && effect->was && effect->now)
		renamed(change, effect);
	else if (effect->kind == SL_EFFECT_COLUMN_ADDED)
		put(change, change->made, entity->schema, entity->name, effect->part);
	else if (effect->kind == SL_EFFECT_COLUMN_DROPPED)
		(void)take(change, entity->schema, entity->name, effect->part);
	else if (effect->kind == SL_EFFECT_COLUMN_RENAMED &&
		take(change, entity->schema, entity->name, effect->part))
		put(change, change->made, entity->schema, entity->name, effect->now);
}

/* INSERT INTO a table of this change SELECT ... FROM another: what is read has been copied. */
static void note_copy(struct change *change, const struct sl_facts *facts,
	const struct sl_catalog *before)
{
	const struct sl_fact_dml *dml = &facts->dml.at[0];
	const struct sl_table *into = NULL;

	if (sl_str_eq(dml->source, "select"))
		into = sl_catalog_table(before, dml->schema, dml->table_name);
	if (!into || !change_made_table(change, into->id.schema, into->id.name))
		return;
	for (size_t i = 0; i < facts->object.len; i++) {
		const struct sl_fact_object *object = &facts->object.at[i];
		const struct sl_table *from;

		if (object->role != SL_SQL_ROLE_READ)
			continue;
		from = sl_catalog_table(before, object->schema, object->name);
		put(change, change->copied, from ? from->id.schema : object->schema,
			from ? from->id.name : object->name, NULL);
	}
}

void change_add(struct change *change, const struct sl_facts *facts,
	const struct sl_replay_step *step)
{
	if (facts->dml.len > 0)
		note_copy(change, facts, step->before);
	for (size_t i = 0; i < step->effects_len; i++)
		apply(change, &step->effects[i]);
}
