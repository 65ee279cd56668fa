#include "sluice/core/yaml.h"

#include "sluice/core/utf8.h"
#include "sluice/core/vec.h"

#include <string.h>
#include <yaml.h>

#define TEXT_MAX  ((size_t)1024 * 1024)
#define DEPTH_MAX 32
#define KEYS_MAX  4096 /* of one map: each is compared with all before it */

/* A list or map that is still open; keys and items grow in the arena. */
struct open {
	struct sl_yaml *node;

	struct {
		SL_VEC(const struct sl_yaml *);
	} keys, items;
};

struct loader {
	yaml_parser_t parser;
	struct sl_arena *arena;
	const char *name;
	struct open open[DEPTH_MAX];
	unsigned depth;
	struct sl_yaml *root;
};

/* libyaml counts lines and columns from 0, columns in code points. */
static enum sl_code refuse(const struct loader *loader, yaml_mark_t mark, enum sl_code code,
	const char *why, struct sl_error *err)
{
	return sl_error_set(err, code, "%s:%zu:%zu: %s", loader->name, mark.line + 1,
		mark.column + 1, why);
}

static enum sl_code refuse_syntax(const struct loader *loader, struct sl_error *err)
{
	const yaml_parser_t *parser = &loader->parser;

	return refuse(loader, parser->problem_mark, SL_EINVAL,
		parser->problem ? parser->problem : "not valid YAML", err);
}

static bool key_is_doubled(const struct open *open, const char *key)
{
	for (size_t i = 0; i < open->keys.len; i++) {
		if (strcmp(open->keys.at[i]->text, key) == 0)
			return true;
	}
	return false;
}

/* Puts the finished or opened node where it belongs. */
static enum sl_code attach(struct loader *loader, struct sl_yaml *node, yaml_mark_t mark,
	struct sl_error *err)
{
	struct open *open;

	if (loader->depth == 0) {
		loader->root = node;
		return SL_OK;
	}
	open = &loader->open[loader->depth - 1];
	if (open->node->kind == SL_YAML_LIST || open->keys.len > open->items.len) {
		*sl_vec_add_in(loader->arena, &open->items) = node;
		return SL_OK;
	}
	if (node->kind != SL_YAML_SCALAR)
		return refuse(loader, mark, SL_EINVAL, "a key must be plain text", err);
	if (open->keys.len == KEYS_MAX)
		return refuse(loader, mark, SL_ELIMIT, "more than 4096 keys in one map", err);
	if (key_is_doubled(open, node->text))
		return sl_error_set(err, SL_EINVAL, "%s:%u:%u: key '%.64s' stands twice",
			loader->name, node->line, node->column, node->text);
	*sl_vec_add_in(loader->arena, &open->keys) = node;
	return SL_OK;
}

static struct sl_yaml *node_new(struct loader *loader, enum sl_yaml_kind kind, yaml_mark_t mark)
{
	struct sl_yaml *node = sl_arena_alloc(loader->arena, sizeof(*node));

	node->kind = kind;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	return node;
}

static enum sl_code on_scalar(struct loader *loader, const yaml_event_t *event,
	struct sl_error *err)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct sl_yaml *node;

	if (event->data.scalar.anchor)
		return refuse(loader, event->start_mark, SL_EINVAL, "anchors are not read", err);
	if (event->data.scalar.tag)
		return refuse(loader, event->start_mark, SL_EINVAL, "tags are not read", err);
	if (memchr(value, '\0', len))
		return refuse(loader, event->start_mark, SL_EINVAL, "a zero byte in text", err);
	node = node_new(loader, SL_YAML_SCALAR, event->start_mark);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = sl_arena_strndup(loader->arena, value, len);
	return attach(loader, node, event->start_mark, err);
}

