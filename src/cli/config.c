/* The configuration: checked, shown, described. */
#include "cli_int.h"
#include "client.h"

#include "sluice/control/world.h"
#include "sluice/core/json.h"

#define SCHEMA_MAX (4u << 20)

static enum sl_code path_of(struct sl_cli *cli, const char **out, struct sl_error *err)
{
	*out = sl_cli_arg_count(cli) > 0 ? sl_cli_arg(cli, 0) : sl_cli_config_path(cli);
	if (*out)
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"no configuration: name a file, or stand in a folder with a sluice.yaml");
}

/* A file that is not there is a wrong command line. */
static enum sl_code load(struct sl_cli *cli, const char *path, struct sl_problems *problems,
	const struct sl_world **out, struct sl_error *err)
{
	enum sl_code code = sl_world_load(out, path, problems, err);

	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	return code;
}

static void tell_check(struct sl_cli *cli, const char *path, const struct sl_problems *problems)
{
	sl_auto_json json_t *all = json_array();
	sl_auto_json json_t *answer = json_pack("{s:s, s:O}", "file", path, "problems", all);

	for (size_t i = 0; i < sl_problems_len(problems); i++) {
		(void)json_array_append_new(all, json_string(sl_problems_at(problems, i)));
		if (!sl_cli_json(cli))
			(void)fprintf(stderr, "%s\n", sl_problems_at(problems, i));
	}
	if (sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else if (json_array_size(all) == 0)
		sl_cli_print(cli, "%s: good\n", path);
}

static enum sl_code run_check(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	sl_auto(sl_world_unref_p) const struct sl_world *world = NULL;
	const char *path;
	enum sl_code code = path_of(cli, &path, err);

	if (code == SL_OK)
		code = load(cli, path, problems, &world, err);
	if (code == SL_OK || sl_problems_total(problems) > 0)
		tell_check(cli, path, problems);
	if (sl_problems_total(problems) == 0)
		return code;
	return sl_error_set(err, SL_EINVAL, "%s: %zu problem%s", path, sl_problems_total(problems),
		sl_problems_total(problems) == 1 ? "" : "s");
}

static enum sl_code run_show(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = NULL;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SCHEMA_MAX);
	sl_auto_json json_t *json = NULL;
	const char *path;
	enum sl_code code = path_of(cli, &path, err);

	if (code == SL_OK)
		code = load(cli, path, NULL, &world, err);
	if (code != SL_OK)
		return code;
	if (sl_cli_json(cli)) {
		json = sl_config_json(world->config);
		sl_json_pretty(json, &text);
		sl_buf_addc(&text, '\n');
	} else {
		sl_config_show(world->config, &text);
	}
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static enum sl_code run_schema(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SCHEMA_MAX);
	sl_auto_json json_t *schema = sl_option_schema(sl_world_options());

	(void)err;
	sl_json_pretty(schema, &text);
	sl_buf_addc(&text, '\n');
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static enum sl_code run_options(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SCHEMA_MAX);
	const char *prefix = sl_cli_arg_count(cli) > 0 ? sl_cli_arg(cli, 0) : "";

	if (sl_cli_json(cli))
		return run_schema(cli, err);
	if (sl_cli_has(cli, "markdown"))
		sl_option_manual(sl_world_options(), &text);
	else
		sl_option_help(sl_world_options(), prefix, &text);
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static const struct sl_cli_option option_options[] = {
	{ "markdown", 0, NULL, "as the chapter of the manual", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command rows[] = {
	{ "config check", SL_CLI_START, "is the configuration right?", "[FILE]", NULL, 0, 1,
		run_check },
	{ "config show", SL_CLI_START, "the configuration in force, defaults included", "[FILE]",
		NULL, 0, 1, run_show },
	{ "config schema", SL_CLI_START, "JSON Schema of the configuration, for editors", "", NULL,
		0, 0, run_schema },
	{ "config options", SL_CLI_START, "every option, with its default", "[PREFIX]",
		option_options, 0, 1, run_options },
};

const struct sl_command_list sl_commands_config = { rows, sizeof(rows) / sizeof(rows[0]) };
