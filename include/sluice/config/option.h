/*
 * The option table.  Every option is one row that a room contributes; from the rows come the check
 * of a file, the defaults, the JSON Schema, the help and the manual.  cli and daemon compose the
 * rooms' tables into a set.
 *
 * A path names where the option stands:
 *	server.listen			a key of a section
 *	environments[].name		a key of every item of a list
 *	hosts[].webhook_secrets[]	every item of a list of plain values
 *	targets[].labels.*		every key of a map whose keys are free
 *	approvals.*[].role		and any mixture of these
 * Sections and lists need no rows of their own; a row of type SL_OPTION_SECTION documents one or
 * gives it flags.  All of this is constant data, declared once, never freed.
 */
#ifndef SLUICE_CONFIG_OPTION_H
#define SLUICE_CONFIG_OPTION_H

#include "sluice/core/buf.h"
#include "sluice/core/error.h"
#include "sluice/core/json.h"

#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_problems;

enum sl_option_type {
	SL_OPTION_SECTION, /* a map or list: documentation and flags */
	SL_OPTION_STRING,
	SL_OPTION_BOOL, /* true or false */
	SL_OPTION_INT,
	SL_OPTION_DURATION, /* "10m"; microseconds */
	SL_OPTION_SIZE, /* "64MiB"; bytes */
	SL_OPTION_ENUM, /* one of names */
	SL_OPTION_URL, /* names: the schemes allowed; a password inside is refused */
	SL_OPTION_SECRET, /* a reference: see secret.h */
	SL_OPTION_EXPR, /* an SQL expression: the row's or table's check compiles it */
	SL_OPTION_REGEX,
	SL_OPTION_GLOB,
	SL_OPTION_PATH, /* of a file or folder; relative to the working folder */
	SL_OPTION_ANY, /* a subtree of free shape: the table's check reads it */
	SL_OPTION_TYPE_COUNT
};

enum sl_option_flag {
	SL_OPTION_REQUIRED = 1 << 0, /* must stand in every map that is its parent */
	SL_OPTION_LATER = 1 << 1, /* refused: "is not available in this version" */
	SL_OPTION_UNIQUE = 1 << 2, /* values differ within the list */
	SL_OPTION_RESTART = 1 << 3, /* a change takes effect at the next start */
};

struct sl_option {
	const char *path;
	enum sl_option_type type;
	unsigned flags;
	const char *fallback; /* the default as it would be written; NULL: none */
	const char *doc; /* one sentence */
	const char *const *names; /* NULL-terminated; see the types */
	const char *const *later_names; /* NULL-terminated: known, not available yet */
	int64_t min; /* INT, DURATION, SIZE when max is not 0 */
	int64_t max;
	/* Refuses a text that the type allows; the message is only the cause.  May be NULL. */
	enum sl_code (*check)(const char *text, struct sl_error *err);
};

struct sl_option_table {
	const struct sl_option *rows;
	size_t n;
	/* What no single row can see (an unknown role, two ledgers on one target); called after the
	 * whole file was read without a problem.  May be NULL. */
	void (*check)(const struct sl_config *config, struct sl_problems *problems);
};

struct sl_option_set {
	const struct sl_option_table *const *tables;
	size_t n;
};

/* The rows of server, store, log and limits. */
extern const struct sl_option_table sl_config_server_options;

/* JSON Schema (2020-12) of the set; the caller owns the reference. */
json_t *sl_option_schema(const struct sl_option_set *set)
	__attribute__((returns_nonnull, warn_unused_result));

/* The chapter of the manual: Markdown, a heading a section, a table row an option. */
void sl_option_manual(const struct sl_option_set *set, struct sl_buf *out);

/* The chapters of the manual page, for man(7): a heading a section, a paragraph an option. */
void sl_option_roff(const struct sl_option_set *set, struct sl_buf *out);

/* Help for a terminal: the options whose path starts with prefix ("" for all). */
void sl_option_help(const struct sl_option_set *set, const char *prefix, struct sl_buf *out);

#endif
