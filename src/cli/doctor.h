/*
 * `sluice doctor`: everything that can be reached is looked at, all of it at once and each under a
 * deadline; then the checks, rows of one table, say what the facts mean.  Nothing is changed.
 */
#ifndef SLUICE_CLI_DOCTOR_H
#define SLUICE_CLI_DOCTOR_H

#include "sluice/apply/examine.h"
#include "sluice/cli.h"
#include "sluice/control/examine.h"
#include "sluice/core/vec.h"
#include "sluice/store/examine.h"

enum doctor_result { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_line {
	const char *check, *object;
	enum doctor_result result;
	const char *text, *remedy; /* remedy "" none */
};

struct doctor;

struct doctor_check {
	const char *name;
	const char *looks; /* one sentence: what it checks */
	void (*run)(struct doctor *d);
};

/* What one thread learned; each has an arena of its own. */
struct doctor_target {
	struct doctor *doctor;
	const struct sl_target *target;
	struct sl_arena *arena;
	struct sl_examination facts;
	enum sl_code code; /* of looking; the facts count where it is SL_OK */
	struct sl_error err;
};

struct doctor_project {
	struct doctor *doctor;
	const struct sl_project *project;
	struct sl_arena *arena;
	struct sl_examined_project facts;
	enum sl_code code;
	struct sl_error err;
};

struct doctor_route {
	struct doctor *doctor;
	const struct sl_route *route;
	struct sl_arena *arena;
	const char *host; /* "" not told */
	enum sl_code code;
	struct sl_error err;
};

struct doctor {
	struct sl_cli *cli;
	struct sl_arena *arena;
	const struct sl_world *world;
	const char *config;
	int64_t timeout_us; /* of each look */
	const char *installation; /* "" there is none yet */
	long daemon; /* pid of the one that answers, 0: none */
	struct sl_store_facts store;
	enum sl_code store_code;
	struct sl_error store_err;
	struct doctor_target *targets; /* as the workspace has them, and so on */
	struct doctor_project *projects;
	struct doctor_route *routes;
	const struct doctor_check *check; /* that is at work */

	struct {
		SL_VEC(struct sl_arena *); /* owned */
	} arenas;

	struct {
		SL_VEC(struct doctor_line); /* in the arena */
	} lines;
};

/* One line of the check that is at work.  Texts are copied. */
void doctor_say(struct doctor *d, enum doctor_result result, const char *object, const char *remedy,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Whether the target answered, and its version is one that is worked with. */
bool doctor_reached(const struct doctor_target *target);

/* doctor_look.c: fills everything that has to be asked for. */
enum sl_code doctor_look(struct doctor *d, struct sl_error *err)
	__attribute__((warn_unused_result));
void doctor_done(struct doctor *d);

/* Whether a secret is one that systemd gives the daemon's unit, and we are not in it. */
bool doctor_is_the_units(const char *reference);

/* doctor_here.c: this machine. */
void doctor_secrets(struct doctor *d);
void doctor_data(struct doctor *d);
void doctor_store(struct doctor *d);
/* Whether the target's file is the store's. */
bool doctor_is_store(const struct doctor *d, const struct sl_target *target);
void doctor_socket(struct doctor *d);
void doctor_daemon(struct doctor *d);
void doctor_listen(struct doctor *d);

/* doctor_project.c: repositories, people and routes. */
void doctor_repository(struct doctor *d);
void doctor_folders(struct doctor *d);
void doctor_hook(struct doctor *d);
void doctor_roles(struct doctor *d);
void doctor_routes(struct doctor *d);

/* doctor_target.c: databases. */
void doctor_reach(struct doctor *d);
void doctor_wire(struct doctor *d);
void doctor_grants(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_ledger(struct doctor *d);
void doctor_identity(struct doctor *d);
void doctor_login(struct doctor *d);

#endif
