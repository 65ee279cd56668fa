#include "trie.h"

#include <assert.h>
#include <string.h>

#define BITS 4
#define WAYS (1u << BITS)
#define LAST (64 - BITS) /* the shift of the last level */

union way {
	const struct sl_entity *entity;
	const struct trie *below;
	const struct node *equals; /* below the last level */
};

struct trie {
	uint64_t edition;
	uint16_t used; /* ways that lead somewhere */
	uint16_t entities; /* ways that lead to an entity */
	union way ways[]; /* the used ones */
};

_Static_assert(sizeof(struct trie) + WAYS * sizeof(union way) <= NODE_MOST, "a trie is a node");

/* ---- hashes ---- */

/* Eight ASCII letters at once in lower case. */
static uint64_t lower(uint64_t word)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t low = word & (0x7f * each);
	uint64_t from_a = low + (0x80 - 'A') * each;
	uint64_t after_z = low + (0x7f - 'Z') * each;

	return word | ((from_a & ~after_z & ~word & (0x80 * each)) >> 2);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

static uint64_t word_at(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* Less than a word. */
static uint64_t few_at(const char *text, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word = word << 8 | (unsigned char)text[i];
	return word;
}

/* The last word overlaps the one before, so that none has to be put together. */
static uint64_t hash_text(uint64_t hash, bool fold, const char *text)
{
	size_t len = strlen(text);
	size_t i = 0;
	uint64_t last;

	hash = mix(hash, len);
	for (; i + sizeof(last) < len; i += sizeof(last))
		hash = mix(hash, fold ? lower(word_at(text + i)) : word_at(text + i));
	last = len < sizeof(last) ? few_at(text, len) : word_at(text + len - sizeof(last));
	return mix(hash, fold ? lower(last) : last);
}

/* Of schema, name and detail; the kind is not in it. */
static uint64_t hash_of(bool fold, const struct sl_entity *key)
{
	return hash_text(hash_text(hash_text(1, fold, key->schema), fold, key->name), fold,
		key->detail);
}

/* ---- ways ---- */

static unsigned bit_of(uint64_t hash, unsigned shift)
{
	return 1u << ((hash >> shift) & (WAYS - 1));
}

/* Bits of sixteen that are set. */
static unsigned count(unsigned bits)
{
	bits -= (bits >> 1) & 0x5555;
	bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
	bits = (bits + (bits >> 4)) & 0x0f0f;
	return (bits + (bits >> 8)) & 0x1f;
}

/* The place among the used ways. */
static unsigned place_of(const struct trie *trie, unsigned bit)
{
	return count(trie->used & (bit - 1));
}

/* Among entities of one hash. */
static const struct sl_entity *find_equal(const struct node *equals, bool fold,
	struct sl_entity key, const enum sl_entity_kind *kinds, size_t n)
{
	const struct sl_entity *found = NULL;

	for (size_t i = 0; !found && i < n; i++) {
		key.kind = kinds[i];
		found = sl_tree_find(equals, fold, &key);
	}
	return found;
}

static bool is_found(const struct sl_entity *entity, bool fold, struct sl_entity key,
	const enum sl_entity_kind *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		key.kind = kinds[i];
		if (entity->kind == kinds[i])
			return sl_tree_compare(fold, entity, &key) == 0;
	}
	return false;
}

const struct sl_entity *sl_trie_find(const struct trie *root, bool fold,
	const struct sl_entity *key, const enum sl_entity_kind *kinds, size_t n)
{
	uint64_t hash = root ? hash_of(fold, key) : 0;
	unsigned shift = 0;

	for (; root; shift += BITS) {
		unsigned bit = bit_of(hash, shift);
		union way way;

		if (!(root->used & bit))
			return NULL;
		way = root->ways[place_of(root, bit)];
		if (root->entities & bit)
			return is_found(way.entity, fold, *key, kinds, n) ? way.entity : NULL;
		if (shift == LAST)
			return find_equal(way.equals, fold, *key, kinds, n);
		root = way.below;
	}
	return NULL;
}

/* ---- changes ---- */

static size_t size_of(unsigned ways)
{
	return sizeof(struct trie) + ways * sizeof(union way);
}

static struct trie *trie_new(struct nodes *nodes, unsigned ways)
{
	struct trie *trie = sl_nodes_alloc(nodes, size_of(ways));

	trie->edition = nodes->edition;
	return trie;
}

static void give_back(struct nodes *nodes, const struct trie *trie)
{
	sl_nodes_give_back(nodes, trie, size_of(count(trie->used)), trie->edition);
}

static struct trie *own(struct nodes *nodes, const struct trie *trie)
{
	unsigned ways = count(trie->used);
	struct trie *copy;

