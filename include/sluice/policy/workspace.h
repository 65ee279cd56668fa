/*
 * The configured world: its rows of the option table, and its loading.
 *
 * The table checks everything that can be checked without a network: references between rows,
 * selectors and conditions (they compile, and every environment, kind, role or label literal in
 * them exists; the message has the nearest name), two entries of one ledger scope on overlapping
 * targets. Keys that the product plans but this version has not are refused as not available yet,
 * never ignored.  So a configuration that was loaded with this table in its set is right, and
 * turning it into a workspace cannot fail.
 *
 * Thread-safe: a loaded workspace never changes.
 */
#ifndef SLUICE_POLICY_WORKSPACE_H
#define SLUICE_POLICY_WORKSPACE_H

#include "sluice/config/option.h"
#include "sluice/core/arena.h"
#include "sluice/model/workspace.h"

#include <stddef.h>

struct sl_config;

/* users roles hosts environments targets projects risk approvals routes. */
extern const struct sl_option_table sl_policy_options;

/* What the configuration says; lives in the arena, all of it copied. */
const struct sl_workspace *sl_workspace_load(const struct sl_config *config, struct sl_arena *arena)
	__attribute__((returns_nonnull));

/* How far Sluice goes with the project in the environment (an index). */
enum sl_mode sl_project_mode(const struct sl_workspace *workspace, const struct sl_project *project,
	size_t environment);

/* Indices of rows, for those who only have a name; the array's length when there is none. */
size_t sl_workspace_environment(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_target(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_project(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_user(const struct sl_workspace *workspace, const char *name);

/* The user with this e-mail (case does not count), or Unix account. */
size_t sl_workspace_user_by_email(const struct sl_workspace *workspace, const char *email);
size_t sl_workspace_user_by_unix(const struct sl_workspace *workspace, const char *account);

#endif
