/*
 * sim: a life of Sluice from one seed.
 *
 * Real are control, rollout, policy, review, store and apply, the daemon's own archives; time,
 * randomness, Git, databases and the network are doors that the seed drives.  People push, merge,
 * approve, hold, cancel; work is lost, doubled and late; statements fail, connections break,
 *answers are lost, processes die at any point, the store is lost, and workers that were given up go
 *on. What must always hold is checked against the databases themselves while it happens and at the
 *end.
 *
 *	life.c     one seed from its beginning to its rest
 *	world.c    the workspace, and processes: a control on a store
 *	people.c   the script
 *	faults.c   what goes wrong in a database, and the two kinds of takeover
 *	meddle.c   people who work in a database by hand or with `sluice migrate`, and what is said
 *	wrap.c     what a dead process can no longer write
 *	check.c    what must hold
 */
#ifndef SLUICE_TESTS_SIM_H
#define SLUICE_TESTS_SIM_H

#include "sluice/control/control.h"
#include "sluice/core/arena.h"
#include "sluice/core/clock.h"
#include "sluice/core/rand.h"
#include "sluice/core/vec.h"
#include "sluice/engine.h"
#include "sluice/git/fake.h"
#include "sluice/model/workspace.h"
#include "sluice/store/store.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENVIRONMENTS 3
#define TARGETS_MAX  8
#define FILES_MAX    4
#define FOLDER       "db"
#define SHOP         "/srv/git/shop.git"

/* A migration as somebody wrote it.  Its statements leave one row with its number in `log`. */
struct file {
	int number; /* unlike every other content's */
	int version;
	bool makes_table;
	char path[64];
	char sql[400];
};

enum branch_state { BRANCH_OPEN, BRANCH_MERGED, BRANCH_GONE };

struct branch {
	char name[40];
	const char *owner;
	enum branch_state state;
	bool announced; /* the hook's word that the owner pushed was kept */
	struct file files[FILES_MAX];
	size_t files_len;
};

struct due {
	enum sl_work work;
	char key[64];
	int64_t at;
};

/* A daemon: what dies together. */
struct process {
	struct sim *sim;
	struct sl_control *control; /* owned */
	struct sl_store *store; /* borrowed: it outlives processes */
	char replica[24];

	struct {
		SL_VEC(struct due);
	} queue;

	int64_t swept_at;
};

/* What is known of a task from before the job at hand. */
struct seen_task {
	int64_t id, change_id;
	int state;
	unsigned attempts;
	char target[32];
	unsigned done, failed; /* events that there must be */
};

/* What was last seen in a database. */
struct seen_target {
	int64_t fence, seq;
};

struct sim {
	uint64_t seed;
	unsigned step;
	bool verbose;
	struct sl_arena *arena;
	struct sl_rand_seeded dice; /* the seed's: people and faults */
	struct sl_rand_seeded rand; /* what Sluice is given */
	struct sl_clock clock;
	int64_t now;
	unsigned crowd; /* jobs since the clock moved */
	int64_t crowd_at;

	struct sl_environment environments[ENVIRONMENTS];
	struct sl_target targets[TARGETS_MAX];
	struct sl_label labels[TARGETS_MAX][2];
	struct sl_rule_settings *rules[ENVIRONMENTS];
	struct sl_workspace workspace;
	const struct sl_world *world;

	const char *data; /* folder: where an installation's id survives its store */
	struct sl_repo_fake *repo;
	struct sl_fake_world *databases;
	struct sl_store *store; /* owned */
	struct process *process; /* the one that lives */
	struct process *acting; /* whose job is under way */
	unsigned processes;

	/* Faults. */
	unsigned trouble; /* of 1,000 operations; 0: all goes well */
	bool dead; /* the acting process is no more: it reaches nothing */
	bool looking; /* the checks read: nothing goes wrong */
	bool nested; /* inside a takeover */
	struct sl_store *forgotten; /* of the process that a split brain left behind */

