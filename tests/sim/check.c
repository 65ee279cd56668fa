/* What must hold, read from the databases and the store behind everybody's back. */
#include "sim.h"

#include "sluice/apply.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/catalog.h"
#include "sluice/schema/snapshot.h"
#include "sluice/store/work.h"

#include <stdio.h>
#include <string.h>

#define EFFECT "INSERT INTO log (n) VALUES ("
#define BEGUN  "INSERT INTO main._sluice_run "

/* --- databases ------------------------------------------------------------------------------- */

void sim_spec(struct sim *sim, struct sl_arena *arena, const char *name, struct sl_conn_spec *out)
{
	struct sl_error err = SL_ERROR_INIT;

	*out = (struct sl_conn_spec){ .clock = &sim->clock,
		.fake = sim->databases,
		.create = true };
	if (sl_engine_url_parse(&out->url, arena, sl_arena_printf(arena, "sqlite:%s", name),
		    &err) != SL_OK)
		sim_fail(sim, "%s: %s", name, err.msg);
}

static struct sl_conn *open_database(struct sim *sim, struct sl_arena *arena, const char *name)
{
	struct sl_conn_spec spec;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_conn *conn = NULL;

	sim->looking = true;
	sim_spec(sim, arena, name, &spec);
	if (sl_conn_open(&conn, &spec, &err) != SL_OK)
		sim_fail(sim, "%s: %s", name, err.msg);
	return conn;
}

static struct sl_conn *reader(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();

	if (!sim->readers[target])
		sim->readers[target] = open_database(sim, arena, sim->targets[target].name);
	sim->looking = true;
	return sim->readers[target];
}

void sim_check_close(struct sim *sim)
{
	for (size_t i = 0; i < TARGETS_MAX; i++)
		sl_conn_close(sim->readers[i]);
}

static struct sl_rows query(struct sim *sim, struct sl_conn *conn, struct sl_arena *arena,
	const char *sql)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_rows rows = { 0 };

	if (sl_conn_query(conn, &rows, arena, sql, &err) != SL_OK)
		sim_fail(sim, "%s: %s", sql, err.msg);
	return rows;
}

bool sim_execute(struct sim *sim, size_t target, const char *sql)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_rows rows = { 0 };
	bool done = sl_conn_query(reader(sim, target), &rows, arena, sql, NULL) == SL_OK;

	sim->looking = false;
	return done;
}

static int64_t number(const char *text)
{
	int64_t value = -1;

	return text && sl_parse_i64(text, INT64_MIN, INT64_MAX, &value) ? value : -1;
}

static bool has_table(struct sim *sim, struct sl_conn *conn, struct sl_arena *arena,
	const char *name)
{
	struct sl_rows rows = query(sim, conn, arena,
		sl_arena_printf(arena, "SELECT 1 FROM main.sqlite_schema WHERE name = '%s'", name));

	return rows.len > 0;
}

bool sim_target_has(struct sim *sim, size_t target, int n)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_conn *conn = reader(sim, target);
	bool has = has_table(sim, conn, arena, "log") &&
		query(sim, conn, arena, sl_arena_printf(arena, "SELECT 1 FROM log WHERE n = %d", n))
				.len > 0;

	sim->looking = false;
	return has;
}

/* Where the file with that number stands on the trunk; its length when it is not there. */
static size_t place_of(const struct sim *sim, int64_t n)
{
	size_t i = 0;

	while (i < sim->trunk.len && sim->trunk.at[i].number != n)
		i++;
	return i;
}

/* Exactly once, in order, and nothing that is not on the trunk. */
static size_t check_effects(struct sim *sim, struct sl_conn *conn, struct sl_arena *arena,
	const char *name)
{
	struct sl_rows rows = query(sim, conn, arena, "SELECT n FROM log ORDER BY id");
	size_t next = 0;

	for (size_t i = 0; i < rows.len; i++) {
		int64_t n = number(sl_rows_cell(&rows, i, 0));
		size_t place = place_of(sim, n);

		if (place == sim->trunk.len)
			sim_fail(sim, "%s: effect %lld is of no file on the branch", name,
				(long long)n);
		if (place < next)
			sim_fail(sim, "%s: effect %lld twice, or out of order", name, (long long)n);
		next = place + 1;
	}
	return rows.len;
}

