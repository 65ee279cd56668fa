/*
 * A target that another installation wrote to last, that has moved, or that another tool migrated
 * before, becomes ours by a person's word.
 */
#include "folder.h"
#include "history.h"
#include "request.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

struct adopting {
	struct request *request;
	const char *target;
	const struct sl_target *row; /* in the configuration */
	struct sl_ledger ledger; /* as it was before */
	bool dry_run;
	json_t *histories; /* borrowed */
	const char *sum; /* "; 3 files of the history of Flyway", or "" */
};

/* --- the fence ------------------------------------------------------------------------------ */

static enum sl_code adopt_scope(struct adopting *a, const char *scope, struct sl_error *err)
{
	struct sl_conn_spec spec;
	struct sl_apply_word word;
	enum sl_code code = sl_request_word(a->request, a->target, scope, &spec, &word, err);

	return code == SL_OK ? sl_apply_adopt(&word, err) : code;
}

/* Each scope of its ledger, and the default one. */
static enum sl_code adopt_scopes(struct adopting *a, struct sl_error *err)
{
	const struct sl_ledger *ledger = &a->ledger;
	enum sl_code code = adopt_scope(a, SL_LEDGER_DEFAULT, err);

	for (size_t i = 0; code == SL_OK && i < ledger->migrations_len; i++) {
		const char *scope = ledger->migrations[i].scope;
		bool done = sl_str_eq(scope, SL_LEDGER_DEFAULT);

		for (size_t k = 0; !done && k < i; k++)
			done = sl_str_eq(ledger->migrations[k].scope, scope);
		if (!done)
			code = adopt_scope(a, scope, err);
	}
	return code;
}

/* --- the histories of other tools ------------------------------------------------------------ */

static json_t *paths_json(const struct sl_migration *const *at, size_t len)
{
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(list, json_string(at[i]->path));
	return list;
}

static void add_history(struct adopting *a, const struct sl_migrations_entry *entry,
	const struct sl_adoption *adoption)
{
	json_array_append_new(a->histories,
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I}", "folder", entry->path, "ledger",
			entry->ledger, "tool", adoption->tool, "table", adoption->table, "adopted",
			paths_json(adoption->records, adoption->records_len), "pending",
			paths_json(adoption->pending, adoption->pending_len), "known",
			(json_int_t)adoption->known));
	if (adoption->records_len > 0)
		a->sum = sl_arena_printf(a->request->arena, "%s; %zu %s of the history of %s",
			a->sum, adoption->records_len,
			adoption->records_len == 1 ? "file" : "files", adoption->tool);
}

static enum sl_code take_entry(struct adopting *a, struct sl_repo *repo, const char *commit,
	const struct sl_migrations_entry *entry, struct sl_error *err)
{
	const struct request *request = a->request;
	struct folder folder = { .entry = entry, .dialect = a->row->dialect };
	const struct history_case kase = { .control = request->control,
		.world = request->world,
		.arena = request->arena,
		.folder = &folder,
		.target = a->target,
		.actor = request->ask->who.user,
		.reason = request->ask->reason,
		.dry_run = a->dry_run };
	struct sl_adoption adoption;
	enum sl_code code = sl_folder_read(&folder, request->arena, repo, request->world, commit,
		err);

	if (code == SL_OK)
		code = sl_history_take(&kase, &adoption, err);
	if (code == SL_OK)
		add_history(a, entry, &adoption);
	return code == SL_ENOTFOUND ? SL_OK : code;
}

static bool takes_target(const struct adopting *a, const struct sl_migrations_entry *entry)
{
	const struct request *request = a->request;
	struct target_list targets = { 0 };

	if (sl_entry_targets(&targets, request->arena, request->world, entry, NULL) != SL_OK)
		return false;
	for (size_t i = 0; i < targets.len; i++)
		if (&request->world->workspace->targets[targets.at[i]] == a->row)
			return true;
	return false;
}

static enum sl_code take_project(struct adopting *a, const struct sl_project *project,
	struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	const struct request *request = a->request;
	struct sl_control *control = request->control;
	char head[SL_GIT_ID_SIZE];
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < project->migrations_len; i++) {
		const struct sl_migrations_entry *entry = &project->migrations[i];

		if (!takes_target(a, entry) || !sl_history_counts(&a->ledger, entry->ledger))
			continue;
		if (!repo) {
			code = sl_control_open_repo(control, request->world, project, &repo, err);
			if (code == SL_OK)
				code = sl_repo_resolve(repo, project->branch, head, err);
		}
		if (code == SL_OK)
			code = take_entry(a, repo, head, entry, err);
	}
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "project %s", project->name);
}

static enum sl_code take_histories(struct adopting *a, struct sl_error *err)
{
	const struct sl_world *world = a->request->world;
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < world->workspace->projects_len; i++)
		if (&world->workspace->projects[i] != world->own)
			code = take_project(a, &world->workspace->projects[i], err);
	if (code == SL_OK && !a->ledger.exists && json_array_size(a->histories) == 0)
		return sl_error_set(err, SL_ECONFLICT,
			"%s has no ledger, and no history of another tool for its folders: there is "
			"nothing to adopt",
			a->target);
	return code;
}

/* --- the word ------------------------------------------------------------------------------- */

static enum sl_code look(struct adopting *a, struct sl_error *err)
{
	const struct sl_workspace *workspace = a->request->world->workspace;
	struct sl_conn_spec spec;
	struct sl_apply_word word;
	enum sl_code code = sl_request_word(a->request, a->target, SL_LEDGER_DEFAULT, &spec, &word,
		err);

	if (code != SL_OK)
		return code;
	a->row = &workspace->targets[sl_workspace_target(workspace, a->target)];
	return sl_apply_history(&spec, NULL, &a->ledger, a->request->arena, err);
}

static enum sl_code remember(const struct adopting *a, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct request *request = a->request;

	sl_request_audit(request, batch, false, request->ask->reason);
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "target.adopted",
			.environment = "",
			.target = a->target,
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena, "%s was adopted%s", a->target,
				a->sum) });
	return sl_store_commit(request->control->doors.store, batch, err);
}

static enum sl_code adopt(struct adopting *a, struct sl_error *err)
{
	enum sl_code code = look(a, err);

	if (code == SL_OK && a->ledger.exists && !a->dry_run)
		code = adopt_scopes(a, err);
	if (code == SL_OK)
		code = take_histories(a, err);
	if (code != SL_OK || a->dry_run)
		return code;
	code = remember(a, err);
	if (code == SL_OK)
		code = sl_control_wake_blocked(a->request->control, a->target,
			a->request->ask->who.user, err);
	if (code == SL_OK)
		sl_control_queue_add(a->request->control, SL_WORK_OBSERVE, a->target, 0);
	return code;
}

enum sl_code sl_control_adopt(struct sl_control *control, const struct sl_ask *ask,
	const char *target, bool dry_run, json_t **out, struct sl_error *err)
{
	struct request request = { .action = "target.adopt" };
	sl_auto_json json_t *histories = json_array();
	struct adopting a = { .request = &request,
		.target = target,
		.dry_run = dry_run,
		.histories = histories,
		.sum = "" };
	enum sl_code code;

	sl_request_open(&request, control, ask);
	request.object = sl_arena_printf(request.arena, "target %s", target);
	code = sl_request_may(&request, SL_VERB_ADOPT, err);
	if (code == SL_OK)
		code = adopt(&a, err);
	if (code == SL_OK)
		*out = json_pack("{s:b, s:b, s:O}", "ledger", a.ledger.exists, "dry_run", dry_run,
			"histories", histories);
	return sl_request_close(&request, code, err);
}
