/*
 * The configured world as plain data: what `sluice.yaml` says under users, roles, environments,
 * targets, projects, risk, approvals and routes.  The policy room loads and checks it
 * (sluice/policy/workspace.h); afterwards nothing changes it.  It lives in the arena it was loaded
 * into, with the configuration's snapshot.  Text is never NULL, "" where the file says nothing.
 *
 * References between rows are indices into the arrays of struct sl_workspace: they were checked.
 */
#ifndef SLUICE_MODEL_WORKSPACE_H
#define SLUICE_MODEL_WORKSPACE_H

#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key and value on a target. */
struct sl_label {
	const char *key, *value;
};

#define SL_LIMIT_UNSAID (-1)

/* Their order is the order in which changes flow. */
struct sl_environment {
	const char *name;
	enum sl_mode mode; /* of projects that say nothing else */
	int64_t lock_us, statement_us; /* as those of a target, which come first */
	int64_t give_up_us; /* how long a lock is tried for again and again; 0: for ever */
	int64_t drift_every_us; /* 0: never unasked */
	bool drift_hold; /* a run on a drifted target waits for somebody */
};

struct sl_target {
	const char *name;
	size_t environment;
	const char *url; /* holds no password */
	const char *password; /* secret reference, or "" */
	int64_t lock_us, statement_us; /* how long a statement waits for a lock, and runs; 0: no
					* bound, SL_LIMIT_UNSAID: not said */
	enum sl_dialect dialect; /* of the URL's scheme; MariaDB is told from MySQL on connecting */
	const struct sl_label *labels;
	size_t labels_len;
};

/* One `migrations:` entry of a project. */
struct sl_migrations_entry {
	const char *path; /* folder in the repository, no leading or trailing '/'; "" is the root */
	const char *layout; /* a layout's name, or "auto" */
	const char *ledger; /* scope of the once-guard, "default" unless said */
	const char *targets; /* selector: an SQL expression over labels */
	bool adopts_history; /* what another tool applied counts, without a further word */
};

struct sl_project {
	const char *name;
	const char *repository; /* URL or path that is fetched, complete */
	const char *branch;
	const enum sl_mode *modes; /* one for each environment; NULL: the environments' own */
	const struct sl_migrations_entry *migrations;
	size_t migrations_len;
};

struct sl_user {
	const char *name;
	const char *email;
	const char *unix_name; /* account on the socket */
	const char *token; /* secret reference of an API token, or "" */
};

struct sl_role {
	const char *name;
	const size_t *users;
	size_t users_len;
};

/* First match wins; no match, NULL or an error is high. */
struct sl_risk_rule {
	enum sl_risk level;
	const char *when; /* an SQL expression */
};

struct sl_approval_step {
	const char *role;
	unsigned count; /* at least 1 */
};

/* What a level of risk needs, in this order. */
struct sl_approval_flow {
	const struct sl_approval_step *steps;
	size_t len;
};

/* Where notifications go. */
struct sl_route {
	const char *name, *kind;
	const char *url; /* URL, or a secret reference of one */
	const char *secret; /* secret reference of the signing key, or "" */
	const size_t *environments; /* none: all */
	size_t environments_len;
	const char *const *events; /* event kinds, a trailing '*' allowed; none: all */
	size_t events_len;
};

struct sl_workspace {
	const struct sl_environment *environments;
	size_t environments_len;
	const struct sl_target *targets;
	size_t targets_len;
	const struct sl_project *projects;
	size_t projects_len;
	const struct sl_user *users;
	size_t users_len;
	const struct sl_role *roles;
	size_t roles_len;
	const struct sl_risk_rule *risk;
	size_t risk_len;
	struct sl_approval_flow approvals[SL_RISK_COUNT];
	const struct sl_route *routes;
	size_t routes_len;
};

#endif
