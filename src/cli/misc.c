/* Small commands that need nobody. */
#include "cli_int.h"

static enum sl_code run_version(struct sl_cli *cli, struct sl_error *err)
{
	(void)err;
	sl_cli_print(cli, "sluice %s\n", SLUICE_VERSION);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "version", SL_CLI_OPERATE, "the version of this binary", "", NULL, 0, 0, run_version },
};

const struct sl_command_list sl_commands_misc = { rows, sizeof(rows) / sizeof(rows[0]) };
