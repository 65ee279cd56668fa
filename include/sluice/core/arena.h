/*
 * One arena per unit of work (a request, a review, a reconcile pass): what is built for it dies
 * with it.  Memory is zeroed and aligned for any type.  Not thread-safe; built with
 * AddressSanitizer every block is its own malloc, so an overrun is seen.
 */
#ifndef SLUICE_CORE_ARENA_H
#define SLUICE_CORE_ARENA_H

#include "sluice/core/cleanup.h"

#include <stddef.h>

struct sl_arena;

struct sl_arena *sl_arena_new(void) __attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_arena_free(struct sl_arena *arena);
SL_DEFINE_CLEANUP(struct sl_arena, sl_arena_free);

/* What was handed out is gone; the arena, and at most 256 KiB of it, serve the next unit of work.
 */
void sl_arena_clear(struct sl_arena *arena);

/* Bytes handed out since the last clear; a caller that must bound a unit of work asks this. */
size_t sl_arena_used(const struct sl_arena *arena);

void *sl_arena_alloc(struct sl_arena *arena, size_t size)
	__attribute__((returns_nonnull, warn_unused_result, alloc_size(2)));
void *sl_arena_calloc(struct sl_arena *arena, size_t n, size_t size)
	__attribute__((returns_nonnull, warn_unused_result, alloc_size(2, 3)));
char *sl_arena_strdup(struct sl_arena *arena, const char *s)
	__attribute__((returns_nonnull, warn_unused_result, nonnull));
char *sl_arena_strndup(struct sl_arena *arena, const char *s, size_t len)
	__attribute__((returns_nonnull, warn_unused_result, nonnull));
/* Texts, one behind the other, the last of which NULL follows: as a format of "%s%s" does, for a
 * tenth of its cost. */
char *sl_arena_join(struct sl_arena *arena, const char *first, ...)
	__attribute__((returns_nonnull, warn_unused_result, nonnull(1, 2), sentinel));
char *sl_arena_printf(struct sl_arena *arena, const char *fmt, ...)
	__attribute__((returns_nonnull, warn_unused_result, format(printf, 2, 3)));

#endif
