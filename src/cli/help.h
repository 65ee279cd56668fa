/* Help, made from the rows. */
#ifndef SLUICE_CLI_HELP_H
#define SLUICE_CLI_HELP_H

#include "sluice/cli.h"

/* The groups and their commands.  lists[n] is what the binary knows. */
void sl_cli_help_all(FILE *out, const struct sl_command *const *all, size_t n);
const char *sl_cli_group_title(enum sl_cli_group group);
void sl_cli_help_one(FILE *out, const struct sl_command *command);

#endif
