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

void *sl_vec_reserve(void *at, size_t len, size_t *cap, size_t size)
{
	if (len == *cap) {
		*cap = grown(*cap, size);
		at = sl_xrealloc(at, *cap * size);
	}
	memset((char *)at + len * size, 0, size);
	return at;
}

void *sl_vec_reserve_in(struct sl_arena *arena, void *at, size_t len, size_t *cap, size_t size)
{
	void *moved = at;

	if (len == *cap) {
		*cap = grown(*cap, size);
		moved = sl_arena_calloc(arena, *cap, size);
		if (len > 0)
			memcpy(moved, at, len * size);
	}
	memset((char *)moved + len * size, 0, size);
	return moved;
}
