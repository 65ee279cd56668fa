/* The daemon, as the commands talk to it: its API over the socket, or over HTTP with --server. */
#ifndef SLUICE_CLI_CLIENT_H
#define SLUICE_CLI_CLIENT_H

#include "sluice/cli.h"
#include "sluice/core/json.h"

/* body may be NULL.  *out is a new reference.  What the daemon refuses comes back with its own code
 * and message; SL_EUNAVAIL when there is no daemon. */
enum sl_code sl_client_call(struct sl_cli *cli, const char *path, const json_t *body, json_t **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The same; then prints the answer when --output json was given: *printed. */
enum sl_code sl_client_show(struct sl_cli *cli, const char *path, json_t **out, bool *printed,
	struct sl_error *err) __attribute__((warn_unused_result));

/* As --output json prints an answer. */
void sl_client_print_json(struct sl_cli *cli, const json_t *answer);

/* Where the daemon's socket is: --socket, SLUICE_SOCKET, the configuration. */
enum sl_code sl_client_socket(struct sl_cli *cli, const char **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A text of an answer, "" when absent, for a line on a terminal: what others wrote (titles,
 * reasons) cannot hold control bytes any more. */
const char *sl_client_text(struct sl_cli *cli, const json_t *object, const char *key);

#endif
