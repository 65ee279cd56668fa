/*
 * control: the loop that joins all the rooms.
 *
 * Work is cut into jobs that are small, idempotent and read the world anew each time: what a job
 * finds undone it does, so a lost, doubled or late job costs nothing but time.  Control never makes
 * threads: it says what is due through struct sl_control_queue, and whoever drives it (the daemon's
 * pools, a simulation's dice) calls sl_control_do().  Time, randomness, repositories, databases and
 *the network come in through struct sl_control_doors.
 *
 *	PROJECT  discover, review, publish, plan: from the repository to stages in the store
 *	OBSERVE  a target's structure and ledger, as the reviews' base
 *	DRIFT    a target's structure against the one that is meant to be there
 *	CHANGE   advance: the moves that a merged change calls for now
 *	RUN      claim a ready task and run it
 *	DELIVER  messages that are due
 *	SWEEP    leases of our runs, tasks of the dead, what became due
 *
 * Several replicas may share a store: a project is worked on by one of them, which holds its lease
 *as long as it lives; a task is whoever claims it first's; everything else may be done by any.
 *
 * Threading: everything may be called at once, but one key of PROJECT by one caller at a time.
 * Failures of a job are logged and repaired by trying again; the code is for tests.
 */
#ifndef SLUICE_CONTROL_CONTROL_H
#define SLUICE_CONTROL_CONTROL_H

#include "sluice/control/world.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"
#include "sluice/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_cancel;
struct sl_control;
struct sl_fake_world;
struct sl_net_answer;
struct sl_net_request;
struct sl_repo;
struct sl_store;

enum sl_work {
	SL_WORK_PROJECT, /* key: project */
	SL_WORK_OBSERVE, /* key: target */
	SL_WORK_DRIFT, /* key: target */
	SL_WORK_CHANGE, /* key: change id */
	SL_WORK_RUN, /* key: target */
	SL_WORK_DELIVER, /* key: "" */
	SL_WORK_SWEEP, /* key: "" */
	SL_WORK_COUNT
};

const char *sl_work_name(enum sl_work work);

struct sl_control_queue {
	/* The work is to be done not before due (wall; 0 at once).  Doubled calls may be joined. */
	void (*add)(void *ctx, enum sl_work work, const char *key, int64_t due);
	void *ctx;
};

struct sl_control_doors {
	const struct sl_clock *clock;
	const struct sl_rand *rand;
	struct sl_store *store;
	struct sl_control_queue queue;
	const char *replica; /* who we are in leases */
	const char *tool; /* "sluice 0.1.0" */
	/* The project's repository, opened; the caller closes it. */
	enum sl_code (*open_repo)(void *ctx, const struct sl_world *world,
		const struct sl_project *project, struct sl_repo **out, struct sl_error *err);
	/* One message to a route; NULL: over the network. */
	enum sl_code (*send)(void *ctx, const struct sl_net_request *request,
		const struct sl_cancel *cancel, struct sl_arena *arena, struct sl_net_answer *out,
		struct sl_error *err);
	void *ctx; /* of both */
	struct sl_fake_world *fake; /* databases of a simulation; NULL: real ones */
	/* No other process shares the store: what runs at the start belongs to the dead, and nobody
	 * else works on the projects. */
	bool alone;
};

/* doors are copied, what they point to is borrowed; world is referenced. */
struct sl_control *sl_control_new(const struct sl_control_doors *doors,
	const struct sl_world *world) __attribute__((returns_nonnull, warn_unused_result));

/* No call may be under way.  Accepts NULL. */
void sl_control_free(struct sl_control *control);
SL_DEFINE_CLEANUP(struct sl_control, sl_control_free);

/* The present world, referenced for the caller. */
const struct sl_world *sl_control_world(struct sl_control *control)
	__attribute__((returns_nonnull, warn_unused_result));

/* From the next job on; everything is looked at again. */
void sl_control_reload(struct sl_control *control, const struct sl_world *world);

/* What another process wrote to the store: queues what it calls for here. */
void sl_control_hear(struct sl_control *control, enum sl_news news, const char *key);

/* Queues what a start calls for: every project and target, every change at work, what is due; tasks
 * that the dead left running become unknown. */
enum sl_code sl_control_start(struct sl_control *control, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Does one piece of work.  cancel ends it between two steps; a running statement ends when
 * sl_control_cancel_runs() says so. */
enum sl_code sl_control_do(struct sl_control *control, enum sl_work work, const char *key,
	struct sl_cancel *cancel, struct sl_error *err);

/* Stop: no statement begins any more, runs end at k of n and are taken up by the next start. */
void sl_control_drain(struct sl_control *control);

/* Stop harder: what runs at the moment is canceled on its server. */
void sl_control_cancel_runs(struct sl_control *control);

/* Runs at work in this process. */
size_t sl_control_running(struct sl_control *control);

#endif
