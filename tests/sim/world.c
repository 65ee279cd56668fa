#include "sim.h"

#include "sluice/core/alloc.h"
#include "sluice/net.h"
#include "sluice/review/rule.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BEGINNING INT64_C(1767225600000000)
#define SWEEP_US  (10 * SL_SECOND_US)
#define DRIFT_US  (10 * 60 * SL_SECOND_US)
#define QUEUE_MAX 4000
#define APPROVERS 3

static const char *const environment_names[ENVIRONMENTS] = { "dev", "staging", "prod" };

static const struct sl_user users[] = {
	{ .name = "ada", .email = "ada@example.com", .unix_name = "", .token = "" },
	{ .name = "ben", .email = "ben@example.com", .unix_name = "", .token = "" },
	{ .name = "dana", .email = "dana@example.com", .unix_name = "", .token = "" },
	{ .name = "dora", .email = "dora@example.com", .unix_name = "", .token = "" },
	{ .name = "dirk", .email = "dirk@example.com", .unix_name = "", .token = "" },
	{ .name = "otto", .email = "otto@example.com", .unix_name = "", .token = "" },
};

static const size_t dbas[APPROVERS] = { 2, 3, 4 };
static const size_t owners[1] = { 5 };

static const struct sl_role roles[] = {
	{ "dba", dbas, APPROVERS },
	{ "owner", owners, 1 },
};

static const struct sl_risk_rule risk[] = {
	{ SL_RISK_HIGH, "environment = 'prod'" },
	{ SL_RISK_LOW, "environment <> 'prod'" },
};

static const struct sl_approval_step one_dba[] = { { "dba", 1 } };

static const struct sl_migrations_entry entries[] = {
	{ .path = FOLDER, .layout = "flyway", .ledger = "default", .targets = "app = 'shop'" },
};

static const struct sl_project projects[] = {
	{ .name = "shop",
		.repository = SHOP,
		.branch = "main",
		.migrations = entries,
		.migrations_len = 1 },
};

static const size_t prod_only[] = { 2 };
static const char *const failures[] = { "task.failed", "stage.*" };

static const struct sl_route routes[] = {
	{ .name = "all", .kind = "webhook", .url = "https://hooks.example.com/all", .secret = "" },
	{ .name = "prod",
		.kind = "webhook",
		.url = "https://hooks.example.com/prod",
		.secret = "",
		.environments = prod_only,
		.environments_len = 1 },
	{ .name = "failures",
		.kind = "webhook",
		.url = "https://hooks.example.com/failures",
		.secret = "",
		.events = failures,
		.events_len = 2 },
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static int64_t clock_now(void *ctx)
{
	return ((const struct sim *)ctx)->now;
}

static void make_targets(struct sim *sim)
{
	size_t n = 0;

	for (size_t e = 0; e < ENVIRONMENTS; e++) {
		size_t most = 1 + sim_below(sim, 3);

		for (size_t i = 0; i < most && n < TARGETS_MAX; i++, n++) {
			const char *name = sl_arena_printf(sim->arena, "%s%zu",
				environment_names[e], i + 1);

			sim->labels[n][0] = (struct sl_label){ "app", "shop" };
			sim->labels[n][1] = (struct sl_label){ "tier", environment_names[e] };
			sim->targets[n] = (struct sl_target){ .name = name,
				.environment = e,
				.url = sl_arena_printf(sim->arena, "sqlite:%s", name),
				.password = "",
				.dialect = SL_DIALECT_SQLITE,
				.labels = sim->labels[n],
				.labels_len = 2 };
		}
	}
	sim->workspace.targets = sim->targets;
	sim->workspace.targets_len = n;
}

void sim_world_make(struct sim *sim, const char *data)
{
	const struct sl_fake_script script = { sim_fate, sim };

	sim->now = BEGINNING;
	sim->clock = (struct sl_clock){ clock_now, clock_now, sim };
	sim->data = data;
	sim->workspace = (struct sl_workspace){ .environments = sim->environments,
		.environments_len = ENVIRONMENTS,
		.projects = projects,
		.projects_len = LEN(projects),
		.users = users,
		.users_len = LEN(users),
		.roles = roles,
		.roles_len = LEN(roles),
		.risk = risk,
		.risk_len = LEN(risk),
		.approvals = { [SL_RISK_HIGH] = { one_dba, 1 } },
		.routes = routes,
		.routes_len = LEN(routes) };
	for (size_t e = 0; e < ENVIRONMENTS; e++) {
		sim->environments[e] = (struct sl_environment){ .name = environment_names[e],
			.mode = SL_MODE_APPLY,
			.drift_every_us = DRIFT_US };
		sim->rules[e] = sl_rule_settings_new();
	}
	make_targets(sim);
	sim->world = sl_world_of(&sim->workspace,
		(const struct sl_rule_settings *const *)sim->rules);
	sim->repo = sl_repo_fake_new("shop");
	sim->databases = sl_fake_world_new(&script);
	sim->store = sim_store_open(sim, false);
}

void sim_world_free(struct sim *sim)
{
	sim_process_free(sim->process);
	sl_store_free(sim->store);
	sl_store_free(sim->forgotten);
	sim_check_close(sim);
	sl_fake_world_free(sim->databases);
	sl_repo_fake_free(sim->repo);
	sl_world_unref(sim->world);
	for (size_t e = 0; e < ENVIRONMENTS; e++)
		sl_rule_settings_free(sim->rules[e]);
}

struct sl_store *sim_store_open(struct sim *sim, bool same_installation)
{
	const struct sl_store_options options = { .url = "memory:",
		.data_folder = sim->data,
		.rand = &sim->rand.rand };
	char path[512];
	struct sl_store *store = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)snprintf(path, sizeof(path), "%s/installation", sim->data);
	if (!same_installation)
		(void)unlink(path);
	if (sl_store_open(&store, &options, &err) != SL_OK)
		sim_fail(sim, "store: %s", err.msg);
	return store;
}

