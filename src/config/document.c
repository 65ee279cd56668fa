/* What the rows say about themselves: JSON Schema, manual, help. */
#include "sluice/config/option.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "tree.h"

#include <string.h>

#define HELP_COLUMN 34

static json_t *names_json(const char *const *names)
{
	json_t *array = json_array();

	for (size_t i = 0; names[i]; i++)
		(void)json_array_append_new(array, json_string(names[i]));
	return array;
}

static void set_range(json_t *schema, const struct sl_option *row)
{
	if (row->max == 0)
		return;
	(void)json_object_set_new(schema, "minimum", json_integer(row->min));
	if (row->max != INT64_MAX)
		(void)json_object_set_new(schema, "maximum", json_integer(row->max));
}

/* A URL's scheme, as a pattern. */
static void set_schemes(json_t *schema, const struct sl_option *row)
{
	sl_auto_buf struct sl_buf pattern = SL_BUF_INIT(1024);

	if (!row->names)
		return;
	sl_buf_adds(&pattern, "^(");
	for (size_t i = 0; row->names[i]; i++)
		sl_buf_addf(&pattern, "%s%s", i > 0 ? "|" : "", row->names[i]);
	sl_buf_adds(&pattern, "):");
	(void)json_object_set_new(schema, "pattern", json_string(sl_buf_str(&pattern)));
}

