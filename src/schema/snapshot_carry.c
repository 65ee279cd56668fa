/* What one change did, carried over to a schema that differs elsewhere. */
#include "sluice/schema/snapshot.h"

#include "catalog_int.h"
#include "older.h"

#include <assert.h>
#include <string.h>

struct carrying {
	const struct sl_catalog *base, *before, *after;
	struct sl_catalog_builder *builder;
	struct sl_arena *arena;
	int format; /* the oldest of the three */
};

static const struct sl_entity *same_in(const struct carrying *carrying,
	const struct sl_catalog *catalog, const struct sl_entity *entity)
{
	const struct sl_entity *found = sl_catalog_find(catalog, entity->kind, entity->schema,
		entity->name, entity->detail);

	return found ? sl_entity_older(carrying->arena, found, carrying->format) : NULL;
}

static bool equal(const struct sl_entity *a, const struct sl_entity *b)
{
	char x[SL_SHA256_HEX], y[SL_SHA256_HEX];

	if (!a || !b)
		return a == b;
	sl_entity_hash(a, x);
	sl_entity_hash(b, y);
	return strcmp(x, y) == 0;
}

/* What after has: as it has it where that is the change's own, else as base has it, if at all. */
static void carry_present(const struct carrying *carrying)
{
	struct sl_catalog_iter it = sl_catalog_each(carrying->after);
	const struct sl_entity *now;

	while ((now = sl_catalog_next(&it))) {
		const struct sl_entity *kept;

		if (sl_entity_temporary(now))
			continue;
		kept = sl_entity_older(carrying->arena, now, carrying->format);
		if (kept && equal(kept, same_in(carrying, carrying->before, now)))
			kept = same_in(carrying, carrying->base, now);
		if (kept)
			sl_catalog_add(carrying->builder, kept);
	}
}

/* What only base has was not there to be removed. */
static void carry_absent(const struct carrying *carrying)
{
	struct sl_catalog_iter it = sl_catalog_each(carrying->base);
	const struct sl_entity *old;

	while ((old = sl_catalog_next(&it))) {
		if (sl_entity_temporary(old) || same_in(carrying, carrying->after, old) ||
			same_in(carrying, carrying->before, old))
			continue;
		old = sl_entity_older(carrying->arena, old, carrying->format);
		if (old)
			sl_catalog_add(carrying->builder, old);
	}
}

static const char *value_in(const struct sl_catalog *catalog, const char *key)
{
	for (size_t i = 0; i < catalog->properties_len; i++) {
		if (strcmp(catalog->properties[i].key, key) == 0)
			return catalog->properties[i].value;
	}
	return NULL;
}

static void carry_properties(const struct carrying *carrying)
{
	for (size_t i = 0; i < carrying->after->properties_len; i++) {
		const struct property *now = &carrying->after->properties[i];
		const char *was = value_in(carrying->before, now->key);
		const char *kept = value_in(carrying->base, now->key);
		bool own = !kept || !was || strcmp(was, now->value) != 0;

		sl_catalog_add_property(carrying->builder, now->key, own ? now->value : kept);
	}
}

const struct sl_catalog *sl_snapshot_carry(const struct sl_catalog *base,
	const struct sl_catalog *before, const struct sl_catalog *after)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct carrying carrying = { base, before, after,
		sl_catalog_builder_new(after->dialect, after->version), arena,
		sl_oldest(base->format, sl_oldest(before->format, after->format)) };
	const struct sl_catalog *out = NULL;
	enum sl_code code;

	sl_catalog_builder_set_format(carrying.builder, carrying.format);
	sl_catalog_set_search_path(carrying.builder, after->search_path);
	for (size_t i = 0; i < after->incomplete.len; i++)
		sl_catalog_add_incomplete(carrying.builder, after->incomplete.at[i]);
	carry_properties(&carrying);
	carry_present(&carrying);
	carry_absent(&carrying);
	code = sl_catalog_finish(&out, carrying.builder, NULL);
	sl_catalog_builder_free(carrying.builder);
	assert(code == SL_OK); /* each identity was added once */
	return out;
}
