/* Somebody works in a database by hand, or with a `sluice migrate` of their own, and what Sluice
 * says about it. */
#include "sim.h"

#include "sluice/apply.h"
#include "sluice/control/people.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/store/read.h"

#include <string.h>

#define TABLE "by_hand"
#define DRIFT "drift."

/* Whether what is done by hand now could not be told: from what a run has left there of which
 * nobody knows yet, or from what was always there. */
static bool is_at_work(struct sim *sim, const char *target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_task_query query = { .target = target,
		.states = SL_STATE_BIT(SL_TASK_RUNNING) | SL_STATE_BIT(SL_TASK_UNKNOWN) |
			SL_STATE_BIT(SL_TASK_NEEDS_HUMAN) };
	struct sl_drift_record row;
	struct sl_task_list tasks = { 0 };

	if (sl_store_tasks(sim->store, &query, arena, &tasks, NULL) != SL_OK ||
		sl_store_drift(sim->store, target, arena, &row, NULL) != SL_OK)
		return true;
	return tasks.len > 0 || row.before[0] != '\0' || row.base[0] == '\0';
}

static void set_by_hand(struct sim *sim, size_t target, bool there)
{
	if (sim->by_hand[target] == there ||
		!sim_execute(sim, target,
			there ? "CREATE TABLE " TABLE " (id INTEGER)" : "DROP TABLE " TABLE))
		return;
	sim->by_hand[target] = there;
	sim->hands += there;
	sim_say(sim, "somebody %s a table in %s", there ? "makes" : "drops",
		sim->targets[target].name);
}

const char *sim_others_sql(struct sl_arena *arena, unsigned n)
{
	return sl_arena_printf(arena, "CREATE TABLE others_%u (id INTEGER)", n);
}

static void add_file(struct sl_arena *arena, struct sl_migration *file, unsigned n)
{
	const char *sql = sim_others_sql(arena, n);
	char *hash = sl_arena_alloc(arena, SL_SHA256_HEX);

	sl_sha256_hex(sql, strlen(sql), hash);
	*file = (struct sl_migration){ .kind = SL_MIGRATION_VERSION,
		.key = sl_arena_printf(arena, "%u", n),
		.name = "others",
		.path = sl_arena_printf(arena, "V%u__others.sql", n),
		.sha256 = hash,
		.sql = sql,
		.sql_len = strlen(sql),
		.first_line = 1 };
}

/* One file more, in a ledger of their own; it may be refused. */
static void migrate(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const unsigned n = sim->others[target] + 1;
	struct sl_migration *files = sl_arena_calloc(arena, n, sizeof(*files));
	const struct sl_migration_set set = { files, n };
	struct sl_conn_spec spec;
	const struct sl_apply_request request = { .target = &spec,
		.target_name = sim->targets[target].name,
		.scope = "others",
		.set = &set,
		.actor = "cli:olga",
		.tool = "sluice sim",
		.clock = &sim->clock,
		.rand = &sim->rand.rand };
	struct sl_apply_result result = { 0 };

	sim_spec(sim, arena, sim->targets[target].name, &spec);
	for (unsigned i = 0; i < n; i++)
		add_file(arena, &files[i], i + 1);
	sim->looking = true;
	(void)!sl_apply_run(&request, &result, arena, NULL);
	sim->looking = false;
	sim_say(sim, "somebody migrates %s: %s", request.target_name, result.text);
	if (result.outcome == SL_OUTCOME_APPLIED) {
		sim->others[target] = n;
		sim->others_at[target] = sim->now;
		sim->migrations++;
	}
	sl_apply_result_done(&result);
}

/* What came and went around a run that nobody has looked at since cannot be told from it. */
static bool may_undo(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_drift_record row;

	return sl_store_drift(sim->store, sim->targets[target].name, arena, &row, NULL) == SL_OK &&
		row.checked_at > sim->others_at[target];
}

void sim_meddle(struct sim *sim)
{
	size_t target = sim_below(sim, (unsigned)sim->workspace.targets_len);
	const bool there = sim->by_hand[target];

	if (sim_below(sim, 2) == 0)
		migrate(sim, target);
	else if (!is_at_work(sim, sim->targets[target].name) && (!there || may_undo(sim, target)))
		set_by_hand(sim, target, !there);
}

void sim_undo_by_hand(struct sim *sim)
{
	for (size_t i = 0; i < sim->workspace.targets_len; i++)
		set_by_hand(sim, i, false);
}

void sim_forget_bases(struct sim *sim)
{
	for (size_t i = 0; i < TARGETS_MAX; i++)
		sim->no_base[i] = true;
}

/* Nothing is shown but what somebody did: never the work of a run. */
static void check_shown(struct sim *sim, size_t target)
{
	sl_auto_json json_t *view = NULL;
	const json_t *differences;
	const json_t *row;
	size_t i;

	sim->looking = true;
	if (sl_view_drift(sim->process->control, sim->targets[target].name, &view, NULL) != SL_OK)
		return;
	sim->looking = false;
	differences = json_object_get(json_object_get(view, "drift"), "differences");
	json_array_foreach(differences, i, row) {
		const char *name = sl_json_str(row, "name", "");

		if (!sl_str_eq(name, TABLE))
			sim_fail(sim, "%s: %s is called drift", sim->targets[target].name, name);
	}
}

/* With the store its knowledge of what is meant to be there was lost: what was there at first sight
 * is then held to be right. */
static void check_found(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *name = sim->targets[target].name;
	struct sl_drift_record row;

	if (sim->no_base[target])
		return;
	if (sl_store_drift(sim->store, name, arena, &row, NULL) != SL_OK || row.revision == 0)
		sim_fail(sim, "%s was never compared", name);
	if (row.before[0] != '\0')
		sim_fail(sim, "%s: the mark of a run is never taken away", name);
	if (sim->by_hand[target] != (row.state == SL_DRIFT_FOUND))
		sim_fail(sim, "%s: drift is %s, and a table %s made by hand", name,
			sl_drift_name(row.state), sim->by_hand[target] ? "was" : "was not");
}

/* Found and gone take turns. */
static void check_events(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_log_query query = { .target = sim->targets[target].name,
		.page = { .limit = 1000 } };
	struct sl_event_list events = { 0 };
	bool found = false;

	(void)!sl_store_events(sim->store, &query, arena, &events, NULL);
	for (size_t i = events.len; i > 0; i--) {
		const char *kind = events.at[i - 1].kind;

		if (!sl_str_starts(kind, DRIFT))
			continue;
		if (sl_str_eq(kind, "drift.found") == found && !sl_str_eq(kind, "drift.changed"))
			sim_fail(sim, "%s: %s is told twice", query.target, kind);
		found = !sl_str_eq(kind, "drift.gone");
	}
}

void sim_check_drift(struct sim *sim)
{
	for (size_t i = 0; i < sim->workspace.targets_len; i++) {
		check_shown(sim, i);
		check_found(sim, i);
		check_events(sim, i);
	}
}
