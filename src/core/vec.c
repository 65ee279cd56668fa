#include "sluice/core/vec.h"

#include "sluice/core/alloc.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* Of small elements; lists of large ones are mostly short. */
#define FIRST_CAP   8
#define FIRST_BYTES 256

static size_t first_cap(size_t size)
{
	if (size * FIRST_CAP <= FIRST_BYTES)
		return FIRST_CAP;
	return size < FIRST_BYTES ? FIRST_BYTES / size : 1;
}

static size_t grown(size_t cap, size_t size)
{
	size_t more = cap ? cap * 2 : first_cap(size);

	assert(more > cap && more <= SIZE_MAX / 2 / size);
	return more;
}

void *sl_vec_grow(void *at, size_t len, size_t *cap, size_t size)
{
	assert(len == *cap);
	*cap = grown(*cap, size);
	return sl_xrealloc(at, *cap * size);
}

void *sl_vec_grow_in(struct sl_arena *arena, const void *at, size_t len, size_t *cap, size_t size)
{
	void *moved;

	assert(len == *cap);
	*cap = grown(*cap, size);
	moved = sl_arena_calloc(arena, *cap, size);
	if (len > 0)
		memcpy(moved, at, len * size);
	return moved;
}
