#include "sim.h"

#include "sluice/apply.h"
#include "sluice/control/people.h"
#include "sluice/core/str.h"
#include "sluice/store/read.h"

#include <stdio.h>
#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *const developers[] = { "ada", "ben", "dana" };
static const char *const approvers[] = { "dana", "dora", "dirk" };

static struct sl_ask ask_of(const char *user, const char *reason)
{
	struct sl_ask ask = { .reason = reason };

	(void)snprintf(ask.who.user, sizeof(ask.who.user), "%s", user);
	ask.who.via = "socket";
	return ask;
}

/* --- files ----------------------------------------------------------------------------------- */

/* A table that every target will have before this file comes; 0: there is none. */
static int known_table(struct sim *sim)
{
	int chosen = 0;
	unsigned n = 0;

	for (size_t i = 0; i < sim->trunk.len; i++) {
		if (sim->trunk.at[i].makes_table && sim_below(sim, ++n) == 0)
			chosen = sim->trunk.at[i].number;
	}
	return chosen;
}

static void write_file(struct sim *sim, struct file *file)
{
	int table = known_table(sim);
	unsigned kind = sim_below(sim, table > 0 ? 5 : 2);
	char body[200] = "";

	file->number = ++sim->numbers;
	file->makes_table = kind == 0;
	if (kind == 0)
		(void)snprintf(body, sizeof(body),
			"CREATE TABLE t%d (id INTEGER PRIMARY KEY, a TEXT);\n", file->number);
	else if (kind == 2)
		(void)snprintf(body, sizeof(body), "ALTER TABLE t%d ADD COLUMN c%d INTEGER;\n",
			table, file->number);
	else if (kind == 3)
		(void)snprintf(body, sizeof(body), "CREATE INDEX i%d ON t%d (a);\n", file->number,
			table);
	else if (kind == 4)
		(void)snprintf(body, sizeof(body), "INSERT INTO t%d (a) VALUES ('%d');\n", table,
			file->number);
	if (sim_below(sim, 2) == 0)
		(void)snprintf(file->sql, sizeof(file->sql), "%sINSERT INTO log (n) VALUES (%d);\n",
			body, file->number);
	else
		(void)snprintf(file->sql, sizeof(file->sql), "INSERT INTO log (n) VALUES (%d);\n%s",
			file->number, body);
}

static void name_file(struct sim *sim, struct file *file)
{
	file->version = ++sim->versions;
	(void)snprintf(file->path, sizeof(file->path), FOLDER "/V%d__file.sql", file->version);
}

static bool announce(struct sim *sim, const char *user, const char *branch, const char *head)
{
	char name[80];
	const struct sl_hook_ref ref = { "0000000000000000000000000000000000000000", head, name };
	const struct sl_hook_request request = { .repository = SHOP,
		.user = "",
		.refs = &ref,
		.n_refs = 1 };
	const struct sl_ask who = ask_of(user, "");
	const char *project = NULL;

	(void)snprintf(name, sizeof(name), "refs/heads/%s", branch);
	if (!sim->process || sim_chance(sim, 200))
		return false; /* nobody listens, or the hook was deleted */
	return sl_control_pushed(sim->process->control, &who.who, &request, &project, NULL) ==
		SL_OK;
}

static void commit(struct sim *sim, const char *branch, const char *owner,
	const struct sl_git_new_file *files, size_t n, bool *announced)
{
	char email[40];
	char head[SL_GIT_ID_SIZE];
	const struct sl_git_new_commit what = { .branch = branch,
		.base = strcmp(branch, "main") == 0 ? NULL : "main",
		.files = files,
		.n_files = n,
		.author_name = owner,
		.author_email = email,
		.message = sl_arena_printf(sim->arena, "work on %s", branch),
		.at = sim->now };
	struct sl_error err = SL_ERROR_INIT;

	(void)snprintf(email, sizeof(email), "%s@example.com", owner);
	if (sl_repo_fake_commit(sim->repo, &what, head, &err) != SL_OK)
		sim_fail(sim, "commit: %s", err.msg);
	sim_say(sim, "%s pushes %s: %zu files", owner, branch, n);
	*announced = announce(sim, owner, branch, head) || *announced;
}

