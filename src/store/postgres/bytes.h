/*
 * The store keeps text as it came, and what comes from Git, servers and people is not always UTF-8;
 * PostgreSQL keeps nothing else.  A byte that is not part of valid UTF-8 is kept as one private
 * code point, U+10FF00 and the byte; the bytes of such a code point that came as text are kept the
 * same way, so that reading gives back exactly what was written.
 */
#ifndef STORE_POSTGRES_BYTES_H
#define STORE_POSTGRES_BYTES_H

#include "sluice/core/arena.h"

/* The text itself when nothing is to be changed, else a copy in the arena. */
const char *store_bytes_encode(struct sl_arena *arena, const char *text)
	__attribute__((returns_nonnull));

/* A copy in the arena. */
const char *store_bytes_decode(struct sl_arena *arena, const char *text)
	__attribute__((returns_nonnull));

#endif
