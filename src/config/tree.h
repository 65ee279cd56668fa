/* The rows of a set as a tree by path: what may stand where. */
#ifndef SLUICE_CONFIG_TREE_H
#define SLUICE_CONFIG_TREE_H

#include "sluice/config/option.h"
#include "sluice/core/vec.h"

struct option_node {
	const char *name; /* the key, "*" or "[]" */
	const char *path; /* whole, as rows write it; "" at the top */
	const struct sl_option *row; /* NULL: a section nobody described */

	struct {
		SL_VEC(struct option_node *);
	} keys;
	struct option_node *any_key; /* "*" */
	struct option_node *item; /* "[]" */
};

/* Lives in the arena. */
struct option_node *option_tree(struct sl_arena *arena, const struct sl_option_set *set)
	__attribute__((returns_nonnull));

struct option_node *option_child(const struct option_node *node, const char *key);

/* Writes each option at and below the node, in order, those for later left out. */
void option_rows(const struct option_node *node,
	void (*write)(const struct sl_option *row, struct sl_buf *out), struct sl_buf *out);

bool option_is_map(const struct option_node *node);
bool option_has_flag(const struct option_node *node, enum sl_option_flag flag);
enum sl_option_type option_type(const struct option_node *node);

/* Checks text against the row.  *number is as sl_config_int() gives it.  The message is a cause
 * that follows the option's name: "must be true or false". */
enum sl_code option_value(const struct sl_option *row, const char *text, int64_t *number,
	struct sl_error *err);

/* "10 to 20", "at least 1ms", "one of a, b": what the row allows beyond its type; "" when nothing.
 */
void option_range(const struct sl_option *row, struct sl_buf *out);

const char *option_type_name(enum sl_option_type type);

#endif
