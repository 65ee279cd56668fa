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

static void measure(struct node *node)
{
	unsigned l = height(node->left), r = height(node->right);

	node->height = ((l > r ? l : r) + 1) & UINT8_MAX;
}

static struct node *make(struct nodes *nodes, const struct node *left,
	const struct sl_entity *entity, const struct node *right)
{
	struct node *node = sl_nodes_alloc(nodes, sizeof(*node));

	*node = (struct node){ .left = left, .right = right, .entity = entity };
	node->edition = nodes->edition & NODE_EDITION_MAX;
	measure(node);
	return node;
}

static void give_back(struct nodes *nodes, const struct node *node)
{
	sl_nodes_give_back(nodes, node, sizeof(*node), node->edition);
}

/* The node itself when it is of this edition, else a copy in its place. */
static struct node *own(struct nodes *nodes, const struct node *node)
{
	struct node *copy;

	if (node->edition == nodes->edition)
		return (struct node *)(uintptr_t)node;
	copy = make(nodes, node->left, node->entity, node->right);
	give_back(nodes, node);
	return copy;
}

static struct node *rotate_right(struct nodes *nodes, struct node *node)
{
	struct node *left = own(nodes, node->left);

	node->left = left->right;
	measure(node);
	left->right = node;
	measure(left);
	return left;
}

static struct node *rotate_left(struct nodes *nodes, struct node *node)
{
	struct node *right = own(nodes, node->right);

	node->right = right->left;
	measure(node);
	right->left = node;
	measure(right);
	return right;
}

/* AVL trees: Adelson-Velsky and Landis 1962. */
static const struct node *balance(struct nodes *nodes, struct node *node)
{
	unsigned l = height(node->left), r = height(node->right);

	if (l > r + 1) {
		if (height(node->left->left) < height(node->left->right))
			node->left = rotate_left(nodes, own(nodes, node->left));
		return rotate_right(nodes, node);
	}
	if (r > l + 1) {
		if (height(node->right->right) < height(node->right->left))
			node->right = rotate_right(nodes, own(nodes, node->right));
		return rotate_left(nodes, node);
	}
	measure(node);
	return node;
}

const struct node *sl_tree_build(struct nodes *nodes, const struct sl_entity *const *entities,
	size_t len)
{
	size_t middle = len / 2;

	if (len == 0)
		return NULL;
	return make(nodes, sl_tree_build(nodes, entities, middle), entities[middle],
		sl_tree_build(nodes, entities + middle + 1, len - middle - 1));
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

const struct node *sl_tree_put(struct nodes *nodes, const struct node *root, bool fold,
	const struct sl_entity *entity)
{
	struct node *node;
	int order;

	if (!root)
		return make(nodes, NULL, entity, NULL);
	order = sl_tree_compare(fold, entity, root->entity);
	node = own(nodes, root);
	if (order == 0)
		node->entity = entity;
	else if (order < 0)
		node->left = sl_tree_put(nodes, node->left, fold, entity);
	else
		node->right = sl_tree_put(nodes, node->right, fold, entity);
	return balance(nodes, node);
}

static const struct node *remove_first(struct nodes *nodes, const struct node *root)
{
	const struct node *right = root->right;
	struct node *node;

	if (!root->left) {
		give_back(nodes, root);
		return right;
	}
	node = own(nodes, root);
	node->left = remove_first(nodes, node->left);
	return balance(nodes, node);
}

static const struct node *remove_this(struct nodes *nodes, const struct node *root)
{
	const struct node *left = root->left, *first = root->right;
	struct node *node;

	if (!left || !first) {
		give_back(nodes, root);
		return left ? left : first;
	}
	while (first->left)
		first = first->left;
	node = own(nodes, root);
	node->entity = first->entity;
	node->right = remove_first(nodes, node->right);
	return balance(nodes, node);
}

static const struct node *remove_found(struct nodes *nodes, const struct node *root, bool fold,
	const struct sl_entity *key)
{
	int order = sl_tree_compare(fold, key, root->entity);
	struct node *node;

	if (order == 0)
		return remove_this(nodes, root);
	node = own(nodes, root);
	if (order < 0)
		node->left = remove_found(nodes, node->left, fold, key);
	else
		node->right = remove_found(nodes, node->right, fold, key);
	return balance(nodes, node);
}

const struct node *sl_tree_drop(struct nodes *nodes, const struct node *root, bool fold,
	const struct sl_entity *key)
{
	return sl_tree_find(root, fold, key) ? remove_found(nodes, root, fold, key) : root;
}
