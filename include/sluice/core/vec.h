/*
 * A growing array of one type, declared in place:
 *
 *	struct { SL_VEC(struct sl_finding); } found = { 0 };
 *	*sl_vec_add(&found) = finding;
 *	for (size_t i = 0; i < found.len; i++) ... found.at[i] ...
 *	sl_vec_done(&found);
 *
 * SL_ARENA_VEC_ADD grows inside an arena instead (old storage stays there until it is cleared).
 * Elements are zeroed when added.  Pointers into .at are valid until the next addition.
 */
#ifndef SLUICE_CORE_VEC_H
#define SLUICE_CORE_VEC_H

#include "sluice/core/arena.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SL_VEC(type) \
	type *at;    \
	size_t len;  \
	size_t cap

/* Storage with room for more than len elements of size bytes; moved. */
void *sl_vec_grow(void *at, size_t len, size_t *cap, size_t size)
	__attribute__((returns_nonnull, warn_unused_result));
void *sl_vec_grow_in(struct sl_arena *arena, const void *at, size_t len, size_t *cap, size_t size)
	__attribute__((returns_nonnull, warn_unused_result));

/* Room for one more element, which is zeroed; returns the storage, moved or not.  Nearly always
 * there is room, and with a size that is known the rest is a few stores. */
static inline void *sl_vec_reserve(void *at, size_t len, size_t *cap, size_t size)
{
	if (len == *cap)
		at = sl_vec_grow(at, len, cap, size);
	memset((char *)at + len * size, 0, size);
	return at;
}

static inline void *sl_vec_reserve_in(struct sl_arena *arena, void *at, size_t len, size_t *cap,
	size_t size)
{
	if (len == *cap)
		return sl_vec_grow_in(arena, at, len, cap, size); /* an arena's memory is zeroed */
	assert(at);
	memset((char *)at + len * size, 0, size);
	return at;
}

#define sl_vec_add(v)                                                                          \
	((v)->at = sl_vec_reserve((v)->at, (v)->len, &(v)->cap, sizeof(*(v)->at)), (v)->len++, \
		&(v)->at[(v)->len - 1])

#define sl_vec_add_in(arena, v)                                                                \
	((v)->at = sl_vec_reserve_in((arena), (v)->at, (v)->len, &(v)->cap, sizeof(*(v)->at)), \
		(v)->len++, &(v)->at[(v)->len - 1])

#define sl_vec_done(v)          \
	do {                    \
		free((v)->at);  \
		(v)->at = NULL; \
		(v)->len = 0;   \
		(v)->cap = 0;   \
	} while (0)

#endif
