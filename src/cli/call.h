/* One call of one command: the parsed command line and what the command may ask of it. */
#ifndef SLUICE_CLI_CALL_H
#define SLUICE_CLI_CALL_H

#include "sluice/cli.h"

#define SL_CLI_VALUES_MAX   1024
#define SL_CLI_COMMANDS_MAX 128

struct sl_cli_given {
	const char *name; /* of the option's row */
	const char *value; /* NULL for a flag */
};

/* Every command there is. */
struct catalogue {
	const struct sl_command *at[SL_CLI_COMMANDS_MAX];
	size_t len;
};

struct sl_cli {
	const struct sl_command *command;
	const struct catalogue *all;
	struct sl_arena *arena; /* owned */
	struct sl_cancel *cancel; /* owned */
	struct sl_cli_given *given; /* in the arena */
	size_t n_given;
	const char **args; /* in the arena */
	size_t n_args;
	int status; /* -1 until the command set one */
};

/* The options that every command has; ends with name NULL. */
extern const struct sl_cli_option sl_cli_common[];

/* Fills given and args from argv; SL_EINVAL names the word and the nearest known option. */
enum sl_code sl_cli_parse(struct sl_cli *cli, int argc, char **argv, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
