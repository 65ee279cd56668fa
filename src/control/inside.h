/* What the files of this room share: the object, and the small things that every verb needs. */
#ifndef SLUICE_CONTROL_INSIDE_H
#define SLUICE_CONTROL_INSIDE_H

#include "sluice/apply.h"
#include "sluice/control/control.h"
#include "sluice/core/hash.h"
#include "sluice/core/json.h"
#include "sluice/core/map.h"
#include "sluice/core/vec.h"
#include "sluice/model/person.h"
#include "sluice/schema/catalog.h"
#include "sluice/store/batch.h"
#include "sluice/store/read.h"
#include "sluice/store/store.h"

#include <pthread.h>

#define SL_REPORT_BYTES (16u << 20)
#define SL_SWEEP_US     (10 * SL_SECOND_US)

/* What was last seen of a target; a cache, made again at each start. */
struct observation {
	struct sl_arena *arena; /* owned */
	const struct sl_catalog *catalog; /* a reference, or NULL */
	int version;
	char hash[SL_SHA256_HEX]; /* of the catalogue, "" none */
	struct sl_ledger ledger;
	const char *trouble; /* why it could not be seen, or NULL */
	int64_t at;
	bool stale; /* a run ended since; under the control's lock */
	unsigned refs; /* under the control's lock */
};

/* A run at work in this process. */
struct active_run {
	int64_t task_id, epoch;
	struct sl_cancel *cancel; /* of the statement at hand */
	bool stop; /* before the next statement */
	struct active_run *next;
};

struct sl_control {
	struct sl_control_doors doors;
	pthread_mutex_t lock;
	pthread_cond_t reconciled;
	const struct sl_world *world; /* a reference */
	struct sl_map *observed; /* target: struct observation */
	struct sl_map *seen; /* project: digest of its branches when it was last worked off */
	struct sl_map *looked; /* project: when it was last worked on, int64_t */
	struct sl_map *failing; /* "work key": its failure that was told, struct failing */
	struct sl_map *leases; /* project: epoch of our lease on it, int64_t; empty when alone */
	pthread_mutex_t opening; /* a mirror is made by one thread */
	pthread_mutex_t fetching; /* one fetch for runs at a time */
	struct active_run *runs;
	int64_t started_at; /* wall */
	struct sl_cancel *leaving; /* asked by a drain: no fetch is worth waiting for */
	bool draining;
};

int64_t sl_control_now(const struct sl_control *control);
void sl_control_queue_add(struct sl_control *control, enum sl_work work, const char *key,
	int64_t due);
void sl_control_queue_change(struct sl_control *control, int64_t change_id, int64_t due);

/* --- the world ------------------------------------------------------------------------------ */

