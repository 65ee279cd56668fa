#include "nodes.h"

#include <assert.h>
#include <string.h>

static size_t class_of(size_t size)
{
	assert(size <= NODE_MOST);
	return (size + 15) / 16;
}

void sl_nodes_init(struct nodes *nodes, struct sl_arena *arena, uint64_t first)
{
	*nodes = (struct nodes){ .arena = arena, .edition = first, .first = first };
}

void sl_nodes_done(struct nodes *nodes)
{
	sl_vec_done(&nodes->given_back);
}

static void *spare_next(const void *spare)
{
	void *next;

	memcpy(&next, spare, sizeof(next));
	return next;
}

static void spare_put(struct nodes *nodes, void *at, size_t size)
{
	void **spare = &nodes->spare[class_of(size)];

	memcpy(at, spare, sizeof(*spare));
	*spare = at;
}

void sl_nodes_freeze(struct nodes *nodes)
{
	nodes->edition++;
}

void sl_nodes_reuse(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->given_back.len; i++)
		spare_put(nodes, nodes->given_back.at[i].at, nodes->given_back.at[i].size);
	nodes->given_back.len = 0;
}

void sl_nodes_forget(struct nodes *nodes)
{
	nodes->given_back.len = 0;
}

void *sl_nodes_alloc(struct nodes *nodes, size_t size)
{
	void **spare = &nodes->spare[class_of(size)];
	void *at = *spare;

	if (!at)
		return sl_arena_alloc(nodes->arena, class_of(size) * 16);
	*spare = spare_next(at);
	return at;
}

void sl_nodes_give_back(struct nodes *nodes, const void *at, size_t size, uint64_t edition)
{
	void *own = (void *)(uintptr_t)at;

	if (edition == nodes->edition)
		spare_put(nodes, own, size);
	else if (edition >= nodes->first)
		*sl_vec_add(&nodes->given_back) = (struct given_back){ own, size };
}
