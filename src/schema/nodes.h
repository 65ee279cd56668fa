/*
 * nodes: the memory of a catalogue's persistent trees.
 *
 * A node bears the edition in which it was made.  Those of the edition at hand are their maker's
 * own and are changed in place; older ones are copied first, and what was copied is given back.
 * Each change of a catalogue is an edition, so that whoever walks a tree walks it as it was; what
 * was given back serves again once nobody looks at it.
 */
#ifndef SLUICE_SCHEMA_NODES_H
#define SLUICE_SCHEMA_NODES_H

#include "sluice/core/arena.h"
#include "sluice/core/vec.h"

#include <stdint.h>

/* Bytes of the largest node. */
#define NODE_MOST 160

struct given_back {
	void *at;
	size_t size;
};

struct nodes {
	struct sl_arena *arena;
	uint64_t edition;
	uint64_t first; /* older ones belong to others, or are looked at by others */
	void *spare[NODE_MOST / 16 + 1]; /* by size; each begins with the next */

	struct {
		SL_VEC(struct given_back);
	} given_back;
};

void sl_nodes_init(struct nodes *nodes, struct sl_arena *arena, uint64_t first);
void sl_nodes_done(struct nodes *nodes);

/* A new edition: what was made so far is not changed in place any more. */
void sl_nodes_freeze(struct nodes *nodes);

/* Nobody looks at what was given back; or somebody may, and it stays until the arena goes. */
void sl_nodes_reuse(struct nodes *nodes);
void sl_nodes_forget(struct nodes *nodes);

/* Not zeroed. */
void *sl_nodes_alloc(struct nodes *nodes, size_t size);

/* The tree at hand does not have it any more. */
void sl_nodes_give_back(struct nodes *nodes, const void *at, size_t size, uint64_t edition);

#endif
