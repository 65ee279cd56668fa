/* The rows of the commands; each file of this room defines its own. */
#ifndef SLUICE_CLI_INT_H
#define SLUICE_CLI_INT_H

#include "sluice/cli.h"

#include <stdarg.h>

struct sl_command_list {
	const struct sl_command *rows;
	size_t len;
};

extern const struct sl_command_list sl_commands_review; /* review, rules, explain */
extern const struct sl_command_list sl_commands_migrate; /* migrate, baseline */
extern const struct sl_command_list sl_commands_schema; /* snapshot, diff */
extern const struct sl_command_list sl_commands_backup; /* backup, restore */
extern const struct sl_command_list sl_commands_hook; /* hook install, hook receive */
extern const struct sl_command_list sl_commands_config; /* config check, show, schema */
extern const struct sl_command_list sl_commands_init; /* init */
extern const struct sl_command_list sl_commands_change; /* change *, approve, hold, ... */
extern const struct sl_command_list sl_commands_status; /* status, history, audit, whoami */
extern const struct sl_command_list sl_commands_wait; /* wait */
extern const struct sl_command_list sl_commands_targets; /* target list, target adopt */
extern const struct sl_command_list sl_commands_drift; /* drift, drift accept */
extern const struct sl_command_list sl_commands_manual; /* manual */
extern const struct sl_command_list sl_commands_completion; /* completion */
extern const struct sl_command_list sl_commands_doctor; /* doctor */
extern const struct sl_command_list sl_commands_misc; /* version */

/* The last word of a command: another one, as if it had been called with these words; its status,
 * or -1 when there is no such command. */
int sl_cli_go_on(const struct sl_cli *cli, const char *name, int argc, char **argv);

/* A question on stderr, made inert as sl_cli_print() does. */
void sl_cli_prompt(struct sl_cli *cli, const char *fmt, va_list *args);

#endif