static struct sl_git_new_file as_git(const struct file *file)
{
	return (struct sl_git_new_file){ file->path, file->sql, strlen(file->sql) };
}

/* --- branches -------------------------------------------------------------------------------- */

static void begin_trunk(struct sim *sim)
{
	struct file *file = sl_vec_add(&sim->trunk);
	struct sl_git_new_file git;
	bool announced = false;

	sim->trunk_moved_at = sim->now;
	name_file(sim, file);
	(void)snprintf(file->sql, sizeof(file->sql),
		"CREATE TABLE log (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\n"
		"INSERT INTO log (n) VALUES (0);\n");
	git = as_git(file);
	commit(sim, "main", "ada", &git, 1, &announced);
}

static void push_new(struct sim *sim)
{
	struct branch *branch = sl_vec_add(&sim->branches);
	struct sl_git_new_file git[FILES_MAX];
	size_t n = 1 + sim_below(sim, 3);

	(void)snprintf(branch->name, sizeof(branch->name), "change/b%zu", sim->branches.len);
	branch->owner = developers[sim_below(sim, LEN(developers))];
	for (; branch->files_len < n; branch->files_len++) {
		struct file *file = &branch->files[branch->files_len];

		name_file(sim, file);
		write_file(sim, file);
		git[branch->files_len] = as_git(file);
	}
	commit(sim, branch->name, branch->owner, git, n, &branch->announced);
}

static struct branch *some_branch(struct sim *sim, enum branch_state state)
{
	struct branch *chosen = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < sim->branches.len; i++) {
		if (sim->branches.at[i].state == state && sim_below(sim, ++n) == 0)
			chosen = &sim->branches.at[i];
	}
	return chosen;
}

/* One file gets other content, or there is one more. */
static void push_again(struct sim *sim, struct branch *branch)
{
	struct sl_git_new_file git;
	struct file *file = &branch->files[sim_below(sim, (unsigned)branch->files_len)];

	if (branch->files_len < FILES_MAX && sim_below(sim, 2) == 0) {
		file = &branch->files[branch->files_len++];
		name_file(sim, file);
	}
	write_file(sim, file);
	git = as_git(file);
	commit(sim, branch->name, branch->owner, &git, 1, &branch->announced);
}

/* Versions above all that the trunk has. */
static void renumber(struct sim *sim, struct branch *branch)
{
	struct sl_git_new_file git[2 * FILES_MAX];
	char old[FILES_MAX][64];
	size_t n = 0;

	for (size_t i = 0; i < branch->files_len; i++) {
		struct file *file = &branch->files[i];

		memcpy(old[i], file->path, sizeof(old[i]));
		git[n++] = (struct sl_git_new_file){ old[i], NULL, 0 };
		name_file(sim, file);
		git[n++] = as_git(file);
	}
	commit(sim, branch->name, branch->owner, git, n, &branch->announced);
}

static bool comes_late(const struct sim *sim, const struct branch *branch)
{
	int highest = sim->trunk.at[sim->trunk.len - 1].version;

	for (size_t i = 0; i < branch->files_len; i++) {
		if (branch->files[i].version < highest)
			return true;
	}
	return false;
}

/* Whether Sluice knows the trunk as it is.  What comes to it unseen in several pieces can be found
 * in pieces whose versions interleave, and then no order of them is right. */
static bool trunk_is_seen(struct sim *sim)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_project_record project;

	return sl_store_project(sim->store, "shop", arena, &project, NULL) == SL_OK &&
		project.seen_at > sim->trunk_moved_at;
}

