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

#include <stddef.h>
#include <stdlib.h>

#define SL_VEC(type) \
	type *at;    \
	size_t len;  \
	size_t cap

/* Room for one more element of size bytes; returns the storage, moved or not. */
void *sl_vec_reserve(void *at, size_t len, size_t *cap, size_t size)
	__attribute__((returns_nonnull, warn_unused_result));
void *sl_vec_reserve_in(struct sl_arena *arena, void *at, size_t len, size_t *cap, size_t size)
	__attribute__((returns_nonnull, warn_unused_result));

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
