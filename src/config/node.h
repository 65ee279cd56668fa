/* A typed value of the snapshot. */
#ifndef SLUICE_CONFIG_NODE_H
#define SLUICE_CONFIG_NODE_H

#include "sluice/config/snapshot.h"
#include "tree.h"

#include <stdatomic.h>

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct sl_config_node {
	enum node_kind kind;
	const struct option_node *option; /* NULL below an option of any shape */
	unsigned line; /* 0: a default */
	unsigned column;
	const char *text; /* scalar */
	int64_t number; /* scalar: BOOL, INT, DURATION, SIZE, ENUM */

	struct {
		SL_VEC(struct sl_config_node *);
	} items; /* of a list or map */

	struct {
		SL_VEC(const char *);
	} keys; /* of a map, same order */
};

struct sl_config {
	struct sl_arena *arena; /* owns everything below */
	const char *name;
	const struct sl_option_set *set;
	const struct option_node *options;
	const struct sl_config_node *root;
	atomic_uint refs;
};

/* Under this option, what every map that lacks it gets: a default, a section of defaults, or NULL.
 */
struct sl_config_node *node_of_defaults(struct sl_arena *arena, const struct option_node *option);

struct sl_config_node *node_new(struct sl_arena *arena, enum node_kind kind,
	const struct option_node *option) __attribute__((returns_nonnull));
void node_add(struct sl_arena *arena, struct sl_config_node *node, const char *key,
	struct sl_config_node *child);

/* "FILE:LINE:COLUMN: text" at a place of the file. */
void problem_at(struct sl_problems *problems, const char *file, unsigned line, unsigned column,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A line that has its place already. */
void problem_line(struct sl_problems *problems, const char *line);

#endif