	struct {
		SL_VEC(struct branch);
	} branches;

	struct {
		SL_VEC(struct file);
	} trunk; /* on the project's branch, in order */

	int numbers, versions;
	int64_t trunk_moved_at;

	struct {
		SL_VEC(struct seen_task);
	} tasks;

	struct seen_target seen[TARGETS_MAX];
	struct sl_conn *readers[TARGETS_MAX]; /* owned: how the checks look */
	bool touched[TARGETS_MAX]; /* since they last did */
	bool by_hand[TARGETS_MAX]; /* somebody's own table is there */
	unsigned others[TARGETS_MAX]; /* tables that others' runs made there */
	int64_t others_at[TARGETS_MAX]; /* when they last did */
	bool no_base[TARGETS_MAX]; /* what is meant to be there was lost with the store */

	/* What happened, for the report of a run. */
	unsigned deaths, takeovers, splits, losses, attempts, hands, migrations;

	jmp_buf failed;
	char what[600];
};

/* --- life.c */

/* False: sim->what says what broke, at sim->step. */
bool sim_live(struct sim *sim, uint64_t seed, bool verbose);

/* Does not return. */
_Noreturn void sim_fail(struct sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void sim_say(const struct sim *sim, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

unsigned sim_below(struct sim *sim, unsigned bound);

/* True in n of 1,000. */
bool sim_chance(struct sim *sim, unsigned n);

/* --- world.c */

void sim_world_make(struct sim *sim, const char *data);
void sim_world_free(struct sim *sim);
struct sl_store *sim_store_open(struct sim *sim, bool same_installation);
struct process *sim_process_start(struct sim *sim, struct sl_store *store, bool alone);
void sim_process_free(struct process *process);

/* Does one piece of due work of the process; false when nothing is due now. */
bool sim_process_work(struct process *process, bool reliable);

/* When the process has something to do next. */
int64_t sim_process_next(const struct process *process);

/* --- people.c */

void sim_people_act(struct sim *sim);

/* Everything that waits for a person gets its answer. */
void sim_people_settle(struct process *process);
void sim_people_adopt(struct sim *sim);

/* --- faults.c */

enum sl_fake_fate sim_fate(void *ctx, const char *database, enum sl_fake_point point,
	const char *sql, size_t len);

/* The acting process dies here: nothing that it still says arrives anywhere. */
void sim_die(struct sim *sim);

/* --- meddle.c */

void sim_meddle(struct sim *sim);
void sim_undo_by_hand(struct sim *sim);

/* The store is another one: it learns at first sight what is meant to be there. */
void sim_forget_bases(struct sim *sim);

/* After a while without faults: what was done by hand is found, and nothing else. */
void sim_check_drift(struct sim *sim);

/* --- wrap.c */

/* Whose store calls are watched; NULL: nobody's. */
void sim_wrap(struct sim *sim);

/* --- check.c */

void sim_check_statement(struct sim *sim, const char *database, const char *sql, size_t len);
void sim_check_ledger_write(struct sim *sim, const char *sql, size_t len);
void sim_check_target(struct sim *sim, size_t target);
void sim_check_tasks(struct sim *sim);
void sim_check_waits(struct sim *sim);
void sim_check_end(struct sim *sim);

void sim_tell_state(struct sim *sim);

/* Closes what the checks have open. */
void sim_check_close(struct sim *sim);

/* Whether nothing is left to do: every change ended. */
bool sim_at_rest(struct sim *sim);

/* How somebody besides the daemon reaches a database. */
void sim_spec(struct sim *sim, struct sl_arena *arena, const char *name, struct sl_conn_spec *out);

/* The files of others' runs, which each make a table. */
const char *sim_others_sql(struct sl_arena *arena, unsigned n);

/* False when the database refuses it now. */
bool sim_execute(struct sim *sim, size_t target, const char *sql);

/* Whether a row of the number is in the target's log. */
bool sim_target_has(struct sim *sim, size_t target, int number);

#endif