/* The ledger's word for the effects, and the epochs along it. */
static void check_ledger(struct sim *sim, struct sl_conn *conn, struct sl_arena *arena,
	size_t target, size_t effects)
{
	const char *name = sim->targets[target].name;
	struct seen_target *seen = &sim->seen[target];
	struct sl_rows rows = query(sim, conn, arena,
		"SELECT m.version, m.seq, r.epoch FROM _sluice_migration AS m LEFT JOIN "
		"_sluice_run AS r ON r.id = m.run WHERE m.state = 'applied' AND m.scope = 'default' "
		"ORDER BY m.seq");
	struct sl_rows fence = query(sim, conn, arena,
		"SELECT coalesce(max(epoch), 0) FROM _sluice_fence WHERE scope = 'default'");
	int64_t last = 0, last_seq = 0;

	if (rows.len != effects)
		sim_fail(sim, "%s: the ledger says %zu applied, %zu effects are there", name,
			rows.len, effects);
	for (size_t i = 0; i < rows.len; i++) {
		int64_t seq = number(sl_rows_cell(&rows, i, 1));
		int64_t epoch = number(sl_rows_cell(&rows, i, 2));

		if (epoch < last)
			sim_fail(sim, "%s: version %s has epoch %lld after %lld", name,
				sl_rows_cell(&rows, i, 0), (long long)epoch, (long long)last);
		if (seq > seen->seq && epoch < seen->fence)
			sim_fail(sim,
				"%s: version %s was written with epoch %lld when the fence stood "
				"at %lld",
				name, sl_rows_cell(&rows, i, 0), (long long)epoch,
				(long long)seen->fence);
		last = epoch;
		last_seq = seq;
	}
	if (number(sl_rows_cell(&fence, 0, 0)) < seen->fence)
		sim_fail(sim, "%s: the fence went back from %lld", name, (long long)seen->fence);
	seen->fence = number(sl_rows_cell(&fence, 0, 0));
	seen->seq = last_seq;
}

void sim_check_target(struct sim *sim, size_t target)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_conn *conn = reader(sim, target);
	size_t effects = 0;

	sim->touched[target] = false;
	if (has_table(sim, conn, arena, "log"))
		effects = check_effects(sim, conn, arena, sim->targets[target].name);
	if (has_table(sim, conn, arena, "_sluice_fence"))
		check_ledger(sim, conn, arena, target, effects);
	else if (effects > 0)
		sim_fail(sim, "%s: effects without a ledger", sim->targets[target].name);
	sim->looking = false;
}

/* --- while it happens ------------------------------------------------------------------------ */

static bool is_author(const struct sl_change_view *view, const char *user)
{
	bool any_pushed = false;

	for (size_t i = 0; i < view->people_len; i++)
		any_pushed = any_pushed || view->people[i].pushed;
	for (size_t i = 0; i < view->people_len; i++) {
		if (view->people[i].pushed == any_pushed && sl_str_eq(view->people[i].user, user))
			return true;
	}
	return false;
}

static bool is_approved(const struct sl_change_view *view, const struct sl_stage *stage)
{
	for (size_t i = 0; i < view->approvals_len; i++) {
		const struct sl_approval *approval = &view->approvals[i];

		if (approval->stage_id == stage->id && approval->revoked_at == 0 &&
			sl_str_eq(approval->digest, stage->digest) &&
			!is_author(view, approval->by))
			return true;
	}
	return false;
}

