/*
 * older: what an earlier version of Sluice would have kept of an object.  The store's snapshots
 * outlive the program that wrote them; what they could not hold must neither look like drift nor
 * hide any.
 */
#ifndef SLUICE_SCHEMA_OLDER_H
#define SLUICE_SCHEMA_OLDER_H

#include "sluice/core/arena.h"
#include "sluice/schema/catalog.h"

/* The object as the format holds it: itself where nothing differs, a copy in the arena, or NULL
 * where the format has none of its kind.  What is in the format already stays as it is. */
const struct sl_entity *sl_entity_older(struct sl_arena *arena, const struct sl_entity *entity,
	int format);

/* Of two formats the one that both snapshots can be shown in. */
static inline int sl_oldest(int a, int b)
{
	return a < b ? a : b;
}

#endif
