/*
 * YAML as a tree that remembers where each node stands (libyaml's events underneath).
 * No anchors, aliases, tags or several documents; doubled keys, more than 1 MiB, more than 32
 * levels and text that is not UTF-8 are errors with line and column.  Scalars stay text: the option
 * table gives them their type.  The tree lives in the arena that it was loaded into.
 */
#ifndef SLUICE_CORE_YAML_H
#define SLUICE_CORE_YAML_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>

enum sl_yaml_kind { SL_YAML_SCALAR, SL_YAML_LIST, SL_YAML_MAP, SL_YAML_KIND_COUNT };

struct sl_yaml {
	enum sl_yaml_kind kind;
	unsigned line; /* from 1 */
	unsigned column; /* from 1, code points */
	const char *text; /* scalar, or NULL */
	bool quoted; /* the scalar stood in quotes or a block: "null" is then a string */
	size_t len; /* children of a list or map */
	const struct sl_yaml *const *items; /* values */
	const struct sl_yaml *const *keys; /* of a map: scalars, same order */
};

/* name is used in messages ("sluice.yaml:3:7: …").  *out is never NULL on SL_OK: an empty
 * document is an empty map at 1:1. */
enum sl_code sl_yaml_load(const struct sl_yaml **out, struct sl_arena *arena, const char *name,
	const char *text, size_t len, struct sl_error *err) __attribute__((warn_unused_result));

/* NULL when absent or map is not a map. */
const struct sl_yaml *sl_yaml_get(const struct sl_yaml *map, const char *key);

#endif
