/*
 * trie: the entities of a catalogue by the hash of their names, so that one is found without
 * comparing texts on the way; persistent as the tree beside it, which keeps the order.
 *
 * A hash array mapped trie (Bagwell 2001): four bits of the hash choose the way at each level.
 * Entities of one hash, those that differ in kind alone among them, share a tree at the end of the
 * way, so whoever invents colliding names gets the tree's speed.
 */
#ifndef SLUICE_SCHEMA_TRIE_H
#define SLUICE_SCHEMA_TRIE_H

#include "tree.h"

struct trie;

/* The first of the kinds by these names, whatever the kind of the key. */
const struct sl_entity *sl_trie_find(const struct trie *root, bool fold,
	const struct sl_entity *key, const enum sl_entity_kind *kinds, size_t n);

/* Adds or replaces. */
const struct trie *sl_trie_put(struct nodes *nodes, const struct trie *root, bool fold,
	const struct sl_entity *entity);

/* The same root when there is none such. */
const struct trie *sl_trie_drop(struct nodes *nodes, const struct trie *root, bool fold,
	const struct sl_entity *key);

#endif
