/* A structure of which only the hash is known, found between two that are at hand. */
#include "sluice/schema/snapshot.h"

#include "catalog_int.h"

#include <string.h>

#define DIFFERENT_MAX 16 /* objects: each doubles the tries */
#define ENTITIES_MAX  ((size_t)2 << 20) /* hashed in all tries together: a third of a second */

/* An object as one side has it, as the other, or not at all. */
struct slot {
	const struct sl_entity *sides[2];
	unsigned different; /* its number among those that differ, from 1; 0: it does not */
};

struct mixing {
	const struct sl_catalog *sides[2];
	struct sl_arena *arena;
	struct slot *slots; /* in the order of a snapshot */
	size_t len;
	unsigned different;
};

static bool same_properties(const struct sl_catalog *a, const struct sl_catalog *b)
{
	if (a->properties_len != b->properties_len)
		return false;
	for (size_t i = 0; i < a->properties_len; i++)
		if (strcmp(a->properties[i].key, b->properties[i].key) != 0 ||
			strcmp(a->properties[i].value, b->properties[i].value) != 0)
			return false;
	return true;
}

static bool alike(const struct sl_entity *const sides[2])
{
	char one[SL_SHA256_HEX], other[SL_SHA256_HEX];

	if (!sides[0] || !sides[1])
		return false;
	sl_entity_hash(sides[0], one);
	sl_entity_hash(sides[1], other);
	return strcmp(one, other) == 0;
}

/* The objects of both; what is temporary is no part of a snapshot. */
static enum sl_code unite(const struct mixing *m, const struct sl_catalog **out)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(m->sides[0]->dialect,
		m->sides[0]->version);
	enum sl_code code;

	for (size_t side = 0; side < 2; side++) {
		struct sl_catalog_iter it = sl_catalog_each(m->sides[side]);
		const struct sl_entity *e;

		while ((e = sl_catalog_next(&it)))
			if (!sl_entity_temporary(e) &&
				(side == 0 ||
					!sl_catalog_find(m->sides[0], e->kind, e->schema, e->name,
						e->detail)))
				sl_catalog_add(builder, e);
	}
	code = sl_catalog_finish(out, builder, NULL);
	sl_catalog_builder_free(builder);
	return code;
}

static enum sl_code fill_slots(struct mixing *m)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *all = NULL;
	struct sl_catalog_iter it;
	const struct sl_entity *e;
	enum sl_code code = unite(m, &all);
	size_t n = 0;

	if (code != SL_OK)
		return code;
	it = sl_catalog_each(all);
	while (sl_catalog_next(&it))
		n++;
	m->slots = sl_arena_calloc(m->arena, n + 1, sizeof(*m->slots));
	it = sl_catalog_each(all);
	while ((e = sl_catalog_next(&it))) {
		struct slot *slot = &m->slots[m->len++];

		for (size_t side = 0; side < 2; side++)
			slot->sides[side] = sl_catalog_find(m->sides[side], e->kind, e->schema,
				e->name, e->detail);
		if (!alike(slot->sides))
			slot->different = ++m->different;
	}
	return SL_OK;
}

/* As choice has it: the bit of an object that differs says whose it is. */
static const struct sl_entity *chosen(const struct slot *slot, unsigned choice)
{
	return slot->different == 0 ? slot->sides[0] :
				      slot->sides[(choice >> (slot->different - 1)) & 1];
}

static bool has_hash(const struct mixing *m, unsigned choice, const char *hash)
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_snapshot_hash_begin(m->sides[1],
		m->sides[1]->format);
	char own[SL_SHA256_HEX];

	for (size_t i = 0; i < m->len; i++) {
		const struct sl_entity *e = chosen(&m->slots[i], choice);

		if (e)
			sl_snapshot_hash_entity(sha, e);
	}
	sl_sha256_end_hex(sha, own);
	return strcmp(own, hash) == 0;
}

static enum sl_code mix(const struct mixing *m, unsigned choice, const struct sl_catalog **out)
{
	const struct sl_catalog *like = m->sides[1];
	struct sl_catalog_builder *builder = sl_catalog_builder_new(like->dialect, like->version);
	enum sl_code code;

	sl_catalog_builder_set_format(builder, like->format);
	sl_catalog_set_search_path(builder, like->search_path);
	for (size_t i = 0; i < like->incomplete.len; i++)
		sl_catalog_add_incomplete(builder, like->incomplete.at[i]);
	for (size_t i = 0; i < like->properties_len; i++)
		sl_catalog_add_property(builder, like->properties[i].key,
			like->properties[i].value);
	for (size_t i = 0; i < m->len; i++) {
		const struct sl_entity *e = chosen(&m->slots[i], choice);

		if (e)
			sl_catalog_add(builder, e);
	}
	code = sl_catalog_finish(out, builder, NULL);
	sl_catalog_builder_free(builder);
	return code;
}

const struct sl_catalog *sl_snapshot_between(const struct sl_catalog *a, const struct sl_catalog *b,
	const char *hash)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct mixing m = { .sides = { a, b }, .arena = arena };
	const struct sl_catalog *out = NULL;

	if (a->dialect != b->dialect || a->format != b->format || !same_properties(a, b) ||
		fill_slots(&m) != SL_OK || m.different > DIFFERENT_MAX ||
		m.len << m.different > ENTITIES_MAX)
		return NULL;
	for (unsigned choice = 0; choice < 1U << m.different; choice++) {
		if (!has_hash(&m, choice, hash))
			continue;
		return mix(&m, choice, &out) == SL_OK && sl_snapshot_is(out, hash) ? sl_steal(out) :
										     NULL;
	}
	return NULL;
}
