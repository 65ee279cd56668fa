/*
 * store: Sluice's own data, behind one door for every backend.
 *
 * It keeps what was seen, intended and done; it decides nothing.  The ledger in a target stays the
 * truth about what ran there, so losing the store costs history, never a second execution.
 *
 *	store.h    opening, wake-ups, the installation's id, epochs
 *	batch.h    every write: a batch of records and moves, all or nothing
 *	read.h     every read: lists, views, one record
 *	work.h     claims and leases of tasks, the inbox, the outbox
 *
 * Threads: any number at once.  In SQLite writers queue up and one of them commits for all that
 *wait, so that many small writes share one fsync; in PostgreSQL they go side by side.  A write that
 * returned SL_OK is on the disk.  Readers never wait for writers.  No transaction outlives a call,
 * so none is ever open while somebody talks to a target or a host.
 *
 * Failures: SL_EINVAL when the place cannot hold a store (not a database, a folder, a newer
 *schema); SL_ECONFLICT when another daemon owns it, or a compare-and-set lost; SL_EUNAVAIL when the
 *disk is full or refuses, or the server is away (nothing of the batch is kept); SL_EUNKNOWN when
 *the server went away during a commit and did not come back to say how it ended; SL_ENOTFOUND for
 *an id that is not there.
 */
#ifndef SLUICE_STORE_STORE_H
#define SLUICE_STORE_STORE_H

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_store;

struct sl_store_options {
	const char *url; /* "sqlite:PATH", "postgres://USER@HOST:PORT/DB" or "memory:" */
	const char *password; /* PostgreSQL: reference to a secret, read at each connect; or NULL */
	/* Keeps the installation's id beside the store, so that a new store takes it over; NULL:
	 * the store alone keeps it. */
	const char *data_folder;
	const struct sl_rand *rand; /* for a new installation's id */
	const struct sl_clock *clock; /* deadlines of calls; NULL: the machine's */
};

/* Opens, makes or migrates the store.  The caller owns *out.  Exclusive for an embedded backend: a
 * second process is refused with the first one's pid. */
enum sl_code sl_store_open(struct sl_store **out, const struct sl_store_options *options,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL.  No call may be under way. */
void sl_store_free(struct sl_store *store);
SL_DEFINE_CLEANUP(struct sl_store, sl_store_free);

/* Called after the commit, on the thread that wrote, without any lock, once for each object that a
 * move or an addition touched.  Set it before threads start; at most one. */
void sl_store_on_commit(struct sl_store *store,
	void (*woken)(void *ctx, enum sl_object object, int64_t id), void *ctx);

/* Whether several processes may serve the store at once. */
bool sl_store_is_shared(const struct sl_store *store);

/* What another process wrote, or told. */
enum sl_news {
	SL_NEWS_CHANGE, /* key: id of the change that was touched */
	SL_NEWS_TASK, /* key: id of the task that was touched */
	SL_NEWS_PROJECT, /* key: project that is to be looked at, or was worked off */
	SL_NEWS_ALL, /* something was missed: look at everything; key: "" */
	SL_NEWS_COUNT
};

/* Called on a thread of the store for what other processes committed; nothing is promised to
 * arrive, so whoever relies on it looks by itself now and then.  NULL ends it: no call is under way
 * then. Never called for a store of one process. */
void sl_store_on_news(struct sl_store *store,
	void (*heard)(void *ctx, enum sl_news news, const char *key), void *ctx);

/* Tells the other processes.  Nothing happens in a store of one process. */
enum sl_code sl_store_tell(struct sl_store *store, enum sl_news news, const char *key,
	struct sl_error *err) __attribute__((warn_unused_result));

/* 32 hex digits; borrowed, as long as the store lives. */
const char *sl_store_installation(const struct sl_store *store);

/* The fencing epoch kept under a name ("orders-prod/default") by sl_batch_raise_epoch(); 0 for one
 * that was never raised. */
enum sl_code sl_store_epoch(struct sl_store *store, const char *name, int64_t *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Small facts by key.  *out is NULL, and SL_OK returned, when there is none. */
enum sl_code sl_store_meta(struct sl_store *store, const char *key, struct sl_arena *arena,
	const char **out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_set_meta(struct sl_store *store, const char *key, const char *value,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The key of what sessions are signed with, where several processes serve the store. */
#define SL_STORE_SESSION_KEY "session.key"

/* A fact that whoever comes first settles. */
struct sl_store_first {
	const char *key, *value; /* asked for */
	const char *now; /* out: what it is, in the arena */
	bool fresh; /* out: it was us */
};

/* Sets it when there is none. */
enum sl_code sl_store_first_meta(struct sl_store *store, struct sl_store_first *first,
	struct sl_arena *arena, struct sl_error *err) __attribute__((warn_unused_result));

/* A key of what is to be remembered until a moment (wall microseconds) and no longer. */
const char *sl_store_meta_until(struct sl_arena *arena, int64_t until, const char *what)
	__attribute__((returns_nonnull));

/* Forgets every such key whose moment has come. */
enum sl_code sl_store_sweep_meta(struct sl_store *store, int64_t now, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
