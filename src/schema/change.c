/* Changing a catalogue that is still its maker's own. */
#include "catalog_int.h"

#include <assert.h>

static bool names_are_shared(const struct sl_catalog *catalog)
{
	return catalog->dialect == SL_DIALECT_POSTGRES || catalog->dialect == SL_DIALECT_SQLITE;
}

/* In PostgreSQL a key's index bears the constraint's name. */
static bool backs_index(const struct sl_catalog *catalog, const struct sl_constraint *constraint)
{
	return catalog->dialect == SL_DIALECT_POSTGRES && *constraint->name &&
		(constraint->kind == SL_CONSTRAINT_PRIMARY ||
			constraint->kind == SL_CONSTRAINT_UNIQUE ||
			constraint->kind == SL_CONSTRAINT_EXCLUDE);
}

static struct index_name *index_name_new(struct sl_arena *arena, const struct sl_entity *owner,
	const char *name)
{
	struct index_name *entry = sl_arena_calloc(arena, 1, sizeof(*entry));

	entry->id = (struct sl_entity){ .schema = owner->schema, .name = name, .detail = "" };
	entry->owner_kind = owner->kind;
	entry->owner = owner->name;
	return entry;
}

static void add_name(void *ctx, const struct sl_entity *owner, const char *name)
{
	struct sl_catalog *catalog = ctx;
	struct index_name *entry = index_name_new(catalog->pool->arena, owner, name);

	catalog->indexes = sl_trie_put(&catalog->pool->nodes, catalog->indexes,
		sl_fold_entities(catalog->dialect), &entry->id);
}

static void remove_name(void *ctx, const struct sl_entity *owner, const char *name)
{
	struct sl_catalog *catalog = ctx;
	struct sl_entity key = { 0, owner->schema, name, "" };

	catalog->indexes = sl_trie_drop(&catalog->pool->nodes, catalog->indexes,
		sl_fold_entities(catalog->dialect), &key);
}

void sl_each_index_name(const struct sl_catalog *catalog, const struct sl_entity *owner,
	void (*visit)(void *ctx, const struct sl_entity *owner, const char *name), void *ctx)
{
	const struct sl_indexes *indexes = sl_entity_indexes(owner);

	if (!indexes || !names_are_shared(catalog))
		return;
	for (size_t i = 0; i < indexes->len; i++)
		visit(ctx, owner, indexes->at[i].name);
	if (owner->kind != SL_ENTITY_TABLE)
		return;
	for (size_t i = 0; i < sl_as_table(owner)->constraints.len; i++) {
		const struct sl_constraint *constraint = &sl_as_table(owner)->constraints.at[i];

		if (backs_index(catalog, constraint))
			visit(ctx, owner, constraint->name);
	}
}

/* The next constraint from *i on that refers to a table; NULL when there is none. */
static const struct sl_constraint *next_reference(const struct sl_table *table, size_t *i)
{
	while (*i < table->constraints.len) {
		const struct sl_constraint *constraint = &table->constraints.at[(*i)++];

		if (constraint->kind == SL_CONSTRAINT_FOREIGN)
			return constraint;
	}
	return NULL;
}

static bool same_references(const struct sl_table *a, const struct sl_table *b)
{
	const struct sl_constraint *x, *y;
	size_t i = 0, j = 0;

	if (a->constraints.at == b->constraints.at && a->constraints.len == b->constraints.len)
		return true;
	do {
		x = next_reference(a, &i);
		y = next_reference(b, &j);
		if (x && y &&
			(strcmp(x->ref_schema, y->ref_schema) != 0 ||
				strcmp(x->ref_table, y->ref_table) != 0))
			return false;
	} while (x && y);
	return !x && !y;
}

/* The names that an entity holds, or as many of them as are compared. */
#define HELD_MOST 16

struct held {
	const char *names[HELD_MOST];
	size_t len;
};

static void note_held(void *ctx, const struct sl_entity *owner, const char *name)
{
	struct held *held = ctx;

	(void)owner;
	if (held->len < HELD_MOST)
		held->names[held->len] = name;
	held->len++;
}

static bool same_held(const struct sl_catalog *catalog, const struct sl_entity *a,
	const struct sl_entity *b)
{
	struct held x = { .len = 0 }, y = { .len = 0 };

	sl_each_index_name(catalog, a, note_held, &x);
	sl_each_index_name(catalog, b, note_held, &y);
	if (x.len != y.len || x.len > HELD_MOST)
		return false;
	for (size_t i = 0; i < x.len; i++) {
		if (x.names[i] != y.names[i] && strcmp(x.names[i], y.names[i]) != 0)
			return false;
	}
	return true;
}

static bool same_indexes(const struct sl_entity *a, const struct sl_entity *b)
{
	const struct sl_indexes *x = sl_entity_indexes(a), *y = sl_entity_indexes(b);

	if (!x || x->at != y->at || x->len != y->len)
		return false;
	return a->kind != SL_ENTITY_TABLE ||
		(sl_as_table(a)->constraints.at == sl_as_table(b)->constraints.at &&
			sl_as_table(a)->constraints.len == sl_as_table(b)->constraints.len);
}

static void add_link(void *ctx, struct link *link)
{
	struct sl_catalog *catalog = ctx;

	catalog->links = sl_tree_put(&catalog->pool->nodes, catalog->links,
		sl_fold_entities(catalog->dialect), &link->id);
}

