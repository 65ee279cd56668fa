/*
 * A hash map from strings to pointers (keys copied, values borrowed), with iteration in the order
 * of insertion so that output is deterministic.  Hashing is keyed by process-wide randomness that
 * does not show in the order.  Not thread-safe.
 */
#ifndef SLUICE_CORE_MAP_H
#define SLUICE_CORE_MAP_H

#include "sluice/core/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_map;

struct sl_map *sl_map_new(void) __attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL; values are not touched. */
void sl_map_free(struct sl_map *map);
SL_DEFINE_CLEANUP(struct sl_map, sl_map_free);

size_t sl_map_len(const struct sl_map *map);

/* NULL when absent. */
void *sl_map_get(const struct sl_map *map, const char *key) __attribute__((nonnull));

/* Returns the value that was there before, or NULL.  value must not be NULL. */
void *sl_map_put(struct sl_map *map, const char *key, void *value) __attribute__((nonnull));

/* Returns the value that was there, or NULL.  The order of the others is kept. */
void *sl_map_remove(struct sl_map *map, const char *key) __attribute__((nonnull));

/* The i-th living entry in the order of insertion; i < sl_map_len().  Constant time when nothing
 * was removed.  Borrowed until the next change. */
const char *sl_map_key_at(const struct sl_map *map, size_t i);
void *sl_map_value_at(const struct sl_map *map, size_t i);

#endif
