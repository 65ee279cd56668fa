/* `sluice rules list|show` and `explain`: the catalogue of rules from its rows. */
#ifndef SLUICE_CLI_RULES_H
#define SLUICE_CLI_RULES_H

#include "sluice/cli.h"

enum sl_code sl_cli_rules_list(struct sl_cli *cli, struct sl_error *err);
enum sl_code sl_cli_rules_show(struct sl_cli *cli, struct sl_error *err);

#endif