static void merge(struct sim *sim, struct branch *branch)
{
	bool squash = sim_below(sim, 2) == 0;
	struct sl_error err = SL_ERROR_INIT;

	if (comes_late(sim, branch)) {
		renumber(sim, branch);
		return;
	}
	if (!trunk_is_seen(sim))
		return;
	sim->trunk_moved_at = sim->now;
	if (sl_repo_fake_merge(sim->repo, "main", branch->name, squash, sim->now, &err) != SL_OK)
		sim_fail(sim, "merge: %s", err.msg);
	sim_say(sim, "%s is merged%s", branch->name, squash ? ", squashed" : "");
	branch->state = BRANCH_MERGED;
	for (size_t i = 0; i < branch->files_len; i++)
		*sl_vec_add(&sim->trunk) = branch->files[i];
}

/* Careful people wait until the merge was seen: a branch that goes before is a direct push. */
static bool is_seen(struct sim *sim, const struct branch *branch)
{
	const struct sl_change_query query = { .branch = branch->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN),
		.page = { .limit = 1 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list open = { 0 };
	const struct sl_change_query any = { .branch = branch->name, .page = { .limit = 1 } };
	struct sl_change_list known = { 0 };

	(void)!sl_store_changes(sim->store, &query, arena, &open, NULL);
	(void)!sl_store_changes(sim->store, &any, arena, &known, NULL);
	return known.len > 0 && open.len == 0;
}

static void drop_branch(struct sim *sim, struct branch *branch)
{
	if (branch->state == BRANCH_MERGED && !is_seen(sim, branch))
		return;
	sim_say(sim, "%s is deleted", branch->name);
	sl_repo_fake_set_branch(sim->repo, branch->name, NULL);
	branch->state = BRANCH_GONE;
}

/* --- orders ---------------------------------------------------------------------------------- */

static void approve(struct process *process, int64_t change, const char *user)
{
	const struct sl_ask ask = ask_of(user, "");
	struct sl_error err = SL_ERROR_INIT;

	if (sl_control_approve(process->control, &ask, change, NULL, NULL, &err) == SL_OK)
		sim_say(process->sim, "%s approves change %lld", user, (long long)change);
}

static int64_t some_change(struct sim *sim, struct sl_arena *arena, unsigned states)
{
	const struct sl_change_query query = { .states = states, .page = { .limit = 1000 } };
	struct sl_change_list changes;

	if (sl_store_changes(sim->process->store, &query, arena, &changes, NULL) != SL_OK ||
		changes.len == 0)
		return 0;
	return changes.at[sim_below(sim, (unsigned)changes.len)].id;
}

static void order_change(struct sim *sim)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	int64_t id = some_change(sim, arena,
		SL_STATE_BIT(SL_CHANGE_OPEN) | SL_STATE_BIT(SL_CHANGE_MERGED));
	const struct sl_ask otto = ask_of("otto", "a reason");

	if (id == 0)
		return;
	switch (sim_below(sim, 6)) {
	case 0:
		if (sl_control_hold(sim->process->control, &otto, id, NULL) == SL_OK)
			sim_say(sim, "change %lld is held", (long long)id);
		break;
	case 1:
	case 2:
		if (sl_control_resume(sim->process->control, &otto, id, NULL) == SL_OK)
			sim_say(sim, "change %lld is resumed", (long long)id);
		break;
	default:
		approve(sim->process, id, approvers[sim_below(sim, LEN(approvers))]);
	}
}

