#include "catalog_int.h"

#include "shape.h"

#include "sluice/core/alloc.h"

#include <assert.h>

struct pool *sl_catalog_pool_new(const struct sl_catalog *base)
{
	struct pool *pool = sl_xcalloc(1, sizeof(*pool));

	atomic_init(&pool->refs, 1);
	pool->arena = sl_arena_new();
	pool->texts.arena = pool->arena;
	pool->first_edition = base ? base->edition + 1 : 1;
	sl_nodes_init(&pool->nodes, pool->arena, pool->first_edition);
	pool->base = base ? sl_catalog_ref(base) : NULL;
	return pool;
}

void sl_catalog_pool_unref(struct pool *pool)
{
	if (atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) > 1)
		return;
	sl_catalog_unref(pool->base);
	sl_nodes_done(&pool->nodes);
	sl_arena_free(pool->arena);
	free(pool);
}

const struct sl_catalog *sl_catalog_ref(const struct sl_catalog *catalog)
{
	atomic_fetch_add_explicit(&catalog->pool->refs, 1, memory_order_relaxed);
	return catalog;
}

void sl_catalog_unref(const struct sl_catalog *catalog)
{
	if (catalog)
		sl_catalog_pool_unref(catalog->pool);
}

bool sl_fold_entities(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_SQLITE;
}

bool sl_fold_parts(enum sl_dialect dialect)
{
	return dialect != SL_DIALECT_POSTGRES;
}

bool sl_same_part(const struct sl_catalog *catalog, const char *a, const char *b)
{
	return sl_name_compare(sl_fold_parts(catalog->dialect), a, b) == 0;
}

void *sl_entity_new(struct sl_arena *arena, enum sl_entity_kind kind)
{
	struct remembered *remembered = sl_arena_calloc(arena, 1,
		sizeof(*remembered) + sl_shape_of(kind)->size);
	struct sl_entity *entity = (struct sl_entity *)(void *)(remembered + 1);

	entity->kind = kind;
	entity->schema = "";
	entity->name = "";
	entity->detail = "";
	return entity;
}

void *sl_entity_edit(struct sl_arena *arena, const struct sl_entity *entity)
{
	void *copy = sl_entity_new(arena, entity->kind);

	memcpy(copy, entity, sl_shape_of(entity->kind)->size);
	return copy;
}

