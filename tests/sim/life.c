#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DOWN_MAX_S 40
#define CROWD_MAX  1000 /* jobs at one moment */
#define QUIET_US   (20 * 60 * SL_SECOND_US)
#define ROUND_US   (4 * 60 * SL_SECOND_US)
#define ROUNDS_MAX 60

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sim->what, sizeof(sim->what), fmt, ap);
	va_end(ap);
	longjmp(sim->failed, 1);
}

void sim_say(const struct sim *sim, const char *fmt, ...)
{
	va_list ap;

	if (!sim->verbose)
		return;
	(void)printf("%5u %9.3f  ", sim->step,
		(double)(sim->now % (100000 * SL_SECOND_US)) / (double)SL_SECOND_US);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

unsigned sim_below(struct sim *sim, unsigned bound)
{
	return (unsigned)sl_rand_below(&sim->dice.rand, bound);
}

bool sim_chance(struct sim *sim, unsigned n)
{
	return sim_below(sim, 1000) < n;
}

/* --- deaths ---------------------------------------------------------------------------------- */

static void bury(struct sim *sim)
{
	sim->deaths++;
	sim_process_free(sim->process);
	sim->process = NULL;
	sim->dead = false;
	if (sim->forgotten) {
		sl_store_free(sim->forgotten);
		sim->forgotten = NULL;
	}
}

/* The process that a split brain left behind is found out, at the latest, when its job ends. */
static void look_after(struct sim *sim)
{
	sim->crowd = sim->now > sim->crowd_at ? 0 : sim->crowd + 1;
	sim->crowd_at = sim->now;
	if (sim->crowd > CROWD_MAX)
		sim_fail(sim, "work goes round in circles");
	if (sim->process && (sim->dead || sim->process->store != sim->store))
		bury(sim);
	if (!sim->nested) {
		for (size_t i = 0; i < sim->workspace.targets_len; i++) {
			if (sim->touched[i])
				sim_check_target(sim, i);
		}
	}
	sim_check_tasks(sim);
}

static void lose_store(struct sim *sim)
{
	bool same = sim_below(sim, 3) > 0;

	sim->losses++;
	sim_say(sim, "the store is lost%s", same ? "" : ", and the data folder with it");
	sl_store_free(sim->store);
	sim->store = NULL;
	sim->store = sim_store_open(sim, same);
	sim->tasks.len = 0;
	sim_forget_bases(sim);
	if (!same && sim_below(sim, 2) == 0)
		sim_people_adopt(sim);
}

static void start_again(struct sim *sim)
{
	sim->now += sim_below(sim, DOWN_MAX_S) * SL_SECOND_US;
	if (sim->trouble > 0 && sim_chance(sim, 60))
		lose_store(sim);
	sim->process = sim_process_start(sim, sim->store, sim_below(sim, 3) > 0);
}

static void work(struct sim *sim, bool reliable)
{
	if (sim_process_work(sim->process, reliable))
		return;
	if (sim_process_next(sim->process) > sim->now)
		sim->now = sim_process_next(sim->process);
}

/* --- a life ---------------------------------------------------------------------------------- */

static void step(struct sim *sim)
{
	sim->step++;
	sim->now += sim_below(sim, 100000);
	if (!sim->process)
		start_again(sim);
	else if (sim_chance(sim, 150))
		sim_people_act(sim);
	else if (sim_chance(sim, 30))
		sim_meddle(sim);
	else if (sim->trouble > 0 && sim_chance(sim, 6))
		bury(sim);
	else
		work(sim, sim->trouble == 0);
	if (sim->trouble > 0 && sim_chance(sim, 10))
		sl_repo_fake_fail(sim->repo, SL_EUNAVAIL, 1 + sim_below(sim, 3));
	look_after(sim);
}

static void run_for(struct sim *sim, int64_t us)
{
	const int64_t end = sim->now + us;

	while (sim->now < end) {
		sim->step++;
		work(sim, true);
		look_after(sim);
	}
}

static void come_to_rest(struct sim *sim)
{
	unsigned rounds = 0;

	sim->trouble = 0;
	sl_repo_fake_fail(sim->repo, SL_EUNAVAIL, 0);
	sim_say(sim, "faults stop");
	if (!sim->process)
		sim->process = sim_process_start(sim, sim->store, true);
	sim_people_adopt(sim);
	run_for(sim, QUIET_US);
	sim_check_waits(sim);
	do {
		if (++rounds > ROUNDS_MAX)
			sim_fail(sim, "it does not come to rest");
		sim_people_settle(sim->process);
		run_for(sim, ROUND_US);
	} while (!sim_at_rest(sim));
	run_for(sim, QUIET_US);
	sim_check_drift(sim);
	sim_undo_by_hand(sim);
	run_for(sim, QUIET_US);
	sim_check_drift(sim);
	sim_check_end(sim);
}

static void live(struct sim *sim, const char *data)
{
	static const unsigned troubles[] = { 0, 4, 10, 25 };
	unsigned steps;

	sim_world_make(sim, data);
	sim->trouble = troubles[sim_below(sim, 4)];
	steps = 150 + sim_below(sim, 250);
	while (sim->step < steps)
		step(sim);
	come_to_rest(sim);
}

static bool lived(struct sim *sim, const char *data)
{
	if (setjmp(sim->failed) != 0) {
		sim->looking = true;
		if (sim->verbose)
			sim_tell_state(sim);
		return false;
	}
	live(sim, data);
	return true;
}

bool sim_live(struct sim *sim, uint64_t seed, bool verbose)
{
	const char *data = sim->data;
	bool whole;

	*sim = (struct sim){ .seed = seed, .verbose = verbose, .arena = sl_arena_new() };
	sl_rand_seed(&sim->dice, seed);
	sl_rand_seed(&sim->rand, ~seed);
	sim_wrap(sim);
	whole = lived(sim, data);
	sim_wrap(NULL);
	if (whole) {
		sim_world_free(sim);
		sl_vec_done(&sim->branches);
		sl_vec_done(&sim->trunk);
		sl_vec_done(&sim->tasks);
		sl_arena_free(sim->arena);
	}
	sim->data = data;
	return whole;
}
