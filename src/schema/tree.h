/*
 * tree: a persistent balanced tree of entities by identity.  put and drop give a new root that
 * shares all but the path with the old one, which is given back (nodes.h).  A tree that is keyed
 * with `fold` compares names without regard to ASCII case.
 */
#ifndef SLUICE_SCHEMA_TREE_H
#define SLUICE_SCHEMA_TREE_H

#include "nodes.h"

#include "sluice/schema/catalog.h"

#define NODE_EDITION_MAX (UINT64_MAX >> 8)

struct node {
	const struct node *left, *right;
	const struct sl_entity *entity;
	uint64_t edition : 56;
	uint64_t height : 8;
};

int sl_name_compare(bool fold, const char *a, const char *b);

/* By kind, schema, name, detail. */
int sl_tree_compare(bool fold, const struct sl_entity *a, const struct sl_entity *b);

/* entities are sorted and different. */
const struct node *sl_tree_build(struct nodes *nodes, const struct sl_entity *const *entities,
	size_t len);

const struct sl_entity *sl_tree_find(const struct node *root, bool fold,
	const struct sl_entity *key);

/* Adds or replaces. */
const struct node *sl_tree_put(struct nodes *nodes, const struct node *root, bool fold,
	const struct sl_entity *entity);

/* The same root when there is none such. */
const struct node *sl_tree_drop(struct nodes *nodes, const struct node *root, bool fold,
	const struct sl_entity *key);

#endif