static void order_task(struct sim *sim)
{
	const struct sl_task_query query = { .states = SL_STATE_BIT(SL_TASK_FAILED) |
			SL_STATE_BIT(SL_TASK_CANCELED) | SL_STATE_BIT(SL_TASK_READY) |
			SL_STATE_BIT(SL_TASK_RUNNING) | SL_STATE_BIT(SL_TASK_BLOCKED),
		.page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_ask otto = ask_of("otto", "a reason");
	struct sl_task_list tasks;
	const struct sl_task *task;

	if (sl_store_tasks(sim->process->store, &query, arena, &tasks, NULL) != SL_OK ||
		tasks.len == 0)
		return;
	task = &tasks.at[sim_below(sim, (unsigned)tasks.len)];
	if (task->state == SL_TASK_FAILED || task->state == SL_TASK_CANCELED) {
		if (sl_control_retry(sim->process->control, &otto, task->id, NULL) == SL_OK)
			sim_say(sim, "task %lld is retried", (long long)task->id);
	} else if (sim_below(sim, 4) == 0) {
		if (sl_control_cancel(sim->process->control, &otto, task->id, NULL) == SL_OK)
			sim_say(sim, "task %lld is canceled", (long long)task->id);
	}
}

void sim_people_act(struct sim *sim)
{
	struct branch *branch;

	if (sim->trunk.len == 0) {
		begin_trunk(sim);
		return;
	}
	switch (sim_below(sim, 12)) {
	case 0:
	case 1:
		push_new(sim);
		break;
	case 2:
		branch = some_branch(sim, BRANCH_OPEN);
		if (branch)
			push_again(sim, branch);
		break;
	case 3:
	case 4:
	case 5:
		branch = some_branch(sim, BRANCH_OPEN);
		if (branch)
			merge(sim, branch);
		break;
	case 6:
		branch = some_branch(sim, sim_below(sim, 4) ? BRANCH_MERGED : BRANCH_OPEN);
		if (branch)
			drop_branch(sim, branch);
		break;
	case 7:
		if (sim->process)
			order_task(sim);
		break;
	default:
		if (sim->process)
			order_change(sim);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

static void settle_changes(struct process *process, struct sl_arena *arena)
{
	const struct sl_change_query query = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	const struct sl_ask otto = ask_of("otto", "the end");
	struct sl_change_list changes = { 0 };

	(void)!sl_store_changes(process->store, &query, arena, &changes, NULL);
	for (size_t i = 0; i < changes.len; i++) {
		if (changes.at[i].held)
			(void)!sl_control_resume(process->control, &otto, changes.at[i].id, NULL);
		for (size_t k = 0; k < LEN(approvers); k++)
			approve(process, changes.at[i].id, approvers[k]);
	}
}

void sim_people_settle(struct process *process)
{
	const struct sl_task_query query = { .states = SL_STATE_BIT(SL_TASK_FAILED) |
			SL_STATE_BIT(SL_TASK_CANCELED) | SL_STATE_BIT(SL_TASK_NEEDS_HUMAN),
		.page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_ask otto = ask_of("otto", "the end");
	struct sl_task_list tasks = { 0 };

	settle_changes(process, arena);
	(void)!sl_store_tasks(process->store, &query, arena, &tasks, NULL);
	for (size_t i = 0; i < tasks.len; i++) {
		if (tasks.at[i].state == SL_TASK_NEEDS_HUMAN)
			sim_fail(process->sim, "task %lld on %s needs a human: %s",
				(long long)tasks.at[i].id, tasks.at[i].target, tasks.at[i].detail);
		(void)!sl_control_retry(process->control, &otto, tasks.at[i].id, NULL);
	}
}

/* A store with another installation's id is told that the targets are its own now. */
void sim_people_adopt(struct sim *sim)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();

	sim->looking = true;
	for (size_t i = 0; i < sim->workspace.targets_len; i++) {
		struct sl_conn_spec spec = { .clock = &sim->clock, .fake = sim->databases };
		const struct sl_apply_word word = { .target = &spec,
			.actor = "otto",
			.reason = "the store was lost",
			.tool = "sluice sim",
			.installation = sl_store_installation(sim->store),
			.clock = &sim->clock,
			.rand = &sim->rand.rand };
		struct sl_error err = SL_ERROR_INIT;

		if (sl_engine_url_parse(&spec.url, arena, sim->targets[i].url, &err) != SL_OK)
			sim_fail(sim, "%s", err.msg);
		if (sl_apply_adopt(&word, &err) != SL_OK)
			sim_say(sim, "adopt %s: %s", sim->targets[i].name, err.msg);
	}
	sim->looking = false;
}
