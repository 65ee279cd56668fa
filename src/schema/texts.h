/*
 * texts: a catalogue's words, most of which it has many times: types, schemas, the usual columns.
 * What was kept lately is found again and shared; nothing is promised about the rest.
 */
#ifndef SLUICE_SCHEMA_TEXTS_H
#define SLUICE_SCHEMA_TEXTS_H

#include "sluice/core/arena.h"

#define TEXTS_SLOTS 512

struct texts {
	struct sl_arena *arena;
	const char *lately[TEXTS_SLOTS];
};

/* In the arena, perhaps shared; "" is static. */
const char *sl_texts_keep(struct texts *texts, const char *text);

#endif
