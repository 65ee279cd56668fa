/* From the YAML tree and the rows to the typed snapshot, with every problem on the way. */
#include "node.h"
#include "sluice/core/alloc.h"
#include "sluice/core/escape.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/core/yaml.h"
#include "sluice/sys/file.h"

#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024)

struct loader {
	struct sl_arena *arena;
	const char *name;
	struct sl_problems *problems;
};

static struct sl_config_node *load(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml);

static bool is_null(const struct sl_yaml *yaml)
{
	return yaml->kind == SL_YAML_SCALAR && !yaml->quoted &&
		(sl_str_eq(yaml->text, "") || sl_str_eq(yaml->text, "~") ||
			sl_str_eq(yaml->text, "null"));
}

static struct sl_config_node *node_at(const struct loader *loader, enum node_kind kind,
	const struct option_node *option, const struct sl_yaml *yaml)
{
	struct sl_config_node *node = node_new(loader->arena, kind, option);

	node->line = yaml->line;
	node->column = yaml->column;
	return node;
}

static void refuse_key(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *key)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(256);

	struct {
		SL_VEC(const char *);
	} names = { 0 };

	const char *near;

	for (size_t i = 0; i < option->keys.len; i++)
		*sl_vec_add_in(loader->arena, &names) = option->keys.at[i]->name;
	near = sl_nearest(key->text, names.at, names.len);
	sl_escape_terminal(&shown, key->text, strnlen(key->text, 60));
	if (near)
		problem_at(loader->problems, loader->name, key->line, key->column,
			"unknown key '%s', did you mean '%s'?", sl_buf_str(&shown), near);
	else if (option->path[0] != '\0')
		problem_at(loader->problems, loader->name, key->line, key->column,
			"unknown key '%s' in '%s'", sl_buf_str(&shown), option->path);
	else
		problem_at(loader->problems, loader->name, key->line, key->column,
			"unknown key '%s'", sl_buf_str(&shown));
}

static void load_key(struct loader *loader, struct sl_config_node *map, const struct sl_yaml *key,
	const struct sl_yaml *value)
{
	const struct option_node *child = option_child(map->option, key->text);
	struct sl_config_node *node;

	if (!child) {
		refuse_key(loader, map->option, key);
		return;
	}
	if (option_has_flag(child, SL_OPTION_LATER)) {
		problem_at(loader->problems, loader->name, key->line, key->column,
			"'%s' is not available in this version", child->path);
		return;
	}
	if (is_null(value) && option_type(child) != SL_OPTION_ANY)
		return;
	node = load(loader, child, value);
	if (node)
		node_add(loader->arena, map, key->text, node);
}

/* Whether the file says something for the option, be it wrong. */
static bool stands(const struct sl_yaml *yaml, const char *key)
{
	const struct sl_yaml *value = sl_yaml_get(yaml, key);

	return value && !is_null(value);
}

static void add_absent(struct loader *loader, struct sl_config_node *map,
	const struct sl_yaml *yaml)
{
	for (size_t i = 0; i < map->option->keys.len; i++) {
		const struct option_node *child = map->option->keys.at[i];
		struct sl_config_node *node;

		if (stands(yaml, child->name))
			continue;
		if (option_has_flag(child, SL_OPTION_REQUIRED))
			problem_at(loader->problems, loader->name, yaml->line, yaml->column,
				"'%s' is missing", child->path);
		node = node_of_defaults(loader->arena, child);
		if (node)
			node_add(loader->arena, map, child->name, node);
	}
}

static struct sl_config_node *load_map(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml)
{
	struct sl_config_node *map = node_at(loader, NODE_MAP, option, yaml);

	for (size_t i = 0; i < yaml->len; i++)
		load_key(loader, map, yaml->keys[i], yaml->items[i]);
	add_absent(loader, map, yaml);
	return map;
}

/* value of key in item, or the item itself when key is NULL. */
static const struct sl_config_node *unique_value(const struct sl_config_node *item, const char *key)
{
	return key ? sl_config_get(item, key) : item;
}

static void check_unique(struct loader *loader, const struct sl_config_node *list,
	const struct option_node *option, const char *key)
{
	sl_auto(sl_map_free_p) struct sl_map *seen = sl_map_new();

	for (size_t i = 0; i < list->items.len; i++) {
		const struct sl_config_node *value = unique_value(list->items.at[i], key);
		const struct sl_config_node *first;

		if (!value || !value->text)
			continue;
		first = sl_map_get(seen, value->text);
		if (first)
			problem_at(loader->problems, loader->name, value->line, value->column,
				"'%s' '%.64s' stands twice, first in line %u", option->path,
				value->text, first->line);
		else
			(void)sl_map_put(seen, value->text, list->items.at[i]);
	}
}

static void check_uniques(struct loader *loader, const struct sl_config_node *list)
{
	const struct option_node *item = list->option->item;

	if (option_has_flag(item, SL_OPTION_UNIQUE))
		check_unique(loader, list, item, NULL);
	for (size_t i = 0; i < item->keys.len; i++) {
		if (option_has_flag(item->keys.at[i], SL_OPTION_UNIQUE))
			check_unique(loader, list, item->keys.at[i], item->keys.at[i]->name);
	}
}

static struct sl_config_node *load_list(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml)
{
	struct sl_config_node *list = node_at(loader, NODE_LIST, option, yaml);

