#include "sim.h"

#include "sluice/control/people.h"

#include <string.h>

#define LEASE_US (61 * SL_SECOND_US)

void sim_die(struct sim *sim)
{
	if (!sim->dead)
		sim_say(sim, "%s dies", sim->acting ? sim->acting->replica : "?");
	sim->dead = true;
}

static size_t target_named(const struct sim *sim, const char *name)
{
	size_t i = 0;

	while (i < sim->workspace.targets_len && strcmp(sim->targets[i].name, name) != 0)
		i++;
	return i;
}

/* --- takeovers ------------------------------------------------------------------------------- */

/* The other process works for a while, and dies at some point or not; then it is gone or idle. */
static void let_work(struct process *other, unsigned jobs)
{
	struct sim *sim = other->sim;

	for (unsigned i = 0; i < jobs && !sim->dead; i++) {
		bool worked = sim_process_work(other, true);

		sim_check_tasks(sim);
		if (worked)
			continue;
		sim->now = sim_process_next(other) > sim->now ? sim_process_next(other) : sim->now;
		if (sim_below(sim, 2) == 0)
			sim_people_settle(other);
	}
}

/* The lease of the run at hand has passed unseen (its process was stopped for a while): another
 * replica takes the task over and goes as far as it gets. */
static void late_worker(struct sim *sim, const char *database)
{
	struct process *other;

	sim->takeovers++;
	sim->now += LEASE_US;
	sim_say(sim, "the run on %s is given up", database);
	other = sim_process_start(sim, sim->acting->store, false);
	let_work(other, 2 + sim_below(sim, 40));
	sim_process_free(other);
}

/* The store was lost and a new daemon works on a new one; the old one does not know. */
static void split_brain(struct sim *sim, const char *database)
{
	struct sl_store *store = sim_store_open(sim, true);
	struct process *other;

	sim->splits++;
	sim_say(sim, "the store is lost under the run on %s", database);
	sim->forgotten = sim->store;
	sim->store = store;
	sim->tasks.len = 0;
	sim_forget_bases(sim);
	other = sim_process_start(sim, store, true);
	let_work(other, 5 + sim_below(sim, 60));
	sim_process_free(other);
}

/* The worker about to begin a transaction stands still while others work; then it goes on. */
static void stand_still(struct sim *sim, const char *database)
{
	bool split = !sim->forgotten && sim_below(sim, 4) == 0;

	sim->nested = true;
	if (split)
		split_brain(sim, database);
	else
		late_worker(sim, database);
	sim->nested = false;
	sim->dead = false; /* that was the other one */
	sim_check_target(sim, target_named(sim, database));
	sim_say(sim, "the given up run on %s goes on", database);
}

/* --- fate ------------------------------------------------------------------------------------ */

static enum sl_fake_fate trouble_at(struct sim *sim, enum sl_fake_point point)
{
	switch (sim_below(sim, 6)) {
	case 0:
		return SL_FAKE_UNREACHABLE;
	case 1:
		return point == SL_FAKE_CONNECT || point == SL_FAKE_LOCK ? SL_FAKE_GOES_WELL :
									   SL_FAKE_ANSWER_LOST;
	case 2:
		return point == SL_FAKE_EXEC ? SL_FAKE_FAILS : SL_FAKE_GOES_WELL;
	case 3:
		return point == SL_FAKE_LOCK ? SL_FAKE_FAILS : SL_FAKE_GOES_WELL;
	case 4:
		sim_die(sim);
		return SL_FAKE_UNREACHABLE;
	default:
		if (point == SL_FAKE_CONNECT)
			return SL_FAKE_GOES_WELL;
		sim_die(sim);
		return SL_FAKE_ANSWER_LOST;
	}
}

enum sl_fake_fate sim_fate(void *ctx, const char *database, enum sl_fake_point point,
	const char *sql, size_t len)
{
	struct sim *sim = ctx;
	size_t target = target_named(sim, database);

	if (sim->looking)
		return SL_FAKE_GOES_WELL;
	if (sim->dead)
		return SL_FAKE_UNREACHABLE;
	if (point == SL_FAKE_BEGIN && target < sim->workspace.targets_len)
		sim->touched[target] = true;
	sim->now += sim_below(sim, 20000);
	if (point == SL_FAKE_EXEC)
		sim_check_statement(sim, database, sql, len);
	if (point == SL_FAKE_QUERY)
		sim_check_ledger_write(sim, sql, len);
	if (sim->trouble > 0 && !sim->nested && point == SL_FAKE_BEGIN && sim_chance(sim, 30))
		stand_still(sim, database);
	if (sim->trouble > 0 && sim_chance(sim, sim->trouble))
		return trouble_at(sim, point);
	return SL_FAKE_GOES_WELL;
}
