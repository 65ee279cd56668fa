/* A catalogue without the memory of those that led to it. */
#include "catalog_int.h"

#include "shape.h"

#include "sluice/core/vec.h"

struct copies {
	SL_VEC(const struct sl_entity *);
};

static const struct sl_entity *copy_of(struct pool *pool, const struct sl_entity *entity)
{
	struct sl_entity *copy = sl_entity_new(pool->arena, entity->kind);

	sl_shape_copy(sl_shape_of(entity->kind), &pool->texts, entity, copy);
	return copy;
}

static void copy_entities(struct sl_catalog *to, const struct sl_catalog *from)
{
	struct sl_catalog_iter it = sl_catalog_each(from);
	struct copies copies = { 0 };
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it)))
		*sl_vec_add(&copies) = copy_of(to->pool, entity);
	sl_catalog_fill(to, copies.at, copies.len, from);
	sl_vec_done(&copies);
}

static struct sl_names copy_names(struct sl_arena *arena, const struct sl_names *names)
{
	const char **at = sl_arena_calloc(arena, names->len + 1, sizeof(*at));

	for (size_t i = 0; i < names->len; i++)
		at[i] = sl_arena_strdup(arena, names->at[i]);
	return (struct sl_names){ at, names->len };
}

static void copy_properties(struct sl_catalog *to, const struct sl_catalog *from)
{
	to->properties = NULL;
	to->properties_len = 0;
	for (size_t i = 0; i < from->properties_len; i++)
		sl_catalog_put_property(to, from->properties[i].key, from->properties[i].value);
}

struct sl_catalog *sl_catalog_condensed(const struct sl_catalog *catalog,
	const struct sl_catalog *keep)
{
	struct pool *pool = sl_catalog_pool_new(keep);
	struct sl_catalog *copy = sl_arena_alloc(pool->arena, sizeof(*copy));

	*copy = *catalog;
	copy->pool = pool;
	copy->names = NULL;
	copy->indexes = NULL;
	copy->links = NULL;
	copy->temporary = false;
	copy_entities(copy, catalog);
	copy_properties(copy, catalog);
	copy->search_path = copy_names(pool->arena, &catalog->search_path);
	copy->incomplete = copy_names(pool->arena, &catalog->incomplete);
	copy->edition = pool->nodes.edition;
	return copy;
}