/* How to reach a target: its secret is resolved into the arena. */
enum sl_code sl_control_target_spec(struct sl_control *control, const struct sl_world *world,
	const struct sl_target *target, struct sl_arena *arena, struct sl_conn_spec *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* How the installation speaks to a scope of a target's ledger. */
struct ledger_place {
	const struct sl_world *world;
	struct sl_arena *arena;
	const char *target, *scope;
};

/* Actor and reason are still to be set; what it points to lives in the arena and in spec.
 * SL_ENOTFOUND: no such target. */
enum sl_code sl_control_target_word(struct sl_control *control, const struct ledger_place *place,
	struct sl_conn_spec *spec, struct sl_apply_word *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The project's repository; its mirror is made when there is none yet. */
enum sl_code sl_control_open_repo(struct sl_control *control, const struct sl_world *world,
	const struct sl_project *project, struct sl_repo **out, struct sl_error *err)
	__attribute__((warn_unused_result));

struct repo_moment {
	const char *commit;
	int64_t timeout_us; /* of a fetch, where other replicas may be ahead of our mirror */
};

/* The same, with the commit in it wherever the origin still has it. */
enum sl_code sl_control_open_at(struct sl_control *control, const struct sl_world *world,
	const struct sl_project *project, const struct repo_moment *moment, struct sl_repo **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* --- observations --------------------------------------------------------------------------- */

/* The last one, referenced for the caller, or NULL. */
struct observation *sl_observation_get(struct sl_control *control, const char *target);
void sl_observation_unref(struct sl_control *control, struct observation *seen);

/* What was seen of the target is not how it is now. */
void sl_observation_stale(struct sl_control *control, const char *target);

/* Never seen, stale, or out of reach when it was tried before that moment. */
bool sl_observation_overdue(struct sl_control *control, const char *target, int64_t since);

/* Taken before that moment. */
bool sl_observation_is_old(struct sl_control *control, const char *target, int64_t since);

/* Whether the ledger says of the migration, by scope, kind and key, that it is settled here. */
const struct sl_ledger_migration *sl_observation_knows(const struct observation *seen,
	const char *scope, enum sl_migration_kind kind, const char *key);

/* Whether the change takes the file away; key and sha256 are those that it had. */
static inline bool sl_file_is_gone(const struct sl_change_file *file)
{
	return file->blob[0] == '\0';
}

/* --- names that nobody knows (unknown.c): SL_ENOTFOUND with the nearest ------------------------
 */

enum sl_code sl_control_no_environment(const struct sl_world *world, const char *name,
	struct sl_error *err);
enum sl_code sl_control_no_target(const struct sl_world *world, const char *name,
	struct sl_error *err);
enum sl_code sl_control_no_stage(const struct sl_change_view *view, const char *environment,
	struct sl_error *err);

/* --- the jobs, a file each ------------------------------------------------------------------ */

enum sl_code sl_control_project(struct sl_control *control, const char *name,
	struct sl_cancel *cancel, struct sl_error *err);
enum sl_code sl_control_observe(struct sl_control *control, const char *target,
	struct sl_cancel *cancel, struct sl_error *err);
enum sl_code sl_control_drift(struct sl_control *control, const char *target,
	struct sl_cancel *cancel, struct sl_error *err);
enum sl_code sl_control_advance(struct sl_control *control, int64_t change_id,
	struct sl_error *err);
enum sl_code sl_control_run(struct sl_control *control, struct sl_cancel *cancel,
	struct sl_error *err);
enum sl_code sl_control_deliver(struct sl_control *control, struct sl_cancel *cancel,
	struct sl_error *err);
enum sl_code sl_control_sweep(struct sl_control *control, struct sl_error *err);

/* Who pushed which head of a branch of the project, durable.  head and branch as Git has them. */
enum sl_code sl_control_keep_push(struct sl_control *control, const char *project,
	const struct sl_person *who, const char *branch, const char *head, struct sl_error *err)
	__attribute__((warn_unused_result));

/* --- replicas ------------------------------------------------------------------------------- */

/* How often leases are renewed and what others may have missed is looked for. */
int64_t sl_control_sweep_us(const struct sl_world *world);

/* Whether the project is ours to work on; *epoch is what its batches expect, 0 when there are no
 * other replicas. */
enum sl_code sl_control_own_project(struct sl_control *control, const struct sl_world *world,
	const char *project, bool *ours, int64_t *epoch, struct sl_error *err)
	__attribute__((warn_unused_result));
void sl_control_renew_projects(struct sl_control *control, const struct sl_world *world);
void sl_control_give_projects(struct sl_control *control);

/* Queues the project's work, here and with the replica that works on it. */
void sl_control_poke_project(struct sl_control *control, const char *project);

/* The moment's work of a target or a change, for those that heard of it. */
enum sl_code sl_control_queue_merged(struct sl_control *control, struct sl_error *err)
	__attribute__((warn_unused_result));
void sl_control_queue_world(struct sl_control *control, const struct sl_world *world);

/* --- records that go with many batches ------------------------------------------------------ */

struct telling {
	const char *kind; /* "task.failed" */
	int64_t change_id; /* or a ticket */
	const char *environment; /* "" none */
	const char *target; /* "" none */
	const char *by; /* user, or "sluice" */
	const char *text; /* one sentence */
};

/* The event, and a message for each route that wants it. */
void sl_control_tell(struct sl_control *control, const struct sl_world *world,
	struct sl_batch *batch, const struct telling *telling);

/* Messages only, for an event that a move carries itself. */
void sl_control_tell_routes(struct sl_control *control, const struct sl_world *world,
	struct sl_batch *batch, const struct telling *telling);

/* The snapshot's content and moment; ran: id of a run, or "". */
void sl_control_keep_snapshot(struct sl_control *control, struct sl_batch *batch,
	const char *target, const struct sl_catalog *catalog, const char *ran);

/* The same, unless the target's newest snapshot is this one. */
enum sl_code sl_control_keep_moment(struct sl_control *control, struct sl_batch *batch,
	const char *target, const struct sl_catalog *catalog, struct sl_arena *arena,
	struct sl_error *err) __attribute__((warn_unused_result));

/* What is blocked on the target is tried at once. */
enum sl_code sl_control_wake_blocked(struct sl_control *control, const char *target, const char *by,
	struct sl_error *err) __attribute__((warn_unused_result));

/* A catalogue back from the store by its hash; the caller owns one reference. */
enum sl_code sl_control_load_snapshot(struct sl_control *control, const char *hash,
	const struct sl_catalog **out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