#define AS(name, KIND)                                                       \
	const struct sl_##name *sl_as_##name(const struct sl_entity *entity) \
	{                                                                    \
		assert(entity->kind == (KIND));                              \
		return (const struct sl_##name *)(const void *)entity;       \
	}                                                                    \
	_Static_assert(offsetof(struct sl_##name, id) == 0, "the identity comes first")

AS(table, SL_ENTITY_TABLE);
AS(view, SL_ENTITY_VIEW);
AS(sequence, SL_ENTITY_SEQUENCE);
AS(type, SL_ENTITY_TYPE);
AS(routine, SL_ENTITY_ROUTINE);
AS(trigger, SL_ENTITY_TRIGGER);
AS(extension, SL_ENTITY_EXTENSION);
AS(schema, SL_ENTITY_SCHEMA);
AS(plain, SL_ENTITY_PLAIN);

bool sl_entity_temporary(const struct sl_entity *entity)
{
	if (entity->kind == SL_ENTITY_TABLE)
		return sl_as_table(entity)->temporary;
	if (entity->kind == SL_ENTITY_VIEW)
		return sl_as_view(entity)->temporary;
	return strcmp(entity->schema, "temp") == 0 || strcmp(entity->schema, "pg_temp") == 0;
}

enum sl_dialect sl_catalog_dialect(const struct sl_catalog *catalog)
{
	return catalog->dialect;
}

int sl_catalog_version(const struct sl_catalog *catalog)
{
	return catalog->version;
}

struct sl_names sl_catalog_search_path(const struct sl_catalog *catalog)
{
	return catalog->search_path;
}

size_t sl_catalog_properties(const struct sl_catalog *catalog)
{
	return catalog->properties_len;
}

const char *sl_catalog_property_key(const struct sl_catalog *catalog, size_t i)
{
	assert(i < catalog->properties_len);
	return catalog->properties[i].key;
}

const char *sl_catalog_property_value(const struct sl_catalog *catalog, size_t i)
{
	assert(i < catalog->properties_len);
	return catalog->properties[i].value;
}

struct sl_names sl_catalog_incomplete(const struct sl_catalog *catalog)
{
	return catalog->incomplete;
}

bool sl_catalog_uncertain(const struct sl_catalog *catalog)
{
	return catalog->uncertain;
}

bool sl_catalog_empty(const struct sl_catalog *catalog)
{
	struct sl_catalog_iter it = sl_catalog_each(catalog);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		bool standard = (entity->kind == SL_ENTITY_SCHEMA &&
					strcmp(entity->name, "public") == 0) ||
			entity->kind == SL_ENTITY_EXTENSION;

		if (!standard)
			return false;
	}
	return true;
}

const struct sl_entity *sl_catalog_find(const struct sl_catalog *catalog, enum sl_entity_kind kind,
	const char *schema, const char *name, const char *detail)
{
	const struct sl_entity key = { kind, schema, name, detail };

	return sl_trie_find(catalog->names, sl_fold_entities(catalog->dialect), &key, &kind, 1);
}

const char *sl_temp_schema(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_POSTGRES ? "pg_temp" : "temp";
}

/* SQLite's main database has a name that statements may write; what is stored has none. */
bool sl_schema_is_main(enum sl_dialect dialect, const char *schema)
{
	return dialect == SL_DIALECT_SQLITE && schema && sl_name_compare(true, schema, "main") == 0;
}

/* Where a name may be: in the one schema, or in the session's own and then along the path. */
struct places {
	const struct sl_catalog *catalog;
	const char *only; /* or NULL */
	size_t next;
};

static struct places places_of(const struct sl_catalog *catalog, const char *schema)
{
	struct places places = { catalog, NULL, 0 };

	if (sl_schema_is_main(catalog->dialect, schema))
		places.only = "";
	else if (schema && *schema)
		places.only = schema;
	return places;
}

static const char *next_place(struct places *places)
{
	size_t i = places->next++;

	if (places->only)
		return i == 0 ? places->only : NULL;
	if (i == 0 && places->catalog->temporary)
		return sl_temp_schema(places->catalog->dialect);
	if (i == 0)
		i = places->next++;
	return i <= places->catalog->search_path.len ? places->catalog->search_path.at[i - 1] :
						       NULL;
}

const struct sl_entity *sl_catalog_relation_in(const struct sl_catalog *catalog, const char *schema,
	const char *name)
{
	static const enum sl_entity_kind kinds[] = { SL_ENTITY_TABLE, SL_ENTITY_VIEW,
		SL_ENTITY_SEQUENCE };
	const struct sl_entity key = { 0, schema, name, "" };

	return sl_trie_find(catalog->names, sl_fold_entities(catalog->dialect), &key, kinds,
		sizeof(kinds) / sizeof(kinds[0]));
}

const struct sl_entity *sl_catalog_relation(const struct sl_catalog *catalog, const char *schema,
	const char *name)
{
	struct places places = places_of(catalog, schema);
	const struct sl_entity *found = NULL;
	const char *place;

	while (!found && (place = next_place(&places)))
		found = sl_catalog_relation_in(catalog, place, name);
	return found;
}

const struct sl_entity *sl_catalog_look_up(const struct sl_catalog *catalog,
	enum sl_entity_kind kind, const char *schema, const char *name, const char *detail)
{
	struct places places = places_of(catalog, schema);
	const struct sl_entity *found = NULL;
	const char *place;

	while (!found && (place = next_place(&places)))
		found = sl_catalog_find(catalog, kind, place, name, detail);
	return found;
}

const struct sl_table *sl_catalog_table(const struct sl_catalog *catalog, const char *schema,
	const char *name)
{
	const struct sl_entity *found = sl_catalog_relation(catalog, schema, name);

	return found && found->kind == SL_ENTITY_TABLE ? sl_as_table(found) : NULL;
}

const struct sl_view *sl_catalog_view(const struct sl_catalog *catalog, const char *schema,
	const char *name)
{
	const struct sl_entity *found = sl_catalog_relation(catalog, schema, name);

	return found && found->kind == SL_ENTITY_VIEW ? sl_as_view(found) : NULL;
}

const struct sl_column *sl_table_column(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name)
{
	for (size_t i = 0; i < table->columns.len; i++) {
		if (sl_same_part(catalog, table->columns.at[i].name, name))
			return &table->columns.at[i];
	}
	return NULL;
}

const struct sl_constraint *sl_table_constraint(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name)
{
	for (size_t i = 0; i < table->constraints.len; i++) {
		if (sl_same_part(catalog, table->constraints.at[i].name, name))
			return &table->constraints.at[i];
	}
	return NULL;
}

static const struct sl_index *find_index(const struct sl_catalog *catalog,
	const struct sl_indexes *indexes, const char *name)
{
	for (size_t i = 0; i < indexes->len; i++) {
		if (sl_same_part(catalog, indexes->at[i].name, name))
			return &indexes->at[i];
	}
	return NULL;
}

const struct sl_index *sl_table_index(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name)
{
	return find_index(catalog, &table->indexes, name);
}

const struct sl_constraint *sl_table_primary(const struct sl_table *table)
{
	for (size_t i = 0; i < table->constraints.len; i++) {
		if (table->constraints.at[i].kind == SL_CONSTRAINT_PRIMARY)
			return &table->constraints.at[i];
	}
	return NULL;
}

const struct sl_indexes *sl_entity_indexes(const struct sl_entity *entity)
{
	if (entity->kind == SL_ENTITY_TABLE)
		return &sl_as_table(entity)->indexes;
	if (entity->kind == SL_ENTITY_VIEW)
		return &sl_as_view(entity)->indexes;
	return NULL;
}

const struct index_name *sl_index_name_find(const struct sl_catalog *catalog, const char *schema,
	const char *name)
{
	const struct sl_entity key = { 0, schema, name, "" };

	return (const struct index_name *)(const void *)sl_trie_find(catalog->indexes,
		sl_fold_entities(catalog->dialect), &key, &key.kind, 1);
}

const struct sl_entity *sl_catalog_index_owner(const struct sl_catalog *catalog, const char *schema,
	const char *name, const struct sl_index **index)
{
	struct places places = places_of(catalog, schema);
	const struct index_name *found = NULL;
	const struct sl_indexes *indexes;
	const struct sl_entity *owner;
	const char *place;

	while (!found && (place = next_place(&places)))
		found = sl_index_name_find(catalog, place, name);
	if (!found)
		return NULL;
	owner = sl_catalog_find(catalog, found->owner_kind, found->id.schema, found->owner, "");
	assert(owner);
	indexes = sl_entity_indexes(owner);
	assert(indexes);
	if (index)
		*index = find_index(catalog, indexes, name);
	return owner;
}

static void push_left(struct sl_catalog_iter *it, const struct node *node)
{
	for (; node; node = node->left) {
		assert(it->depth < sizeof(it->stack) / sizeof(it->stack[0]));
		it->stack[it->depth++] = node;
	}
}

struct sl_catalog_iter sl_catalog_each(const struct sl_catalog *catalog)
{
	struct sl_catalog_iter it = { .kind = -1 };

	push_left(&it, catalog->root);
	return it;
}

struct sl_catalog_iter sl_catalog_each_kind(const struct sl_catalog *catalog,
	enum sl_entity_kind kind)
{
	struct sl_catalog_iter it = { .kind = (int)kind };
	const struct node *node = catalog->root;

	while (node) {
		if (node->entity->kind < kind) {
			node = node->right;
			continue;
		}
		it.stack[it.depth++] = node;
		node = node->left;
	}
	return it;
}

const struct sl_entity *sl_catalog_next(struct sl_catalog_iter *it)
{
	const struct node *node;

	if (it->depth == 0)
		return NULL;
	node = it->stack[--it->depth];
	push_left(it, node->right);
	if (it->kind >= 0 && (int)node->entity->kind != it->kind) {
		it->depth = 0;
		return NULL;
	}
	return node->entity;
}