static void check_approved(struct sim *sim, const char *database, int64_t n)
{
	const struct sl_task_query running = { .target = database,
		.states = SL_STATE_BIT(SL_TASK_RUNNING),
		.page = { .limit = 10 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task_list tasks = { 0 };
	struct sl_change_view view;

	(void)!sl_store_tasks(sim->acting->store, &running, arena, &tasks, NULL);
	if (tasks.len != 1)
		sim_fail(sim, "%s: %zu tasks are running", database, tasks.len);
	if (sl_store_change_view(sim->acting->store, tasks.at[0].change_id, arena, &view, NULL) !=
		SL_OK)
		sim_fail(sim, "%s: a task of no change", database);
	for (size_t i = 0; i < view.stages_len; i++) {
		if (view.stages[i].id == tasks.at[0].stage_id &&
			!is_approved(&view, &view.stages[i]))
			sim_fail(sim, "%s: effect %lld of change %lld has no approval", database,
				(long long)n, (long long)view.change.id);
	}
}

void sim_check_statement(struct sim *sim, const char *database, const char *sql, size_t len)
{
	const char *at = memmem(sql, len, EFFECT, strlen(EFFECT));
	size_t target = sl_workspace_target(&sim->workspace, database);
	int64_t n;

	if (!at || target == sim->workspace.targets_len)
		return;
	n = strtoll(at + strlen(EFFECT), NULL, 10);
	for (size_t i = 0; i < sim->workspace.targets_len; i++) {
		if (sim->targets[i].environment < sim->targets[target].environment &&
			!sim_target_has(sim, i, (int)n))
			sim_fail(sim, "%s gets %lld before %s has it", database, (long long)n,
				sim->targets[i].name);
	}
	if (sim->targets[target].environment == ENVIRONMENTS - 1)
		check_approved(sim, database, n);
}

void sim_check_ledger_write(struct sim *sim, const char *sql, size_t len)
{
	const char *at = memmem(sql, len, BEGUN, strlen(BEGUN));
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	char id[SL_ID_SIZE] = "";
	struct sl_run run;

	if (!at)
		return;
	at = strstr(at, "VALUES ('");
	(void)snprintf(id, sizeof(id), "%s", at ? at + strlen("VALUES ('") : "");
	if (sl_store_run(sim->acting->store, id, arena, &run, NULL) != SL_OK)
		sim_fail(sim, "run %s reaches its target before the store has it", id);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static struct seen_task *seen_task(struct sim *sim, const struct sl_task *task)
{
	struct seen_task *seen;

	for (size_t i = 0; i < sim->tasks.len; i++) {
		if (sim->tasks.at[i].id == task->id)
			return &sim->tasks.at[i];
	}
	seen = sl_vec_add(&sim->tasks);
	seen->id = task->id;
	seen->change_id = task->change_id;
	(void)snprintf(seen->target, sizeof(seen->target), "%s", task->target);
	return seen;
}

static unsigned events_of(struct sim *sim, const struct sl_task *task, const char *kind)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_log_query wanted = { .change_id = task->change_id,
		.target = task->target,
		.page = { .limit = 1000 } };
	struct sl_event_list events = { 0 };
	unsigned n = 0;

	(void)!sl_store_events(sim->store, &wanted, arena, &events, NULL);
	for (size_t i = 0; i < events.len; i++)
		n += sl_str_eq(events.at[i].kind, kind) ? 1 : 0;
	return n;
}

static unsigned messages_of(struct sim *sim, const struct sl_task *task, const char *kind)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *target = sl_arena_printf(arena, "\"target\":\"%s\"", task->target);
	struct sl_page page = { .limit = 1000 };
	struct sl_message_list messages = { 0 };
	unsigned n = 0;

	(void)!sl_store_outbox(sim->store, page, arena, &messages, NULL);
	for (size_t i = 0; i < messages.len; i++) {
		const struct sl_message *message = &messages.at[i];

		if (message->change_id == task->change_id && sl_str_eq(message->kind, kind) &&
			strstr(message->body, target))
			n++;
	}
	return n;
}

static void check_told(struct sim *sim, const struct sl_task *task, const char *kind,
	unsigned expected)
{
	unsigned events = events_of(sim, task, kind), messages = messages_of(sim, task, kind);
	unsigned routes = 1;

	routes += sl_str_eq(task->environment, "prod") ? 1 : 0;
	routes += sl_str_eq(kind, "task.failed") ? 1 : 0;
	if (events != expected)
		sim_fail(sim, "task %lld on %s: %u events %s where there must be %u",
			(long long)task->id, task->target, events, kind, expected);
	if (messages != expected * routes)
		sim_fail(sim, "task %lld on %s: %u messages %s where there must be %u",
			(long long)task->id, task->target, messages, kind, expected * routes);
}

/* A task that nobody works on has no run that is under way. */
static void check_ended(struct sim *sim, const struct sl_task *task)
{
	const struct sl_run_query wanted = { .task_id = task->id, .limit = 1000 };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_run_list runs = { 0 };

	(void)!sl_store_runs(sim->store, &wanted, arena, &runs, NULL);
	for (size_t i = 0; i < runs.len; i++) {
		if (runs.at[i].ended_at == 0)
			sim_fail(sim, "task %lld on %s is %s and its run %s never ended",
				(long long)task->id, task->target, sl_task_state_name(task->state),
				runs.at[i].id);
	}
}

void sim_check_tasks(struct sim *sim)
{
	const struct sl_task_query all = { .page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task_list tasks = { 0 };

	(void)!sl_store_tasks(sim->store, &all, arena, &tasks, NULL);
	for (size_t i = 0; i < tasks.len; i++) {
		const struct sl_task *task = &tasks.at[i];
		struct seen_task *seen = seen_task(sim, task);

		if (seen->state == (int)task->state)
			continue;
		seen->state = (int)task->state;
		if (task->state != SL_TASK_RUNNING)
			check_ended(sim, task);
		if (task->state == SL_TASK_DONE)
			check_told(sim, task, "task.done", ++seen->done);
		if (task->state == SL_TASK_FAILED)
			check_told(sim, task, "task.failed", ++seen->failed);
	}
}

/* What it did is to be proved first, and that waits for a person. */
static bool is_unproved(struct sim *sim, const char *target)
{
	const struct sl_task_query wanted = { .target = target,
		.states = SL_STATE_BIT(SL_TASK_UNKNOWN) | SL_STATE_BIT(SL_TASK_NEEDS_HUMAN),
		.page = { .limit = 1 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task_list tasks = { 0 };

	(void)!sl_store_tasks(sim->store, &wanted, arena, &tasks, NULL);
	return tasks.len > 0;
}

static void check_stage_waits(struct sim *sim, const struct sl_change_view *view,
	const struct sl_stage *stage)
{
	if (stage->state == SL_STAGE_WAITING && stage->wait[0] == '\0' && !view->change.held)
		sim_fail(sim, "change %lld: stage %s waits and does not say for what",
			(long long)view->change.id, stage->environment);
	for (size_t i = 0; i < view->tasks_len; i++) {
		const struct sl_task *task = &view->tasks[i];

		if (task->stage_id != stage->id || view->change.held)
			continue;
		if (task->state == SL_TASK_RUNNING ||
			(task->state == SL_TASK_READY && !is_unproved(sim, task->target)))
			sim_fail(sim, "task %lld on %s is %s for ever", (long long)task->id,
				task->target, sl_task_state_name(task->state));
		if ((task->state == SL_TASK_BLOCKED || task->state == SL_TASK_UNKNOWN) &&
			(task->wait[0] == '\0' || task->due_at + 60 * SL_SECOND_US < sim->now))
			sim_fail(sim, "task %lld on %s is %s and does not go on: %s",
				(long long)task->id, task->target, sl_task_state_name(task->state),
				task->wait);
	}
}

/* Called after a long time without people and faults: whatever has not ended says why. */
void sim_check_waits(struct sim *sim)
{
	const struct sl_change_query merged = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list changes = { 0 };

	(void)!sl_store_changes(sim->store, &merged, arena, &changes, NULL);
	for (size_t i = 0; i < changes.len; i++) {
		struct sl_change_view view;
		size_t at = 0;

		if (sl_store_change_view(sim->store, changes.at[i].id, arena, &view, NULL) != SL_OK)
			continue;
		while (at < view.stages_len &&
			(view.stages[at].state == SL_STAGE_DONE ||
				view.stages[at].state == SL_STAGE_NOTHING))
			at++;
		if (at == view.stages_len)
			sim_fail(sim, "change %lld is through and does not end",
				(long long)view.change.id);
		check_stage_waits(sim, &view, &view.stages[at]);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

bool sim_at_rest(struct sim *sim)
{
	const struct sl_change_query merged = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list changes = { 0 };

	(void)!sl_store_changes(sim->store, &merged, arena, &changes, NULL);
	if (changes.len > 0)
		return false;
	for (size_t i = 0; i < sim->workspace.targets_len; i++) {
		if (sim->trunk.len > 0 &&
			!sim_target_has(sim, i, sim->trunk.at[sim->trunk.len - 1].number))
			return false;
	}
	return true;
}

static void hash_of(struct sim *sim, struct sl_conn *conn, char out[SL_SHA256_HEX])
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_conn_introspect(conn, &catalog, &err) != SL_OK)
		sim_fail(sim, "introspect: %s", err.msg);
	sl_snapshot_hash(catalog, out);
}

/* The schema that a database has where the files ran one after the other, undisturbed. */
static void reference_hash(struct sim *sim, size_t target, char out[SL_SHA256_HEX])
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_conn *conn = open_database(sim, arena,
		sl_arena_printf(arena, "like %s", sim->targets[target].name));

	for (size_t i = 0; i < sim->trunk.len; i++)
		(void)query(sim, conn, arena, sim->trunk.at[i].sql);
	for (unsigned n = 1; n <= sim->others[target]; n++)
		(void)query(sim, conn, arena, sim_others_sql(arena, n));
	hash_of(sim, conn, out);
	sl_conn_close(conn);
	sim->looking = false;
}

static void check_schemas(struct sim *sim)
{
	char expected[SL_SHA256_HEX], hash[SL_SHA256_HEX];

	for (size_t i = 0; i < sim->workspace.targets_len; i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		struct sl_conn *conn = reader(sim, i);
		struct sl_rows rows = query(sim, conn, arena, "SELECT count(*) FROM log");

		if (number(sl_rows_cell(&rows, 0, 0)) != (int64_t)sim->trunk.len)
			sim_fail(sim, "%s has %s of %zu files", sim->targets[i].name,
				sl_rows_cell(&rows, 0, 0), sim->trunk.len);
		rows = query(sim, conn, arena, "SELECT id FROM _sluice_run WHERE ended_at IS NULL");
		if (rows.len > 0)
			sim_fail(sim, "%s: run %s is open for ever", sim->targets[i].name,
				sl_rows_cell(&rows, 0, 0));
		hash_of(sim, conn, hash);
		reference_hash(sim, i, expected);
		if (!sl_str_eq(hash, expected))
			sim_fail(sim, "%s ends at another schema", sim->targets[i].name);
	}
}

/* What a run of the task wrote into the ledger is not nothing. */
static void check_runs(struct sim *sim, const struct sl_task *task)
{
	const struct sl_run_query wanted = { .task_id = task->id, .limit = 1000 };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	size_t target = sl_workspace_target(&sim->workspace, task->target);
	struct sl_run_list runs = { 0 };

	(void)!sl_store_runs(sim->store, &wanted, arena, &runs, NULL);
	for (size_t i = 0; i < runs.len; i++) {
		struct sl_conn *conn = reader(sim, target);
		struct sl_rows rows = query(sim, conn, arena,
			sl_arena_printf(arena, "SELECT 1 FROM _sluice_migration WHERE run = '%s'",
				runs.at[i].id));

		sim->looking = false;
		if (rows.len > 0 && task->outcome == SL_OUTCOME_NOTHING)
			sim_fail(sim, "task %lld did something and is called nothing",
				(long long)task->id);
	}
}

static void check_change(struct sim *sim, int64_t id)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_view view;
	bool applied = false;

	if (sl_store_change_view(sim->store, id, arena, &view, NULL) != SL_OK)
		return;
	for (size_t i = 0; i < view.tasks_len; i++) {
		if (view.tasks[i].state != SL_TASK_DONE)
			continue;
		applied = applied || view.tasks[i].outcome == SL_OUTCOME_APPLIED;
		check_runs(sim, &view.tasks[i]);
	}
	if (view.change.state == SL_CHANGE_DONE && !applied)
		sim_fail(sim, "change %lld did nothing and is called applied", (long long)id);
	if (view.change.state == SL_CHANGE_NOTHING && applied)
		sim_fail(sim, "change %lld did something and is called nothing", (long long)id);
}

void sim_check_end(struct sim *sim)
{
	const struct sl_change_query all = { .page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_page page = { .limit = 1000 };
	struct sl_change_list changes = { 0 };
	struct sl_message_list messages = { 0 };

	if (sim->trunk.len > 0)
		check_schemas(sim);
	(void)!sl_store_changes(sim->store, &all, arena, &changes, NULL);
	for (size_t i = 0; i < changes.len; i++)
		check_change(sim, changes.at[i].id);
	(void)!sl_store_outbox(sim->store, page, arena, &messages, NULL);
	for (size_t i = 0; i < messages.len; i++) {
		if (messages.at[i].done_at == 0)
			sim_fail(sim, "message %lld (%s) was never delivered",
				(long long)messages.at[i].id, messages.at[i].kind);
	}
}

/* Where everything stands, for whoever reads the story of a seed. */
void sim_tell_state(struct sim *sim)
{
	const struct sl_change_query all = { .page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list changes = { 0 };

	(void)!sl_store_changes(sim->store, &all, arena, &changes, NULL);
	for (size_t i = changes.len; i-- > 0;) {
		struct sl_change_view view;

		if (sl_store_change_view(sim->store, changes.at[i].id, arena, &view, NULL) != SL_OK)
			continue;
		sim_say(sim, "change %lld %s %s%s %s: %s", (long long)view.change.id,
			view.change.branch, sl_change_state_name(view.change.state),
			view.change.held ? ", held" : "", view.change.hold_reason,
			view.change.wait);
		for (size_t k = 0; k < view.stages_len; k++)
			sim_say(sim, "  %s %s: %s", view.stages[k].environment,
				sl_stage_state_name(view.stages[k].state), view.stages[k].wait);
		for (size_t k = 0; k < view.tasks_len; k++)
			sim_say(sim, "  task %lld %s %s due %lld: %s%s",
				(long long)view.tasks[k].id, view.tasks[k].target,
				sl_task_state_name(view.tasks[k].state),
				(long long)((view.tasks[k].due_at - sim->now) / SL_SECOND_US),
				view.tasks[k].wait, view.tasks[k].detail);
	}
}