	if (trie->edition == nodes->edition)
		return (struct trie *)(uintptr_t)trie;
	copy = trie_new(nodes, ways);
	copy->used = trie->used;
	copy->entities = trie->entities;
	memcpy(copy->ways, trie->ways, ways * sizeof(union way));
	give_back(nodes, trie);
	return copy;
}

/* With one way more, to the entity. */
static const struct trie *widen(struct nodes *nodes, const struct trie *trie, unsigned bit,
	const struct sl_entity *entity)
{
	unsigned ways = trie ? count(trie->used) : 0;
	unsigned place = trie ? place_of(trie, bit) : 0;
	struct trie *wider = trie_new(nodes, ways + 1);

	wider->used = (uint16_t)(bit | (trie ? trie->used : 0));
	wider->entities = (uint16_t)(bit | (trie ? trie->entities : 0));
	if (trie) {
		memcpy(wider->ways, trie->ways, place * sizeof(union way));
		memcpy(wider->ways + place + 1, trie->ways + place,
			(ways - place) * sizeof(union way));
		give_back(nodes, trie);
	}
	wider->ways[place].entity = entity;
	return wider;
}

/* With one way less; NULL when that was the last. */
static const struct trie *narrow(struct nodes *nodes, const struct trie *trie, unsigned bit)
{
	unsigned ways = count(trie->used);
	unsigned place = place_of(trie, bit);
	struct trie *narrower = NULL;

	if (ways > 1) {
		narrower = trie_new(nodes, ways - 1);
		narrower->used = (uint16_t)(trie->used & ~bit);
		narrower->entities = (uint16_t)(trie->entities & ~bit);
		memcpy(narrower->ways, trie->ways, place * sizeof(union way));
		memcpy(narrower->ways + place, trie->ways + place + 1,
			(ways - place - 1) * sizeof(union way));
	}
	give_back(nodes, trie);
	return narrower;
}

/* What is put, and how. */
struct putting {
	struct nodes *nodes;
	bool fold;
	const struct sl_entity *entity;
	uint64_t hash;
};

static const struct trie *put(const struct putting *putting, const struct trie *trie,
	unsigned shift);

/* Where the way led to another entity, it leads to both. */
static union way way_to_both(const struct putting *putting, const struct sl_entity *other,
	unsigned shift)
{
	struct putting first = *putting;
	union way way;

	if (shift == LAST) {
		way.equals = sl_tree_put(putting->nodes, NULL, putting->fold, other);
		way.equals = sl_tree_put(putting->nodes, way.equals, putting->fold,
			putting->entity);
		return way;
	}
	first.entity = other;
	first.hash = hash_of(putting->fold, other);
	way.below = put(putting, put(&first, NULL, shift + BITS), shift + BITS);
	return way;
}

static const struct trie *put(const struct putting *putting, const struct trie *trie,
	unsigned shift)
{
	unsigned bit = bit_of(putting->hash, shift);
	struct trie *owned;
	union way *way;

	if (!trie || !(trie->used & bit))
		return widen(putting->nodes, trie, bit, putting->entity);
	owned = own(putting->nodes, trie);
	way = &owned->ways[place_of(owned, bit)];
	if (!(owned->entities & bit)) {
		if (shift == LAST)
			way->equals = sl_tree_put(putting->nodes, way->equals, putting->fold,
				putting->entity);
		else
			way->below = put(putting, way->below, shift + BITS);
	} else if (sl_tree_compare(putting->fold, way->entity, putting->entity) == 0) {
		way->entity = putting->entity;
	} else {
		*way = way_to_both(putting, way->entity, shift);
		owned->entities &= (uint16_t)~bit;
	}
	return owned;
}

const struct trie *sl_trie_put(struct nodes *nodes, const struct trie *root, bool fold,
	const struct sl_entity *entity)
{
	const struct putting putting = { nodes, fold, entity, hash_of(fold, entity) };

	return put(&putting, root, 0);
}

/* The entity is there. */
static const struct trie *drop(const struct putting *putting, const struct trie *trie,
	unsigned shift)
{
	unsigned bit = bit_of(putting->hash, shift);
	struct trie *owned;
	union way *way;

	if (trie->entities & bit)
		return narrow(putting->nodes, trie, bit);
	owned = own(putting->nodes, trie);
	way = &owned->ways[place_of(owned, bit)];
	if (shift == LAST) {
		way->equals = sl_tree_drop(putting->nodes, way->equals, putting->fold,
			putting->entity);
		return way->equals ? owned : narrow(putting->nodes, owned, bit);
	}
	way->below = drop(putting, way->below, shift + BITS);
	return way->below ? owned : narrow(putting->nodes, owned, bit);
}

const struct trie *sl_trie_drop(struct nodes *nodes, const struct trie *root, bool fold,
	const struct sl_entity *key)
{
	const struct putting dropping = { nodes, fold, key, hash_of(fold, key) };

	return sl_trie_find(root, fold, key, &key->kind, 1) ? drop(&dropping, root, 0) : root;
}
