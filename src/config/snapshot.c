#include "sluice/config/snapshot.h"

#include "node.h"
#include "sluice/core/alloc.h"
#include "sluice/core/str.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

struct sl_config *sl_config_ref(struct sl_config *config)
{
	atomic_fetch_add(&config->refs, 1);
	return config;
}

void sl_config_unref(struct sl_config *config)
{
	if (!config || atomic_fetch_sub(&config->refs, 1) > 1)
		return;
	sl_arena_free(config->arena);
	free(config);
}

const char *sl_config_name(const struct sl_config *config)
{
	return config->name;
}

const struct sl_config_node *sl_config_root(const struct sl_config *config)
{
	return config->root;
}

static const struct sl_config_node *get(const struct sl_config_node *node, const char *key,
	size_t len)
{
	if (!node || node->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < node->keys.len; i++) {
		if (strncmp(node->keys.at[i], key, len) == 0 && node->keys.at[i][len] == '\0')
			return node->items.at[i];
	}
	return NULL;
}

const struct sl_config_node *sl_config_get(const struct sl_config_node *node, const char *key)
{
	return get(node, key, strlen(key));
}

const struct sl_config_node *sl_config_at(const struct sl_config *config, const char *path)
{
	const struct sl_config_node *node = config->root;

	for (;;) {
		size_t len = strcspn(path, ".");

		node = get(node, path, len);
		if (!node || path[len] == '\0')
			return node;
		path += len + 1;
	}
}

size_t sl_config_len(const struct sl_config_node *node)
{
	return node ? node->items.len : 0;
}

const struct sl_config_node *sl_config_item(const struct sl_config_node *node, size_t i)
{
	assert(i < sl_config_len(node));
	return node->items.at[i];
}

const char *sl_config_key(const struct sl_config_node *node, size_t i)
{
	assert(node && i < node->keys.len);
	return node->keys.at[i];
}

const char *sl_config_str(const struct sl_config_node *node)
{
	assert(!node || node->kind == NODE_SCALAR);
	return node ? node->text : NULL;
}

bool sl_config_bool(const struct sl_config_node *node)
{
	assert(!node || (node->option && option_type(node->option) == SL_OPTION_BOOL));
	return node && node->number != 0;
}

static bool has_number(const struct sl_config_node *node)
{
	enum sl_option_type type = node->option ? option_type(node->option) : SL_OPTION_ANY;

	return type == SL_OPTION_INT || type == SL_OPTION_DURATION || type == SL_OPTION_SIZE ||
		type == SL_OPTION_ENUM;
}

int64_t sl_config_int(const struct sl_config_node *node)
{
	assert(!node || has_number(node));
	return node ? node->number : 0;
}

const char *sl_config_get_str(const struct sl_config_node *node, const char *key)
{
	return sl_config_str(sl_config_get(node, key));
}

int64_t sl_config_get_int(const struct sl_config_node *node, const char *key)
{
	return sl_config_int(sl_config_get(node, key));
}

bool sl_config_get_bool(const struct sl_config_node *node, const char *key)
{
	return sl_config_bool(sl_config_get(node, key));
}

bool sl_config_is_map(const struct sl_config_node *node)
{
	return node && node->kind == NODE_MAP;
}

bool sl_config_is_list(const struct sl_config_node *node)
{
	return node && node->kind == NODE_LIST;
}

bool sl_config_is_default(const struct sl_config_node *node)
{
	return node && node->line == 0;
}

const char *sl_config_where(const struct sl_config *config, const struct sl_config_node *node,
	struct sl_arena *arena)
{
	if (!node || node->line == 0)
		return sl_arena_strdup(arena, config->name);
	return sl_arena_printf(arena, "%s:%u:%u", config->name, node->line, node->column);
}

struct sl_config_node *node_new(struct sl_arena *arena, enum node_kind kind,
	const struct option_node *option)
{
	struct sl_config_node *node = sl_arena_alloc(arena, sizeof(*node));

	node->kind = kind;
	node->option = option;
	return node;
}

