#include "call.h"

#include "sluice/core/str.h"

#include <stdlib.h>
#include <unistd.h>

bool sl_cli_has(const struct sl_cli *cli, const char *option)
{
	for (size_t i = 0; i < cli->n_given; i++) {
		if (sl_str_eq(cli->given[i].name, option))
			return true;
	}
	return false;
}

const char *sl_cli_value(const struct sl_cli *cli, const char *option)
{
	const char *value = NULL;

	for (size_t i = 0; i < cli->n_given; i++) {
		if (sl_str_eq(cli->given[i].name, option))
			value = cli->given[i].value;
	}
	return value;
}

const char *sl_cli_value_at(const struct sl_cli *cli, const char *option, size_t i)
{
	for (size_t k = 0; k < cli->n_given; k++) {
		if (!sl_str_eq(cli->given[k].name, option))
			continue;
		if (i == 0)
			return cli->given[k].value;
		i--;
	}
	return NULL;
}

enum sl_code sl_cli_number(const struct sl_cli *cli, const char *option, int64_t min, int64_t max,
	int64_t *inout, struct sl_error *err)
{
	const char *value = sl_cli_value(cli, option);

	if (!value || sl_parse_i64(value, min, max, inout))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "--%s: '%s' is not a whole number from %lld to %lld",
		option, value, (long long)min, (long long)max);
}

size_t sl_cli_arg_count(const struct sl_cli *cli)
{
	return cli->n_args;
}

const char *sl_cli_arg(const struct sl_cli *cli, size_t i)
{
	return i < cli->n_args ? cli->args[i] : NULL;
}

bool sl_cli_json(const struct sl_cli *cli)
{
	const char *output = sl_cli_value(cli, "output");
	const char *format = sl_cli_value(cli, "format");

	return (output && sl_str_eq(output, "json")) || (format && sl_str_eq(format, "json"));
}

bool sl_cli_quiet(const struct sl_cli *cli)
{
	return sl_cli_has(cli, "quiet");
}

bool sl_cli_color(const struct sl_cli *cli)
{
	return isatty(STDOUT_FILENO) && !sl_cli_env(cli, "NO_COLOR");
}

const char *sl_cli_config_path(const struct sl_cli *cli)
{
	const char *path = sl_cli_value(cli, "config");

	if (!path)
		path = sl_cli_env(cli, "SLUICE_CONFIG");
	if (!path && access("sluice.yaml", F_OK) == 0)
		path = "sluice.yaml";
	return path;
}

const char *sl_cli_env(const struct sl_cli *cli, const char *name)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

	(void)cli;
	return value && value[0] != '\0' ? value : NULL;
}

struct sl_arena *sl_cli_arena(struct sl_cli *cli)
{
	return cli->arena;
}

const struct sl_clock *sl_cli_clock(const struct sl_cli *cli)
{
	(void)cli;
	return sl_clock_system();
}

const struct sl_rand *sl_cli_rand(const struct sl_cli *cli)
{
	(void)cli;
	return sl_rand_system();
}

struct sl_cancel *sl_cli_cancel(struct sl_cli *cli)
{
	return cli->cancel;
}

void sl_cli_exit(struct sl_cli *cli, int status)
{
	cli->status = status;
}