static json_t *typed(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *patterned(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *scalar_schema(const struct sl_option *row)
{
	json_t *schema;

	switch (row->type) {
	case SL_OPTION_BOOL:
		return typed("boolean");
	case SL_OPTION_INT:
		schema = typed("integer");
		set_range(schema, row);
		return schema;
	case SL_OPTION_DURATION:
		return patterned("^(0|([0-9]+(us|ms|s|m|h|d|w))+)$");
	case SL_OPTION_SIZE:
		return json_pack("{s:[s,s], s:s}", "type", "string", "integer", "pattern",
			"^[0-9]+(B|KiB|MiB|GiB|TiB)?$");
	case SL_OPTION_ENUM:
		return json_pack("{s:o}", "enum", names_json(row->names));
	case SL_OPTION_SECRET:
		return patterned("^(env:|systemd:|file:/).+$");
	case SL_OPTION_URL:
		schema = typed("string");
		set_schemes(schema, row);
		return schema;
	case SL_OPTION_STRING:
	case SL_OPTION_EXPR:
	case SL_OPTION_REGEX:
	case SL_OPTION_GLOB:
	case SL_OPTION_PATH:
		return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
	case SL_OPTION_SECTION:
	case SL_OPTION_ANY:
	case SL_OPTION_TYPE_COUNT:
		break;
	}
	return json_object();
}

static json_t *node_schema(const struct option_node *node);

static json_t *map_schema(const struct option_node *node)
{
	json_t *properties = json_object();
	json_t *required = json_array();
	json_t *schema = typed("object");

	for (size_t i = 0; i < node->keys.len; i++) {
		const struct option_node *key = node->keys.at[i];

		(void)json_object_set_new(properties, key->name, node_schema(key));
		if (option_has_flag(key, SL_OPTION_REQUIRED))
			(void)json_array_append_new(required, json_string(key->name));
	}
	(void)json_object_set_new(schema, "properties", properties);
	if (json_array_size(required) > 0)
		(void)json_object_set(schema, "required", required);
	json_decref(required);
	(void)json_object_set_new(schema, "additionalProperties",
		node->any_key ? node_schema(node->any_key) : json_false());
	return schema;
}

static json_t *shape_schema(const struct option_node *node)
{
	json_t *shapes = json_array();
	json_t *only;

	if (option_type(node) != SL_OPTION_SECTION)
		(void)json_array_append_new(shapes, scalar_schema(node->row));
	if (option_is_map(node))
		(void)json_array_append_new(shapes, map_schema(node));
	if (node->item)
		(void)json_array_append_new(shapes,
			json_pack("{s:s, s:o}", "type", "array", "items", node_schema(node->item)));
	if (json_array_size(shapes) > 1)
		return json_pack("{s:o}", "anyOf", shapes);
	only = json_incref(json_array_get(shapes, 0));
	json_decref(shapes);
	return only ? only : json_object();
}

static json_t *default_json(const struct sl_option *row)
{
	int64_t number = 0;

	if (row->type == SL_OPTION_BOOL)
		return json_boolean(sl_str_eq(row->fallback, "true"));
	if (row->type == SL_OPTION_INT &&
		sl_parse_i64(row->fallback, INT64_MIN, INT64_MAX, &number))
		return json_integer(number);
	return json_string(row->fallback);
}

static json_t *node_schema(const struct option_node *node)
{
	json_t *schema;

	/* A file that the schema takes is one that the check takes: "not" anything refuses all. */
	if (option_has_flag(node, SL_OPTION_LATER))
		return json_pack("{s:{}, s:s}", "not", "description",
			"Not available in this version.");
	schema = shape_schema(node);
	if (node->row && node->row->doc)
		(void)json_object_set_new(schema, "description", json_string(node->row->doc));
	if (node->row && node->row->fallback)
		(void)json_object_set_new(schema, "default", default_json(node->row));
	return schema;
}

json_t *sl_option_schema(const struct sl_option_set *set)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	json_t *schema = json_pack("{s:s, s:s}", "$schema",
		"https://json-schema.org/draft/2020-12/schema", "title", "sluice.yaml");
	sl_auto_json json_t *shape = map_schema(option_tree(arena, set));

	(void)json_object_update(schema, shape);
	return schema;
}

static void manual_row(const struct sl_option *row, struct sl_buf *out)
{
	sl_auto_buf struct sl_buf range = SL_BUF_INIT(2048);

	option_range(row, &range);
	sl_buf_addf(out, "| `%s` | %s", row->path, option_type_name(row->type));
	if (range.len > 0) {
		sl_buf_adds(out, ": ");
		sl_escape_markdown(out, sl_buf_str(&range));
	}
	sl_buf_adds(out, " | ");
	if (row->fallback)
		sl_buf_addf(out, "`%s`", row->fallback);
	else if (row->flags & SL_OPTION_REQUIRED)
		sl_buf_adds(out, "required");
	sl_buf_addf(out, " | %s%s |\n", row->doc,
		row->flags & SL_OPTION_RESTART ? " Takes effect at the next start." : "");
}

void sl_option_manual(const struct sl_option_set *set, struct sl_buf *out)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct option_node *root = option_tree(arena, set);

	for (size_t i = 0; i < root->keys.len; i++) {
		const struct option_node *section = root->keys.at[i];

		if (option_has_flag(section, SL_OPTION_LATER))
			continue;
		sl_buf_addf(out, "%s## %s\n\n", out->len > 0 ? "\n" : "", section->name);
		if (section->row && section->row->type == SL_OPTION_SECTION)
			sl_buf_addf(out, "%s\n\n", section->row->doc);
		sl_buf_adds(out, "| option | type | default | what it does |\n|---|---|---|---|\n");
		option_rows(section, manual_row, out);
	}
}

static void help_row(const struct sl_option *row, struct sl_buf *out)
{
	int pad = HELP_COLUMN - (int)strlen(row->path);

	sl_buf_addf(out, "  %s%*s %s", row->path, pad > 0 ? pad : 0, "", row->doc);
	if (row->fallback)
		sl_buf_addf(out, " [%s]", row->fallback);
	sl_buf_addc(out, '\n');
}

void sl_option_help(const struct sl_option_set *set, const char *prefix, struct sl_buf *out)
{
	for (size_t t = 0; t < set->n; t++) {
		for (size_t i = 0; i < set->tables[t]->n; i++) {
			const struct sl_option *row = &set->tables[t]->rows[i];

			if (!(row->flags & SL_OPTION_LATER) && sl_str_starts(row->path, prefix))
				help_row(row, out);
		}
	}
}