static enum sl_code on_open(struct loader *loader, enum sl_yaml_kind kind, bool decorated,
	yaml_mark_t mark, struct sl_error *err)
{
	struct sl_yaml *node = node_new(loader, kind, mark);
	enum sl_code code;

	if (decorated)
		return refuse(loader, mark, SL_EINVAL, "anchors and tags are not read", err);
	if (loader->depth == DEPTH_MAX)
		return refuse(loader, mark, SL_ELIMIT, "nested deeper than 32 levels", err);
	code = attach(loader, node, mark, err);
	if (code != SL_OK)
		return code;
	loader->open[loader->depth++] = (struct open){ .node = node };
	return SL_OK;
}

static enum sl_code on_close(struct loader *loader)
{
	struct open *open = &loader->open[--loader->depth];

	open->node->len = open->items.len;
	open->node->items = open->items.at;
	open->node->keys = open->keys.at;
	return SL_OK;
}

static enum sl_code on_event(struct loader *loader, const yaml_event_t *event, struct sl_error *err)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (loader->root)
			return refuse(loader, event->start_mark, SL_EINVAL,
				"a second document is not read", err);
		return SL_OK;
	case YAML_ALIAS_EVENT:
		return refuse(loader, event->start_mark, SL_EINVAL, "aliases are not read", err);
	case YAML_SCALAR_EVENT:
		return on_scalar(loader, event, err);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(loader, SL_YAML_LIST,
			event->data.sequence_start.anchor || event->data.sequence_start.tag,
			event->start_mark, err);
	case YAML_MAPPING_START_EVENT:
		return on_open(loader, SL_YAML_MAP,
			event->data.mapping_start.anchor || event->data.mapping_start.tag,
			event->start_mark, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(loader);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return SL_OK;
	}
	return SL_OK;
}

static enum sl_code run(struct loader *loader, struct sl_error *err)
{
	bool at_end = false;

	while (!at_end) {
		yaml_event_t event;
		enum sl_code code;

		if (!yaml_parser_parse(&loader->parser, &event))
			return refuse_syntax(loader, err);
		at_end = event.type == YAML_STREAM_END_EVENT;
		code = on_event(loader, &event, err);
		yaml_event_delete(&event);
		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

/* libyaml would guess other encodings and name no place, so broken text is found first. */
static enum sl_code check_text(const char *name, const char *text, size_t len, struct sl_error *err)
{
	size_t good;
	size_t line = 1;
	size_t start = 0;

	if (len > TEXT_MAX)
		return sl_error_set(err, SL_ELIMIT, "%s: %zu bytes, at most %zu are read", name,
			len, TEXT_MAX);
	good = sl_utf8_valid_prefix(text, len);
	if (good == len)
		return SL_OK;
	for (size_t i = 0; i < good; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	return sl_error_set(err, SL_EINVAL, "%s:%zu:%zu: not UTF-8", name, line,
		sl_utf8_count(text + start, good - start) + 1);
}

enum sl_code sl_yaml_load(const struct sl_yaml **out, struct sl_arena *arena, const char *name,
	const char *text, size_t len, struct sl_error *err)
{
	struct loader *loader;
	enum sl_code code = check_text(name, text, len, err);

	if (code != SL_OK)
		return code;
	loader = sl_arena_alloc(arena, sizeof(*loader));
	loader->arena = arena;
	loader->name = name;
	if (!yaml_parser_initialize(&loader->parser))
		return sl_error_set(err, SL_EINTERNAL, "%s: the YAML parser does not start", name);
	yaml_parser_set_encoding(&loader->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&loader->parser, (const unsigned char *)text, len);
	code = run(loader, err);
	yaml_parser_delete(&loader->parser);
	if (code != SL_OK)
		return code;
	if (!loader->root ||
		(loader->root->kind == SL_YAML_SCALAR && !loader->root->quoted &&
			loader->root->text[0] == '\0'))
		loader->root = node_new(loader, SL_YAML_MAP, (yaml_mark_t){ 0 });
	*out = loader->root;
	return SL_OK;
}

const struct sl_yaml *sl_yaml_get(const struct sl_yaml *map, const char *key)
{
	if (map->kind != SL_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->len; i++) {
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	}
	return NULL;
}
