#include "tree.h"

#include "sluice/core/str.h"

#include <assert.h>

static struct option_node *node_new(struct sl_arena *arena, const char *name, const char *path)
{
	struct option_node *node = sl_arena_alloc(arena, sizeof(*node));

	node->name = name;
	node->path = path;
	return node;
}

struct option_node *option_child(const struct option_node *node, const char *key)
{
	for (size_t i = 0; i < node->keys.len; i++) {
		if (sl_str_eq(node->keys.at[i]->name, key))
			return node->keys.at[i];
	}
	return node->any_key;
}

static struct option_node *step_to_key(struct sl_arena *arena, struct option_node *node,
	const char *name, const char *path)
{
	struct option_node *child;

	if (sl_str_eq(name, "*")) {
		if (!node->any_key)
			node->any_key = node_new(arena, name, path);
		return node->any_key;
	}
	for (size_t i = 0; i < node->keys.len; i++) {
		if (sl_str_eq(node->keys.at[i]->name, name))
			return node->keys.at[i];
	}
	child = node_new(arena, name, path);
	*sl_vec_add_in(arena, &node->keys) = child;
	return child;
}

static struct option_node *step_to_item(struct sl_arena *arena, struct option_node *node,
	const char *path)
{
	if (!node->item)
		node->item = node_new(arena, "[]", path);
	return node->item;
}

static void add_row(struct sl_arena *arena, struct option_node *root, const struct sl_option *row)
{
	struct option_node *node = root;
	const char *at = row->path;

	while (*at != '\0') {
		size_t len = strcspn(at, ".[");
		const char *end = at + len;

		if (len > 0)
			node = step_to_key(arena, node, sl_arena_strndup(arena, at, len),
				sl_arena_strndup(arena, row->path, (size_t)(end - row->path)));
		for (; sl_str_starts(end, "[]"); end += 2)
			node = step_to_item(arena, node,
				sl_arena_strndup(arena, row->path, (size_t)(end - row->path) + 2));
		assert(*end == '\0' || *end == '.');
		at = *end == '.' ? end + 1 : end;
	}
	assert(!node->row);
	node->row = row;
}

struct option_node *option_tree(struct sl_arena *arena, const struct sl_option_set *set)
{
	struct option_node *root = node_new(arena, "", "");

	for (size_t t = 0; t < set->n; t++) {
		for (size_t i = 0; i < set->tables[t]->n; i++)
			add_row(arena, root, &set->tables[t]->rows[i]);
	}
	return root;
}

void option_rows(const struct option_node *node,
	void (*write)(const struct sl_option *row, struct sl_buf *out), struct sl_buf *out)
{
	if (option_has_flag(node, SL_OPTION_LATER))
		return;
	if (node->row && node->row->type != SL_OPTION_SECTION)
		write(node->row, out);
	for (size_t i = 0; i < node->keys.len; i++)
		option_rows(node->keys.at[i], write, out);
	if (node->any_key)
		option_rows(node->any_key, write, out);
	if (node->item)
		option_rows(node->item, write, out);
}

bool option_is_map(const struct option_node *node)
{
	return node->keys.len > 0 || node->any_key;
}

bool option_has_flag(const struct option_node *node, enum sl_option_flag flag)
{
	return node->row && (node->row->flags & (unsigned)flag) != 0;
}

enum sl_option_type option_type(const struct option_node *node)
{
	return node->row ? node->row->type : SL_OPTION_SECTION;
}
