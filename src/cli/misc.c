/* Small commands that need nobody. */
#include "cli_int.h"
#include "client.h"

static enum sl_code run_version(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *version = json_pack("{s:s}", "version", SLUICE_VERSION);

	(void)err;
	if (sl_cli_json(cli))
		sl_client_print_json(cli, version);
	else
		sl_cli_print(cli, "sluice %s\n", SLUICE_VERSION);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "version", SL_CLI_OPERATE, "the version of this binary", "", NULL, 0, 0, run_version },
};

const struct sl_command_list sl_commands_misc = { rows, sizeof(rows) / sizeof(rows[0]) };
