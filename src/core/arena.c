#include "sluice/core/arena.h"

#include "sluice/core/alloc.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define EACH_ITS_OWN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EACH_ITS_OWN 1
#endif
#endif

#ifdef EACH_ITS_OWN
#define BLOCK_SIZE ((size_t)0)
#define KEPT_MOST  ((size_t)0)
#define ROUNDING   ((size_t)1)
#else
#define BLOCK_SIZE ((size_t)8192)
#define KEPT_MOST  BLOCK_MOST
#define ROUNDING   alignof(max_align_t)
#endif

/* Later blocks double up to this, so that a large unit of work stays a short list. */
#define BLOCK_MOST ((size_t)256 * 1024)

struct block {
	struct block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

struct sl_arena {
	struct block *blocks; /* the newest first; only it has room left */
	size_t used;
	size_t next_size;
};

struct sl_arena *sl_arena_new(void)
{
	struct sl_arena *arena = sl_xcalloc(1, sizeof(*arena));

	arena->next_size = BLOCK_SIZE;
	return arena;
}

static void free_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

/* Many units of work are a statement: the newest block serves the next one too, zeroed again as far
 * as it was used. */
void sl_arena_clear(struct sl_arena *arena)
{
	struct block *kept = arena->blocks;

	arena->used = 0;
	if (!kept)
		return;
	if (kept->size > KEPT_MOST) {
		free_blocks(kept);
		arena->blocks = NULL;
		arena->next_size = BLOCK_SIZE;
		return;
	}
	free_blocks(kept->next);
	kept->next = NULL;
	memset(kept->data, 0, kept->used);
	kept->used = 0;
}

void sl_arena_free(struct sl_arena *arena)
{
	if (!arena)
		return;
	free_blocks(arena->blocks);
	free(arena);
}

size_t sl_arena_used(const struct sl_arena *arena)
{
	return arena->used;
}

static struct block *block_new(size_t size)
{
	struct block *block = sl_xcalloc(1, sizeof(*block) + size);

	block->size = size;
	return block;
}

/* A block of its own behind the newest one, which keeps its room for small pieces. */
static void *alloc_large(struct sl_arena *arena, size_t size)
{
	struct block *block = block_new(size);

	block->used = size;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
	}
	return block->data;
}

void *sl_arena_alloc(struct sl_arena *arena, size_t size)
{
	size_t need;
	struct block *block = arena->blocks;
	void *piece;

	assert(size <= SIZE_MAX / 2);
	need = (size + ROUNDING - 1) & ~(ROUNDING - 1);
	arena->used += need;
	if (need >= arena->next_size / 2)
		return alloc_large(arena, need);
	if (!block || block->size - block->used < need) {
		block = block_new(arena->next_size);
		block->next = arena->blocks;
		arena->blocks = block;
		if (arena->next_size < BLOCK_MOST)
			arena->next_size *= 2;
	}
	piece = block->data + block->used;
	block->used += need;
	return piece;
}

void *sl_arena_calloc(struct sl_arena *arena, size_t n, size_t size)
{
	size_t total = 0;
	bool overflow = __builtin_mul_overflow(n, size, &total);

	assert(!overflow);
	return sl_arena_alloc(arena, overflow ? 0 : total);
}

static char *copy_of(struct sl_arena *arena, const char *s, size_t len)
{
	char *copy = sl_arena_alloc(arena, len + 1);

	memcpy(copy, s, len);
	return copy;
}

/* Not strnlen(): libpg_query exports one of its own that goes byte by byte. */
char *sl_arena_strndup(struct sl_arena *arena, const char *s, size_t len)
{
	const char *end = len > 0 ? memchr(s, '\0', len) : NULL;

	return copy_of(arena, s, end ? (size_t)(end - s) : len);
}

char *sl_arena_strdup(struct sl_arena *arena, const char *s)
{
	return copy_of(arena, s, strlen(s));
}

char *sl_arena_join(struct sl_arena *arena, const char *first, ...)
{
	size_t len = 0;
	va_list ap;
	char *out, *end;

	va_start(ap, first);
	for (const char *text = first; text; text = va_arg(ap, const char *))
		len += strlen(text);
	va_end(ap);
	out = sl_arena_alloc(arena, len + 1);
	end = out;
	va_start(ap, first);
	for (const char *text = first; text; text = va_arg(ap, const char *))
		end = stpcpy(end, text);
	va_end(ap);
	return out;
}

char *sl_arena_printf(struct sl_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char shortly[128];
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(shortly, sizeof(shortly), fmt, ap);
	va_end(ap);
	assert(len >= 0);
	text = sl_arena_alloc(arena, (size_t)len + 1);
	if ((size_t)len < sizeof(shortly))
		return memcpy(text, shortly, (size_t)len);
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}