void node_add(struct sl_arena *arena, struct sl_config_node *node, const char *key,
	struct sl_config_node *child)
{
	*sl_vec_add_in(arena, &node->items) = child;
	if (key)
		*sl_vec_add_in(arena, &node->keys) = key;
}

struct sl_config_node *node_of_defaults(struct sl_arena *arena, const struct option_node *option)
{
	struct sl_config_node *node = NULL;
	enum sl_code code;

	if (option->row && option->row->fallback) {
		node = node_new(arena, NODE_SCALAR, option);
		node->text = option->row->fallback;
		code = option_value(option->row, node->text, &node->number, NULL);
		assert(code == SL_OK);
		(void)code;
		return node;
	}
	for (size_t i = 0; i < option->keys.len; i++) {
		struct sl_config_node *child = node_of_defaults(arena, option->keys.at[i]);

		if (!child)
			continue;
		if (!node)
			node = node_new(arena, NODE_MAP, option);
		node_add(arena, node, option->keys.at[i]->name, child);
	}
	return node;
}

/* Path of the row up to its first list or free key: the largest part that has one place. */
static size_t fixed_part(const char *path)
{
	size_t len = strcspn(path, "[*");

	return len > 0 && path[len] == '*' ? len - 1 : len;
}

static bool same(const struct sl_config *before, const struct sl_config *after, const char *path)
{
	sl_auto_json json_t *a = sl_config_json(before);
	sl_auto_json json_t *b = sl_config_json(after);
	const json_t *at_a = a;
	const json_t *at_b = b;

	for (;;) {
		size_t len = strcspn(path, ".");
		char key[64] = "";

		assert(len < sizeof(key));
		memcpy(key, path, len);
		at_a = json_object_get(at_a, key);
		at_b = json_object_get(at_b, key);
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	return at_a == at_b || (at_a && at_b && json_equal(at_a, at_b));
}

void sl_config_need_restart(const struct sl_config *before, const struct sl_config *after,
	void (*fn)(void *ctx, const char *path), void *ctx)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *last = "";

	for (size_t t = 0; t < after->set->n; t++) {
		const struct sl_option_table *table = after->set->tables[t];

		for (size_t i = 0; i < table->n; i++) {
			const struct sl_option *row = &table->rows[i];
			const char *path = sl_arena_strndup(arena, row->path,
				fixed_part(row->path));

			if (!(row->flags & SL_OPTION_RESTART) || sl_str_eq(path, last) ||
				same(before, after, path))
				continue;
			fn(ctx, path);
			last = path;
		}
	}
}

struct sl_config_holder {
	pthread_mutex_t lock;
	struct sl_config *config;
};

struct sl_config_holder *sl_config_holder_new(struct sl_config *config)
{
	struct sl_config_holder *holder = sl_xcalloc(1, sizeof(*holder));

	(void)pthread_mutex_init(&holder->lock, NULL);
	holder->config = config;
	return holder;
}

void sl_config_holder_free(struct sl_config_holder *holder)
{
	if (!holder)
		return;
	sl_config_unref(holder->config);
	(void)pthread_mutex_destroy(&holder->lock);
	free(holder);
}

struct sl_config *sl_config_holder_get(struct sl_config_holder *holder)
{
	struct sl_config *config;

	(void)pthread_mutex_lock(&holder->lock);
	config = sl_config_ref(holder->config);
	(void)pthread_mutex_unlock(&holder->lock);
	return config;
}

void sl_config_holder_replace(struct sl_config_holder *holder, struct sl_config *config)
{
	struct sl_config *before;

	(void)pthread_mutex_lock(&holder->lock);
	before = holder->config;
	holder->config = config;
	(void)pthread_mutex_unlock(&holder->lock);
	sl_config_unref(before);
}
