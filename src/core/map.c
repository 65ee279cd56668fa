#include "sluice/core/map.h"

#include "sluice/core/alloc.h"
#include "sluice/core/rand.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16
#define SLOT_FREE   UINT32_MAX

struct entry {
	char *key; /* owned; NULL once removed */
	void *value;
	uint64_t hash;
};

/* Entries stand in the order of insertion; slots is an open-addressing index into them. */
struct sl_map {
	struct entry *entries;
	size_t filled; /* entries in use, removed ones counted */
	size_t cap;
	size_t living;
	uint32_t *slots;
	size_t n_slots; /* a power of two, or 0 */
};

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void hash_key_fill(void)
{
	hash_key[0] = sl_rand_u64(sl_rand_system());
	hash_key[1] = sl_rand_u64(sl_rand_system());
}

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein 2012): keys come from people's files. */
static uint64_t hash_of(const char *key)
{
	size_t len = strlen(key);
	uint64_t v[4] = { hash_key[0] ^ UINT64_C(0x736f6d6570736575),
		hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
		hash_key[0] ^ UINT64_C(0x6c7967656e657261),
		hash_key[1] ^ UINT64_C(0x7465646279746573) };
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, key + i, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)len << 56;
	for (unsigned shift = 0; i < len; i++, shift += 8)
		word |= (uint64_t)(unsigned char)key[i] << shift;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct sl_map *sl_map_new(void)
{
	(void)pthread_once(&hash_key_once, hash_key_fill);
	return sl_xcalloc(1, sizeof(struct sl_map));
}

void sl_map_free(struct sl_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->filled; i++)
		free(map->entries[i].key);
	free(map->entries);
	free(map->slots);
	free(map);
}

size_t sl_map_len(const struct sl_map *map)
{
	return map->living;
}

/* The slot that holds key, or the free one where it belongs. */
static size_t slot_of(const struct sl_map *map, const char *key, uint64_t hash)
{
	size_t slot = (size_t)hash & (map->n_slots - 1);

	for (;; slot = (slot + 1) & (map->n_slots - 1)) {
		const struct entry *entry;

		if (map->slots[slot] == SLOT_FREE)
			return slot;
		entry = &map->entries[map->slots[slot]];
		if (entry->key && entry->hash == hash && strcmp(entry->key, key) == 0)
			return slot;
	}
}

static struct entry *find(const struct sl_map *map, const char *key)
{
	size_t slot;

	if (map->living == 0)
		return NULL;
	slot = slot_of(map, key, hash_of(key));
	return map->slots[slot] == SLOT_FREE ? NULL : &map->entries[map->slots[slot]];
}

void *sl_map_get(const struct sl_map *map, const char *key)
{
	const struct entry *entry = find(map, key);

	return entry ? entry->value : NULL;
}

static void compact(struct sl_map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->filled; i++) {
		if (map->entries[i].key)
			map->entries[kept++] = map->entries[i];
	}
	map->filled = kept;
}

/* Rebuilds the index with at most half of the slots taken. */
static void reindex(struct sl_map *map)
{
	size_t want = FIRST_SLOTS;

	compact(map);
	assert(map->filled < UINT32_MAX / 4);
	while (want < (map->filled + 1) * 4)
		want *= 2;
	if (want != map->n_slots) {
		free(map->slots);
		map->slots = sl_xcalloc(want, sizeof(*map->slots));
		map->n_slots = want;
	}
	memset(map->slots, 0xff, map->n_slots * sizeof(*map->slots));
	for (size_t i = 0; i < map->filled; i++) {
		size_t slot = slot_of(map, map->entries[i].key, map->entries[i].hash);

		map->slots[slot] = (uint32_t)i;
	}
}

static void append(struct sl_map *map, const char *key, uint64_t hash, void *value)
{
	size_t slot;

	if ((map->filled + 1) * 2 > map->n_slots)
		reindex(map);
	if (map->filled == map->cap) {
		map->cap = map->cap ? map->cap * 2 : FIRST_SLOTS / 2;
		map->entries = sl_xrealloc(map->entries, map->cap * sizeof(*map->entries));
	}
	slot = slot_of(map, key, hash);
	map->slots[slot] = (uint32_t)map->filled;
	map->entries[map->filled++] = (struct entry){ .key = sl_xstrdup(key),
		.value = value,
		.hash = hash };
	map->living++;
}

void *sl_map_put(struct sl_map *map, const char *key, void *value)
{
	struct entry *entry = find(map, key);
	void *before = NULL;

	if (entry) {
		before = entry->value;
		entry->value = value;
	} else {
		append(map, key, hash_of(key), value);
	}
	return before;
}

void *sl_map_remove(struct sl_map *map, const char *key)
{
	struct entry *entry = find(map, key);
	void *before;

	if (!entry)
		return NULL;
	before = entry->value;
	free(entry->key);
	entry->key = NULL;
	entry->value = NULL;
	map->living--;
	return before;
}

static const struct entry *entry_at(const struct sl_map *map, size_t i)
{
	assert(i < map->living);
	if (map->living == map->filled)
		return &map->entries[i];
	for (size_t at = 0;; at++) {
		if (!map->entries[at].key)
			continue;
		if (i-- == 0)
			return &map->entries[at];
	}
}

const char *sl_map_key_at(const struct sl_map *map, size_t i)
{
	return entry_at(map, i)->key;
}

void *sl_map_value_at(const struct sl_map *map, size_t i)
{
	return entry_at(map, i)->value;
}
