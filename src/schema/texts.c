#include "texts.h"

#include <stdint.h>
#include <string.h>

/* Longer ones are seldom the same. */
#define SHARED_MOST 40

static size_t slot_of(const char *text, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return (hash ^ (hash >> 32)) % TEXTS_SLOTS;
}

const char *sl_texts_keep(struct texts *texts, const char *text)
{
	size_t len = strlen(text);
	const char **slot;

	if (len == 0)
		return "";
	if (len > SHARED_MOST)
		return sl_arena_strndup(texts->arena, text, len);
	slot = &texts->lately[slot_of(text, len)];
	if (!*slot || strcmp(*slot, text) != 0)
		*slot = sl_arena_strndup(texts->arena, text, len);
	return *slot;
}
