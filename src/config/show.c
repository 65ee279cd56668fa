/* The effective configuration, for people and machines. */
#include "node.h"
#include "sluice/config/snapshot.h"
#include "sluice/core/str.h"

#include <string.h>

static json_t *scalar_json(const struct sl_config_node *node)
{
	enum sl_option_type type = node->option ? option_type(node->option) : SL_OPTION_ANY;

	if (type == SL_OPTION_BOOL)
		return json_boolean(node->number != 0);
	if (type == SL_OPTION_INT)
		return json_integer(node->number);
	return json_string(node->text);
}

static json_t *node_json(const struct sl_config_node *node)
{
	json_t *json;

	if (node->kind == NODE_SCALAR)
		return scalar_json(node);
	json = node->kind == NODE_MAP ? json_object() : json_array();
	for (size_t i = 0; i < node->items.len; i++) {
		json_t *child = node_json(node->items.at[i]);

		if (node->kind == NODE_MAP)
			(void)json_object_set_new(json, node->keys.at[i], child);
		else
			(void)json_array_append_new(json, child);
	}
	return json;
}

json_t *sl_config_json(const struct sl_config *config)
{
	json_t *json = node_json(config->root);

	return json ? json : json_null();
}

/* Plain YAML text that no reader takes for another type, and that has no syntax in it. */
static bool is_plain(const char *s)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off" };
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@+";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (sl_str_eq(s, words[i]))
			return false;
	}
	return ((s[0] >= 'a' && s[0] <= 'z') || s[0] == '/') && s[strspn(s, letters)] == '\0';
}

static void add_text(struct sl_buf *out, const char *text)
{
	sl_auto_json json_t *json = NULL;

	if (is_plain(text)) {
		sl_buf_adds(out, text);
		return;
	}
	/* A JSON string is a double-quoted YAML scalar. */
	json = json_string(text);
	sl_json_canonical(json, out);
}

static void add_scalar(struct sl_buf *out, const struct sl_config_node *node)
{
	enum sl_option_type type = node->option ? option_type(node->option) : SL_OPTION_ANY;

	if (type == SL_OPTION_BOOL || type == SL_OPTION_INT || type == SL_OPTION_DURATION ||
		type == SL_OPTION_SIZE || type == SL_OPTION_ENUM)
		sl_buf_adds(out, node->text);
	else
		add_text(out, node->text);
	sl_buf_adds(out, sl_config_is_default(node) ? " # default\n" : "\n");
}

static void indent(struct sl_buf *out, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		sl_buf_adds(out, "  ");
}

/* inline_first: the first line stands behind a "- " already. */
static void add_node(struct sl_buf *out, const struct sl_config_node *node, unsigned depth,
	bool inline_first)
{
	for (size_t i = 0; i < node->items.len; i++) {
		const struct sl_config_node *child = node->items.at[i];

		if (i > 0 || !inline_first)
			indent(out, depth);
		if (node->kind == NODE_MAP) {
			add_text(out, node->keys.at[i]);
			sl_buf_adds(out, ":");
		} else {
			sl_buf_adds(out, "-");
		}
		if (child->kind == NODE_SCALAR) {
			sl_buf_addc(out, ' ');
			add_scalar(out, child);
		} else if (child->items.len == 0) {
			sl_buf_adds(out, child->kind == NODE_MAP ? " {}\n" : " []\n");
		} else if (node->kind == NODE_LIST) {
			sl_buf_addc(out, ' ');
			add_node(out, child, depth + 1, true);
		} else {
			sl_buf_addc(out, '\n');
			add_node(out, child, depth + 1, false);
		}
	}
}

void sl_config_show(const struct sl_config *config, struct sl_buf *out)
{
	add_node(out, config->root, 0, false);
}
