#include "call.h"

#include "sluice/core/str.h"

#include <string.h>

const struct sl_cli_option sl_cli_common[] = {
	{ "help", 'h', NULL, "what the command does and its options", false },
	{ "config", 'c', "FILE", "the configuration (SLUICE_CONFIG, else ./sluice.yaml)", false },
	{ "output", 0, "table|json", "for people or for programs", false },
	{ "quiet", 'q', NULL, "no progress, no notices", false },
	{ "socket", 0, "PATH", "the daemon's socket (SLUICE_SOCKET)", false },
	{ "server", 0, "URL", "the daemon's address, instead of its socket", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option *find_in(const struct sl_cli_option *rows, const char *name,
	size_t len)
{
	for (; rows && rows->name; rows++) {
		if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
			return rows;
	}
	return NULL;
}

static const struct sl_cli_option *find_letter(const struct sl_cli_option *rows, char letter)
{
	for (; rows && rows->name; rows++) {
		if (rows->letter == letter)
			return rows;
	}
	return NULL;
}

static enum sl_code unknown(const struct sl_cli *cli, const char *word, size_t len,
	struct sl_error *err)
{
	const char *names[64];
	const char *near;
	size_t n = 0;

	for (const struct sl_cli_option *row = cli->command->options; row && row->name && n < 48;
		row++)
		names[n++] = row->name;
	for (const struct sl_cli_option *row = sl_cli_common; row->name; row++)
		names[n++] = row->name;
	near = sl_nearest(sl_arena_strndup(cli->arena, word, len), names, n);
	if (near)
		return sl_error_set(err, SL_EINVAL, "%s: unknown option --%.*s, did you mean --%s?",
			cli->command->name, (int)len, word, near);
	return sl_error_set(err, SL_EINVAL, "%s: unknown option --%.*s, see sluice %s -h",
		cli->command->name, (int)len, word, cli->command->name);
}

static enum sl_code keep(struct sl_cli *cli, const struct sl_cli_option *row, const char *value,
	struct sl_error *err)
{
	if (cli->n_given == SL_CLI_VALUES_MAX)
		return sl_error_set(err, SL_ELIMIT, "%s: more than %d options", cli->command->name,
			SL_CLI_VALUES_MAX);
	for (size_t i = 0; !row->repeat && row->value && i < cli->n_given; i++) {
		if (cli->given[i].name == row->name)
			return sl_error_set(err, SL_EINVAL, "%s: --%s is given twice",
				cli->command->name, row->name);
	}
	cli->given[cli->n_given].name = row->name;
	cli->given[cli->n_given].value = value;
	cli->n_given++;
	return SL_OK;
}

/* One "--name", "--name=value" or "--name value"; *at moves past a value taken from the next word.
 */
static enum sl_code take_long(struct sl_cli *cli, int argc, char **argv, int *at,
	struct sl_error *err)
{
	const char *word = argv[*at] + 2;
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct sl_cli_option *row = find_in(cli->command->options, word, len);

	if (!row)
		row = find_in(sl_cli_common, word, len);
	if (!row)
		return unknown(cli, word, len, err);
	if (!row->value && equals)
		return sl_error_set(err, SL_EINVAL, "%s: --%s takes no value", cli->command->name,
			row->name);
	if (!row->value || equals)
		return keep(cli, row, row->value ? equals + 1 : NULL, err);
	if (*at + 1 >= argc)
		return sl_error_set(err, SL_EINVAL, "%s: --%s needs a value (%s)",
			cli->command->name, row->name, row->value);
	*at += 1;
	return keep(cli, row, argv[*at], err);
}

/* "-x", "-x value" or "-xvalue". */
static enum sl_code take_short(struct sl_cli *cli, int argc, char **argv, int *at,
	struct sl_error *err)
{
	const char *word = argv[*at] + 1;
	const struct sl_cli_option *row = find_letter(cli->command->options, word[0]);

	if (!row)
		row = find_letter(sl_cli_common, word[0]);
	if (!row || (!row->value && word[1] != '\0'))
		return sl_error_set(err, SL_EINVAL, "%s: unknown option -%s, see sluice %s -h",
			cli->command->name, word, cli->command->name);
	if (!row->value)
		return keep(cli, row, NULL, err);
	if (word[1] != '\0')
		return keep(cli, row, word + 1, err);
	if (*at + 1 >= argc)
		return sl_error_set(err, SL_EINVAL, "%s: -%c needs a value (%s)",
			cli->command->name, word[0], row->value);
	*at += 1;
	return keep(cli, row, argv[*at], err);
}

static enum sl_code check_count(const struct sl_cli *cli, struct sl_error *err)
{
	const struct sl_command *command = cli->command;

	if (sl_cli_has(cli, "help"))
		return SL_OK;
	if ((int)cli->n_args < command->min_args)
		return sl_error_set(err, SL_EINVAL, "%s: something is missing, usage: sluice %s %s",
			command->name, command->name, command->arguments);
	if (command->max_args >= 0 && (int)cli->n_args > command->max_args)
		return sl_error_set(err, SL_EINVAL, "%s: unexpected '%s', usage: sluice %s%s%s",
			command->name, cli->args[command->max_args], command->name,
			command->arguments[0] ? " " : "", command->arguments);
	return SL_OK;
}

static enum sl_code check_output(const struct sl_cli *cli, struct sl_error *err)
{
	const char *output = sl_cli_value(cli, "output");

	if (output && !sl_str_eq(output, "table") && !sl_str_eq(output, "json"))
		return sl_error_set(err, SL_EINVAL, "%s: --output is table or json, not '%s'",
			cli->command->name, output);
	return SL_OK;
}

enum sl_code sl_cli_parse(struct sl_cli *cli, int argc, char **argv, struct sl_error *err)
{
	bool options = true;
	enum sl_code code;

	cli->given = sl_arena_calloc(cli->arena, SL_CLI_VALUES_MAX, sizeof(*cli->given));
	cli->args = sl_arena_calloc(cli->arena, (size_t)argc + 1, sizeof(*cli->args));
	for (int i = 0; i < argc; i++) {
		code = SL_OK;
		if (options && sl_str_eq(argv[i], "--"))
			options = false;
		else if (options && sl_str_starts(argv[i], "--"))
			code = take_long(cli, argc, argv, &i, err);
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			code = take_short(cli, argc, argv, &i, err);
		else
			cli->args[cli->n_args++] = argv[i];
		if (code != SL_OK)
			return code;
	}
	code = check_output(cli, err);
	return code == SL_OK ? check_count(cli, err) : code;
}
