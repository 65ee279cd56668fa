/*
 * One table in memory: rows sorted by id, and its keys as maps.  A row is one block of memory that
 * never changes; an update puts another one in its place, so that undoing is putting the old one
 * back.
 */
#ifndef STORE_MEMORY_HEAP_H
#define STORE_MEMORY_HEAP_H

#include "backend.h"

#include "sluice/core/map.h"
#include "sluice/core/vec.h"

#define HEAP_KEYS_MAX 2

struct stored {
	int64_t id;
	void *record; /* owned: the record with its texts behind it */
};

struct heap {
	const struct table *table;

	struct {
		SL_VEC(struct stored);
	} rows;
	struct sl_map *keys[HEAP_KEYS_MAX]; /* owned: a key's text to the row's id */
	int64_t last_id;
};

void store_heap_init(struct heap *heap, const struct table *table);
void store_heap_done(struct heap *heap);

/* A record in one block, for free(). */
void *store_heap_pack(const struct table *table, const void *record)
	__attribute__((returns_nonnull));

/* The index of the first row with this id or a higher one. */
size_t store_heap_at(const struct heap *heap, int64_t id) __attribute__((pure));

/* Whether a row with other id has one of the record's keys. */
bool store_heap_taken(const struct heap *heap, const void *record);

/* Puts the record at the id, or takes it away (NULL), and returns what was there. */
void *store_heap_put(struct heap *heap, int64_t id, void *record);

/* The rows that the query asks for, copied into the arena. */
void store_heap_select(const struct heap *heap, const struct query *query, struct sl_arena *arena,
	struct rows *out);

/* Whether the row fulfils every filter. */
bool store_heap_matches(const struct query *query, const struct stored *row);

/* When the filters name all columns of a key, or the id, at most one row can match: true, and *out
 * its index, or the number of rows when there is none. */
bool store_heap_single(const struct heap *heap, const struct query *query, size_t *out);

#endif
