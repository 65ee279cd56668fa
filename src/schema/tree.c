#include "tree.h"

#include <string.h>

int sl_name_compare(bool fold, const char *a, const char *b)
{
	size_t i = 0;

	if (a == b)
		return 0;
	if (!fold)
		return strcmp(a, b);
	for (;; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];

		if (x == y && x != '\0')
			continue;
		if (x >= 'A' && x <= 'Z')
			x = (unsigned char)(x + ('a' - 'A'));
		if (y >= 'A' && y <= 'Z')
			y = (unsigned char)(y + ('a' - 'A'));
		if (x != y)
			return x < y ? -1 : 1;
		if (x == '\0')
			return 0;
	}
}

int sl_tree_compare(bool fold, const struct sl_entity *a, const struct sl_entity *b)
{
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = sl_name_compare(fold, a->schema, b->schema);
	if (order == 0)
		order = sl_name_compare(fold, a->name, b->name);
	if (order == 0)
		order = sl_name_compare(fold, a->detail, b->detail);
	return order;
}

static unsigned height(const struct node *node)
{
	return node ? node->height : 0;
}

static const struct node *make(struct sl_arena *arena, const struct node *left,
	const struct sl_entity *entity, const struct node *right)
{
	struct node *node = sl_arena_alloc(arena, sizeof(*node));
	unsigned l = height(left), r = height(right);

	node->left = left;
	node->right = right;
	node->entity = entity;
	node->height = (l > r ? l : r) + 1;
	return node;
}

/* AVL trees: Adelson-Velsky and Landis 1962, in the functional form. */
static const struct node *balance(struct sl_arena *arena, const struct node *left,
	const struct sl_entity *entity, const struct node *right)
{
	unsigned l = height(left), r = height(right);

	if (l > r + 1) {
		const struct node *inner = left->right;

		if (height(left->left) >= height(inner))
			return make(arena, left->left, left->entity,
				make(arena, inner, entity, right));
		return make(arena, make(arena, left->left, left->entity, inner->left),
			inner->entity, make(arena, inner->right, entity, right));
	}
	if (r > l + 1) {
		const struct node *inner = right->left;

		if (height(right->right) >= height(inner))
			return make(arena, make(arena, left, entity, inner), right->entity,
				right->right);
		return make(arena, make(arena, left, entity, inner->left), inner->entity,
			make(arena, inner->right, right->entity, right->right));
	}
	return make(arena, left, entity, right);
}

const struct node *sl_tree_build(struct sl_arena *arena, const struct sl_entity *const *entities,
	size_t len)
{
	size_t middle = len / 2;

	if (len == 0)
		return NULL;
	return make(arena, sl_tree_build(arena, entities, middle), entities[middle],
		sl_tree_build(arena, entities + middle + 1, len - middle - 1));
}

const struct sl_entity *sl_tree_find(const struct node *root, bool fold,
	const struct sl_entity *key)
{
	while (root) {
		int order = sl_tree_compare(fold, key, root->entity);

		if (order == 0)
			return root->entity;
		root = order < 0 ? root->left : root->right;
	}
	return NULL;
}

const struct node *sl_tree_put(struct sl_arena *arena, const struct node *root, bool fold,
	const struct sl_entity *entity)
{
	int order;

	if (!root)
		return make(arena, NULL, entity, NULL);
	order = sl_tree_compare(fold, entity, root->entity);
	if (order == 0)
		return make(arena, root->left, entity, root->right);
	if (order < 0)
		return balance(arena, sl_tree_put(arena, root->left, fold, entity), root->entity,
			root->right);
	return balance(arena, root->left, root->entity,
		sl_tree_put(arena, root->right, fold, entity));
}

static const struct node *remove_first(struct sl_arena *arena, const struct node *root)
{
	if (!root->left)
		return root->right;
	return balance(arena, remove_first(arena, root->left), root->entity, root->right);
}

static const struct node *join(struct sl_arena *arena, const struct node *left,
	const struct node *right)
{
	const struct node *first = right;

	if (!left || !right)
		return left ? left : right;
	while (first->left)
		first = first->left;
	return balance(arena, left, first->entity, remove_first(arena, right));
}

static const struct node *remove_found(struct sl_arena *arena, const struct node *root, bool fold,
	const struct sl_entity *key)
{
	int order = sl_tree_compare(fold, key, root->entity);

	if (order == 0)
		return join(arena, root->left, root->right);
	if (order < 0)
		return balance(arena, remove_found(arena, root->left, fold, key), root->entity,
			root->right);
	return balance(arena, root->left, root->entity,
		remove_found(arena, root->right, fold, key));
}

const struct node *sl_tree_drop(struct sl_arena *arena, const struct node *root, bool fold,
	const struct sl_entity *key)
{
	return sl_tree_find(root, fold, key) ? remove_found(arena, root, fold, key) : root;
}
