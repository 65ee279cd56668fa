/*
 * cli: the commands of the one binary.
 *
 * A command is a row: its name, options, help and function stand together, and the dispatcher,
 * `-h`, the manual and the completion are made from the rows.  The dispatcher parses the options,
 * refuses unknown ones with the nearest known, and hands the command a struct sl_cli that lives for
 * one call: its arena, clock, randomness, cancel token (asked by SIGINT and SIGTERM) and streams.
 *
 * A command returns SL_OK or an error.  Errors are printed by the dispatcher as one line on stderr.
 * The exit status is what the command set with sl_cli_exit(), else 0, else the code's own of
 * product contract 4.1. `serve` lives on a higher floor and comes in as an extra row of
 * sl_cli_main().
 */
#ifndef SLUICE_CLI_H
#define SLUICE_CLI_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sl_cancel;
struct sl_cli;

/* In the order in which help shows them. */
enum sl_cli_group {
	SL_CLI_START,
	SL_CLI_REVIEW,
	SL_CLI_RELEASE,
	SL_CLI_INSPECT,
	SL_CLI_OPERATE,
	SL_CLI_GROUP_COUNT
};

struct sl_cli_option {
	const char *name; /* without the dashes; NULL ends the array */
	char letter; /* one-letter form, or 0 */
	const char *value; /* "URL": takes a value; NULL: a flag */
	const char *doc; /* one line */
	bool repeat; /* may be given several times */
};

struct sl_command {
	const char *name; /* "review", "change list": at most two words */
	enum sl_cli_group group;
	const char *summary; /* one line */
	const char *arguments; /* "[PATH..]", or "" */
	const struct sl_cli_option *options; /* NULL: only those that every command has */
	int min_args, max_args; /* max -1: any number */
	enum sl_code (*run)(struct sl_cli *cli, struct sl_error *err);
};

/* The whole program: returns the exit status. */
int sl_cli_main(int argc, char **argv, const struct sl_command *extra, size_t n_extra);

/* --- what a command asks of its call ------------------------------------------------------- */

bool sl_cli_has(const struct sl_cli *cli, const char *option);

/* The last value given, or NULL. */
const char *sl_cli_value(const struct sl_cli *cli, const char *option);

/* The i-th value of a repeated option, or NULL past the end. */
const char *sl_cli_value_at(const struct sl_cli *cli, const char *option, size_t i);

/* Whole number option within the range, or fallback when it was not given. */
enum sl_code sl_cli_number(const struct sl_cli *cli, const char *option, int64_t min, int64_t max,
	int64_t *inout, struct sl_error *err) __attribute__((warn_unused_result));

size_t sl_cli_arg_count(const struct sl_cli *cli);
const char *sl_cli_arg(const struct sl_cli *cli, size_t i);

/* --output json (or --format json where the command has that option). */
bool sl_cli_json(const struct sl_cli *cli);
bool sl_cli_quiet(const struct sl_cli *cli);

/* stdout is a terminal and NO_COLOR is not set. */
bool sl_cli_color(const struct sl_cli *cli);

/* The configuration that -c, SLUICE_CONFIG or ./sluice.yaml names; NULL when there is none. */
const char *sl_cli_config_path(const struct sl_cli *cli);

/* An environment variable, "" counting as unset; NULL when unset. */
const char *sl_cli_env(const struct sl_cli *cli, const char *name);

struct sl_arena *sl_cli_arena(struct sl_cli *cli);
const struct sl_clock *sl_cli_clock(const struct sl_cli *cli);
const struct sl_rand *sl_cli_rand(const struct sl_cli *cli);
struct sl_cancel *sl_cli_cancel(struct sl_cli *cli);

/* Writes to stdout; the dispatcher reports a full disk or a closed pipe at the end.  What the
 * arguments hold of control characters and marks of direction is shown as such (\x1b), line ends
 * too.  Conversions: s d u c, with a width, a precision of s, and ll l z. */
void sl_cli_print(struct sl_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Several lines, or data.  On a terminal the same is shown but line ends and tabs; elsewhere it is
 * written as it is. */
void sl_cli_write(struct sl_cli *cli, const char *text, size_t len);

/* What was made inert when it was made, colours and all. */
void sl_cli_write_raw(struct sl_cli *cli, const char *text, size_t len);

/* A line on stderr that is not an error (progress, a notice); silent with --quiet. */
void sl_cli_note(struct sl_cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The exit status of this call, whatever run() returns. */
void sl_cli_exit(struct sl_cli *cli, int status);

#endif
