/*
 * The configured world: its rows of the option table, and its loading.
 *
 * Loading checks everything that can be checked without a network: references between rows, modes,
 * selectors and conditions (they compile, and every environment, kind, role or label literal in
 * them exists; the message has the nearest name), two entries of one ledger scope on overlapping
 * targets, and keys that exist in the plan of the product but not in this version: those are
 * refused as not available yet, never ignored.  Messages begin with file:line:column.
 *
 * Thread-safe: a loaded workspace never changes.
 */
#ifndef SLUICE_POLICY_WORKSPACE_H
#define SLUICE_POLICY_WORKSPACE_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/model/workspace.h"

#include <stddef.h>

/* Indices of rows, for those who only have a name; the array's length when there is none. */
size_t sl_workspace_environment(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_target(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_project(const struct sl_workspace *workspace, const char *name);
size_t sl_workspace_user(const struct sl_workspace *workspace, const char *name);

/* The user with this e-mail (case does not count), login on a host, or Unix account. */
size_t sl_workspace_user_by_email(const struct sl_workspace *workspace, const char *email);
size_t sl_workspace_user_by_login(const struct sl_workspace *workspace, const char *host,
	const char *login);
size_t sl_workspace_user_by_unix(const struct sl_workspace *workspace, const char *account);

#endif
