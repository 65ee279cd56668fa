/*
 * world: the configured workspace with everything that was made from it once: the review's settings
 * of each environment, the server's own options.  Immutable and reference counted: a reload makes a
 * new one, and who is at work keeps the one it began with.
 */
#ifndef SLUICE_CONTROL_WORLD_H
#define SLUICE_CONTROL_WORLD_H

#include "sluice/config/snapshot.h"
#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/model/workspace.h"
#include "sluice/review/rule.h"

#include <stddef.h>
#include <stdint.h>

struct sl_world {
	const struct sl_config *config; /* NULL when it was made by hand */
	const struct sl_workspace *workspace;
	const struct sl_rule_settings *const *rules; /* one for each environment */
	/* The repository that Sluice owns, one of the workspace's projects; NULL: there is none. */
	const struct sl_project *own;
	const char *url; /* where the pages are, without a final '/'; "" unknown */
	const char *listen, *socket; /* "" none */
	const char *socket_group; /* "" none */
	const char *store; /* URL */
	const char *store_password; /* reference to a secret, "" none */
	const char *data; /* folder of mirrors and keys */
	const char *const *assert_users;
	size_t assert_users_len;
	int64_t poll_us; /* how often a repository is looked at unasked */
	int64_t lease_us; /* how long a replica's work is its own without a renewal */
	int64_t grace_us; /* how long a stop waits for the statement at hand */
	int64_t migration_bytes; /* most of one file */
	unsigned workers, apply_workers; /* threads of the two lanes */
	int log_level; /* enum sl_log_level */
};

/* The rows of every room that has some; what `config check`, `show` and `schema` are made from. */
const struct sl_option_set *sl_world_options(void);

/* Reads and checks a configuration file; the caller owns one reference of *out.  SL_EINVAL: every
 * problem is in problems, or, when that is NULL, the message is the first of them. */
enum sl_code sl_world_load(const struct sl_world **out, const char *path,
	struct sl_problems *problems, struct sl_error *err) __attribute__((warn_unused_result));

/* A world made by hand, for tests and simulation: workspace and rules must outlive it. */
const struct sl_world *sl_world_of(const struct sl_workspace *workspace,
	const struct sl_rule_settings *const *rules) __attribute__((returns_nonnull));

const struct sl_world *sl_world_ref(const struct sl_world *world)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_world_unref(const struct sl_world *world);

static inline void sl_world_unref_p(const struct sl_world **world)
{
	sl_world_unref(*world);
	*world = NULL;
}

#endif