/* --- processes ------------------------------------------------------------------------------ */

/* What is queued already and not later is not queued again. */
static void add(void *ctx, enum sl_work work, const char *key, int64_t at)
{
	struct process *process = ctx;
	struct due *due;

	if (work == SL_WORK_SWEEP)
		return; /* ours to drive, like the daemon's clock */
	for (size_t i = 0; i < process->queue.len; i++) {
		due = &process->queue.at[i];
		if (due->work == work && strcmp(due->key, key) == 0 && due->at <= at)
			return;
	}
	if (process->queue.len > QUEUE_MAX)
		sim_fail(process->sim, "the queue grows without end");
	due = sl_vec_add(&process->queue);
	due->work = work;
	due->at = at;
	(void)snprintf(due->key, sizeof(due->key), "%s", key);
}

static enum sl_code open_repo(void *ctx, const struct sl_world *world,
	const struct sl_project *project, struct sl_repo **out, struct sl_error *err)
{
	const struct process *process = ctx;

	(void)world;
	(void)project;
	if (process->sim->dead)
		return sl_error_set(err, SL_EUNAVAIL, "the process is dead");
	*out = sl_repo_fake_repo(process->sim->repo);
	return SL_OK;
}

static enum sl_code send_out(void *ctx, const struct sl_net_request *request,
	const struct sl_cancel *cancel, struct sl_arena *arena, struct sl_net_answer *out,
	struct sl_error *err)
{
	const struct process *process = ctx;
	struct sim *sim = process->sim;

	(void)request;
	(void)cancel;
	(void)arena;
	if (sim->dead || (sim->trouble > 0 && sim_chance(sim, 100)))
		return sl_error_set(err, SL_EUNAVAIL, "nobody answers");
	*out = (struct sl_net_answer){ .status = 204, .body = "" };
	if (sim->trouble > 0 && sim_chance(sim, 10))
		sim_die(sim);
	return SL_OK;
}

struct process *sim_process_start(struct sim *sim, struct sl_store *store, bool alone)
{
	struct process *process = sl_xcalloc(1, sizeof(*process));
	struct process *acted = sim->acting;
	struct sl_control_doors doors = { .clock = &sim->clock,
		.rand = &sim->rand.rand,
		.store = store,
		.queue = { add, process },
		.replica = process->replica,
		.tool = "sluice sim",
		.open_repo = open_repo,
		.send = send_out,
		.ctx = process,
		.fake = sim->databases,
		.alone = alone };
	struct sl_error err = SL_ERROR_INIT;

	process->sim = sim;
	process->store = store;
	(void)snprintf(process->replica, sizeof(process->replica), "r%u", ++sim->processes);
	process->control = sl_control_new(&doors, sim->world);
	sim_say(sim, "process %s starts%s", process->replica, alone ? ", alone" : "");
	sim->acting = process;
	if (sl_control_start(process->control, &err) != SL_OK && !sim->dead)
		sim_fail(sim, "start: %s", err.msg);
	sim->acting = acted;
	return process;
}

void sim_process_free(struct process *process)
{
	if (!process)
		return;
	sl_control_free(process->control);
	sl_vec_done(&process->queue);
	free(process);
}

/* --- work ------------------------------------------------------------------------------------ */

static void do_work(struct process *process, enum sl_work work, const char *key)
{
	struct sim *sim = process->sim;
	struct process *acted = sim->acting;
	struct sl_error err = SL_ERROR_INIT;
	enum sl_code code;

	sim->acting = process;
	sim->attempts += work == SL_WORK_RUN;
	code = sl_control_do(process->control, work, key, NULL, &err);
	sim_say(sim, "%s: %s %s%s%s", process->replica, sl_work_name(work), key,
		code == SL_OK ? "" : ": ", code == SL_OK ? "" : err.msg);
	sim->acting = acted;
}

int64_t sim_process_next(const struct process *process)
{
	int64_t next = process->swept_at + SWEEP_US;

	for (size_t i = 0; i < process->queue.len; i++) {
		if (process->queue.at[i].at < next)
			next = process->queue.at[i].at;
	}
	return next;
}

/* Index of a random due one, or the queue's length. */
static size_t pick(struct process *process)
{
	size_t chosen = process->queue.len;
	unsigned n = 0;

	for (size_t i = 0; i < process->queue.len; i++) {
		if (process->queue.at[i].at > process->sim->now)
			continue;
		if (sim_below(process->sim, ++n) == 0)
			chosen = i;
	}
	return chosen;
}

bool sim_process_work(struct process *process, bool reliable)
{
	struct sim *sim = process->sim;
	struct due due;
	size_t i;

	if (process->swept_at + SWEEP_US <= sim->now) {
		process->swept_at = sim->now;
		do_work(process, SL_WORK_SWEEP, "");
		return true;
	}
	i = pick(process);
	if (i == process->queue.len)
		return false;
	due = process->queue.at[i];
	if (!reliable && sim_chance(sim, 50)) { /* late */
		process->queue.at[i].at = sim->now + (1 + sim_below(sim, 30)) * SL_SECOND_US;
		return true;
	}
	process->queue.at[i] = process->queue.at[--process->queue.len];
	if (!reliable && sim_chance(sim, 50)) {
		sim_say(sim, "lost: %s %s", sl_work_name(due.work), due.key);
		return true;
	}
	do_work(process, due.work, due.key);
	if (!reliable && !sim->dead && sim_chance(sim, 50))
		do_work(process, due.work, due.key);
	return true;
}