static void remove_link(void *ctx, struct link *link)
{
	struct sl_catalog *catalog = ctx;

	catalog->links = sl_tree_drop(&catalog->pool->nodes, catalog->links,
		sl_fold_entities(catalog->dialect), &link->id);
}

static bool same_links(const struct sl_entity *a, const struct sl_entity *b)
{
	const struct sl_table *x, *y;

	if (a->kind == SL_ENTITY_SEQUENCE)
		return sl_as_sequence(a)->owned_by == sl_as_sequence(b)->owned_by;
	if (a->kind != SL_ENTITY_TABLE)
		return true;
	x = sl_as_table(a);
	y = sl_as_table(b);
	return same_references(x, y) && x->inherits.at == y->inherits.at &&
		x->inherits.len == y->inherits.len && x->partition_of == y->partition_of;
}

static void put_links(struct sl_catalog *catalog, const struct sl_entity *old,
	const struct sl_entity *entity)
{
	struct sl_arena *arena = catalog->pool->arena;

	if (old && entity && same_links(old, entity))
		return;
	if (old)
		sl_each_link(old, arena, remove_link, catalog);
	if (entity)
		sl_each_link(entity, arena, add_link, catalog);
}

static void put_name(struct sl_catalog *catalog, const struct sl_entity *entity)
{
	bool fold = sl_fold_entities(catalog->dialect);

	catalog->names = sl_trie_put(&catalog->pool->nodes, catalog->names, fold, entity);
	if (sl_name_compare(fold, entity->schema, sl_temp_schema(catalog->dialect)) == 0)
		catalog->temporary = true;
}

void sl_catalog_put(struct sl_catalog *catalog, const struct sl_entity *entity)
{
	bool fold = sl_fold_entities(catalog->dialect);
	struct nodes *nodes = &catalog->pool->nodes;
	const struct sl_entity *old = sl_catalog_find(catalog, entity->kind, entity->schema,
		entity->name, entity->detail);

	sl_nodes_freeze(nodes);
	put_links(catalog, old, entity);
	catalog->root = sl_tree_put(nodes, catalog->root, fold, entity);
	put_name(catalog, entity);
	if (old && (same_indexes(old, entity) || same_held(catalog, old, entity)))
		return;
	if (old)
		sl_each_index_name(catalog, old, remove_name, catalog);
	sl_each_index_name(catalog, entity, add_name, catalog);
}

void sl_catalog_remove(struct sl_catalog *catalog, const struct sl_entity *entity)
{
	bool fold = sl_fold_entities(catalog->dialect);
	struct nodes *nodes = &catalog->pool->nodes;

	sl_nodes_freeze(nodes);
	sl_each_index_name(catalog, entity, remove_name, catalog);
	catalog->root = sl_tree_drop(nodes, catalog->root, fold, entity);
	catalog->names = sl_trie_drop(nodes, catalog->names, fold, entity);
}

struct filling {
	struct sl_catalog *catalog;
	const struct sl_catalog *like;
};

static void fill_name(void *ctx, const struct sl_entity *owner, const char *name)
{
	const struct filling *filling = ctx;
	const struct index_name *held = sl_index_name_find(
		filling->like ? filling->like : filling->catalog, owner->schema, name);
	bool fold = sl_fold_entities(filling->catalog->dialect);
	bool ours = filling->like ? held && held->owner_kind == owner->kind &&
			sl_name_compare(fold, held->owner, owner->name) == 0 :
				    !held;

	if (ours)
		add_name(filling->catalog, owner, name);
}

void sl_catalog_fill(struct sl_catalog *catalog, const struct sl_entity *const *entities,
	size_t len, const struct sl_catalog *like)
{
	struct filling filling = { catalog, like };

	catalog->root = sl_tree_build(&catalog->pool->nodes, entities, len);
	for (size_t i = 0; i < len; i++) {
		put_name(catalog, entities[i]);
		sl_each_index_name(catalog, entities[i], fill_name, &filling);
		sl_each_link(entities[i], catalog->pool->arena, add_link, catalog);
	}
}

void sl_catalog_put_property(struct sl_catalog *catalog, const char *key, const char *value)
{
	struct sl_arena *arena = catalog->pool->arena;
	struct property *grown = sl_arena_calloc(arena, catalog->properties_len + 1,
		sizeof(*grown));
	size_t n = 0, i = 0;

	while (i < catalog->properties_len && strcmp(catalog->properties[i].key, key) < 0)
		grown[n++] = catalog->properties[i++];
	grown[n].key = sl_arena_strdup(arena, key);
	grown[n++].value = sl_arena_strdup(arena, value);
	if (i < catalog->properties_len && strcmp(catalog->properties[i].key, key) == 0)
		i++;
	while (i < catalog->properties_len)
		grown[n++] = catalog->properties[i++];
	catalog->properties = grown;
	catalog->properties_len = n;
}

static int compare_names(const struct sl_names *a, const struct sl_names *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++) {
		int order = strcmp(a->at[i], b->at[i]);

		if (order != 0)
			return order;
	}
	return (a->len > b->len) - (a->len < b->len);
}

static int compare_optional(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

int sl_constraint_compare(const struct sl_constraint *a, const struct sl_constraint *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = compare_names(&a->columns, &b->columns);
	if (order == 0)
		order = compare_optional(a->expression, b->expression);
	if (order == 0)
		order = compare_optional(a->ref_table, b->ref_table);
	if (order == 0)
		order = compare_names(&a->ref_columns, &b->ref_columns);
	return order;
}

int sl_index_compare(const struct sl_index *a, const struct sl_index *b)
{
	return strcmp(a->name, b->name);
}