	for (size_t i = 0; i < yaml->len; i++) {
		struct sl_config_node *item = load(loader, option->item, yaml->items[i]);

		if (item)
			node_add(loader->arena, list, NULL, item);
	}
	check_uniques(loader, list);
	return list;
}

static struct sl_config_node *load_scalar(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml)
{
	struct sl_config_node *node = node_at(loader, NODE_SCALAR, option, yaml);
	struct sl_error err = SL_ERROR_INIT;

	node->text = yaml->text;
	if (option_value(option->row, yaml->text, &node->number, &err) == SL_OK)
		return node;
	problem_at(loader->problems, loader->name, yaml->line, yaml->column, "'%s' %s",
		option->path, err.msg);
	return NULL;
}

/* A subtree that a table's check reads by itself. */
static struct sl_config_node *load_any(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml)
{
	static const enum node_kind kinds[] = { [SL_YAML_SCALAR] = NODE_SCALAR,
		[SL_YAML_LIST] = NODE_LIST,
		[SL_YAML_MAP] = NODE_MAP };
	struct sl_config_node *node = node_at(loader, kinds[yaml->kind], option, yaml);

	node->text = yaml->text;
	for (size_t i = 0; i < yaml->len; i++)
		node_add(loader->arena, node, yaml->keys ? yaml->keys[i]->text : NULL,
			load_any(loader, NULL, yaml->items[i]));
	return node;
}

static const char *yaml_kind_name(const struct sl_yaml *yaml)
{
	switch (yaml->kind) {
	case SL_YAML_LIST:
		return "a list";
	case SL_YAML_MAP:
		return "a section with keys";
	case SL_YAML_SCALAR:
	case SL_YAML_KIND_COUNT:
		break;
	}
	return "a single value";
}

static struct sl_config_node *load(struct loader *loader, const struct option_node *option,
	const struct sl_yaml *yaml)
{
	enum sl_option_type type = option_type(option);
	const char *must = option->item ? "a list" : "a section with keys";

	if (type == SL_OPTION_ANY)
		return load_any(loader, option, yaml);
	if (option->item && yaml->kind == SL_YAML_LIST)
		return load_list(loader, option, yaml);
	if (option_is_map(option) && yaml->kind == SL_YAML_MAP)
		return load_map(loader, option, yaml);
	if (type != SL_OPTION_SECTION) {
		if (yaml->kind == SL_YAML_SCALAR)
			return load_scalar(loader, option, yaml);
		must = option_type_name(type);
	}
	problem_at(loader->problems, loader->name, yaml->line, yaml->column,
		"'%s' must be %s%s, not %s", option->path[0] != '\0' ? option->path : "the file",
		type == SL_OPTION_SECTION || type == SL_OPTION_BOOL ? "" : "a ", must,
		yaml_kind_name(yaml));
	return NULL;
}

static void run_checks(const struct sl_config *config, struct sl_problems *problems)
{
	for (size_t i = 0; i < config->set->n; i++) {
		if (config->set->tables[i]->check)
			config->set->tables[i]->check(config, problems);
	}
}

static enum sl_code first_problem(const struct sl_problems *problems, struct sl_error *err)
{
	size_t more = sl_problems_total(problems) - 1;

	if (more == 0)
		return sl_error_set(err, SL_EINVAL, "%s", sl_problems_at(problems, 0));
	return sl_error_set(err, SL_EINVAL, "%.400s (and %zu more)", sl_problems_at(problems, 0),
		more);
}

static void build(struct sl_config *config, const struct sl_config_text *text,
	struct sl_problems *problems)
{
	struct loader loader = { .arena = config->arena,
		.name = config->name,
		.problems = problems };
	struct sl_error err = SL_ERROR_INIT;
	const struct sl_yaml *yaml = NULL;

	if (sl_yaml_load(&yaml, config->arena, config->name, text->text, text->len, &err) !=
		SL_OK) {
		problem_line(problems, err.msg);
		return;
	}
	config->root = load(&loader, config->options, yaml);
	if (sl_problems_total(problems) == 0)
		run_checks(config, problems);
}

enum sl_code sl_config_parse(struct sl_config **out, const struct sl_option_set *set,
	const struct sl_config_text *text, struct sl_problems *problems, struct sl_error *err)
{
	sl_auto(sl_config_unref_p) struct sl_config *config = sl_xcalloc(1, sizeof(*config));
	sl_auto(sl_problems_free_p) struct sl_problems *own = sl_problems_new();

	if (!problems)
		problems = own;
	config->arena = sl_arena_new();
	config->name = sl_arena_strdup(config->arena, text->name);
	config->set = set;
	config->options = option_tree(config->arena, set);
	atomic_init(&config->refs, 1);
	build(config, text, problems);
	if (sl_problems_total(problems) > 0)
		return first_problem(problems, err);
	*out = sl_steal(config);
	return SL_OK;
}

enum sl_code sl_config_load(struct sl_config **out, const struct sl_option_set *set,
	const char *path, struct sl_problems *problems, struct sl_error *err)
{
	sl_autofree char *text = NULL;
	size_t len = 0;
	enum sl_code code = sl_file_read(&text, &len, path, FILE_MAX, err);

	if (code == SL_ENOTFOUND)
		return sl_error_set(err, code,
			"%s: there is no such file; name another with -c, or let `sluice init` make one",
			path);
	if (code != SL_OK)
		return code;
	return sl_config_parse(out, set,
		&(const struct sl_config_text){ .name = path, .text = text, .len = len }, problems,
		err);
}
