/* How commands that work on databases without a daemon name them: URLs, passwords, the folder. */
#ifndef SLUICE_CLI_TARGET_H
#define SLUICE_CLI_TARGET_H

#include "folder.h"

#include "sluice/apply.h"
#include "sluice/cli.h"

/* The rows of their options, for each command's own table. */
#define SL_CLI_OPTION_PASSWORD                                                                    \
	{                                                                                         \
		"password", 0, "SECRET",                                                          \
			"env:NAME or file:/PATH that holds the password; else PGPASSWORD or the " \
			"client's password file",                                                 \
			false                                                                     \
	}
#define SL_CLI_OPTION_DIR                                                \
	{                                                                \
		"dir", 'd', "DIR", "the folder of the migrations", false \
	}
#define SL_CLI_OPTION_LAYOUT                                                                      \
	{                                                                                         \
		"layout", 0, "LAYOUT", "flyway, goose, plain, ...; recognised unless said", false \
	}
#define SL_CLI_OPTION_LEDGER                                                        \
	{                                                                           \
		"ledger", 0, "NAME", "the ledger's scope (default: default)", false \
	}

/* Fills spec from a URL and the command's --password; what it points to lives as long as the call.
 */
enum sl_code sl_cli_target(struct sl_conn_spec *out, struct sl_cli *cli, const char *url,
	struct sl_error *err) __attribute__((warn_unused_result));

/* What to do where a database could not be used: "; ..." or "". */
const char *sl_cli_target_remedy(enum sl_code code);

/* Adds it to the error where the database is a server's, and returns code. */
enum sl_code sl_cli_target_failed(struct sl_error *err, enum sl_code code,
	const struct sl_conn_spec *spec);

/* A migrations folder that was read, for one dialect. */
struct sl_cli_migrations {
	struct sl_cli_folder files; /* owned */
	struct sl_layout layout;
};

void sl_cli_migrations_done(struct sl_cli_migrations *migrations);

#define sl_auto_cli_migrations __attribute__((cleanup(sl_cli_migrations_done)))

/* Reads --dir as --layout says; problems that are no errors become notes.  A folder that is not
 * there is SL_EINVAL. */
enum sl_code sl_cli_migrations(struct sl_cli_migrations *out, struct sl_cli *cli,
	enum sl_dialect dialect, struct sl_error *err) __attribute__((warn_unused_result));

/* "cli:ana": who runs the command, by the account. */
const char *sl_cli_actor(struct sl_cli *cli);

/* What the ledger remembers as the tool. */
#define SL_CLI_TOOL "sluice " SLUICE_VERSION

#endif
