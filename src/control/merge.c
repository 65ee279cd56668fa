/* Open changes against the project's branch: merged by content, superseded, or gone. */
#include "ending.h"
#include "project_int.h"

#include "sluice/core/str.h"
#include "sluice/layout.h"

#include <stdlib.h>
#include <string.h>

const char *sl_main_blob(const struct pass *pass, const struct sl_change_file *file)
{
	for (size_t i = 0; i < pass->main.len; i++) {
		const struct folder *folder = &pass->main.at[i];
		size_t at;

		if (!sl_str_eq(folder->entry->path, file->folder))
			continue;
		at = sl_folder_file(folder, file->path);
		return at < folder->files_len ? folder->blobs[at] : NULL;
	}
	return NULL;
}

const char *sl_main_content(const struct pass *pass, const struct sl_change_file *file)
{
	const char *blob = sl_main_blob(pass, file);

	return blob || !sl_file_is_gone(file) ? blob : "";
}

/* The file as it was where the change left the branch; NULL when it was not there. */
static const char *base_blob(struct pass *pass, const struct sl_change *change,
	const struct sl_change_file *file)
{
	struct sl_git_files files;
	const char *path = file->folder[0] ?
		sl_arena_printf(pass->arena, "%s/%s", file->folder, file->path) :
		file->path;

	if (change->base[0] == '\0' ||
		sl_repo_files(pass->repo, pass->arena, change->base, file->folder, &files, NULL) !=
			SL_OK)
		return NULL;
	for (size_t i = 0; i < files.len; i++) {
		if (sl_str_eq(files.at[i].path, path))
			return files.at[i].blob;
	}
	return NULL;
}

struct sl_plain_merge_result sl_change_on_branch(struct pass *pass, const struct sl_change *change,
	const struct sl_change_file_list *files)
{
	struct sl_plain_file *plain = sl_arena_calloc(pass->arena, files->len + 1, sizeof(*plain));

	for (size_t i = 0; i < files->len; i++) {
		plain[i].path = files->at[i].path;
		plain[i].content = files->at[i].blob;
		plain[i].base = base_blob(pass, change, &files->at[i]);
		plain[i].branch = sl_main_content(pass, &files->at[i]);
	}
	return sl_plain_merge_state(pass->arena, plain, files->len);
}

static const char *join(struct pass *pass, const struct sl_plain_merge_result *result)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(400);

	for (size_t i = 0; i < result->n_files; i++)
		sl_buf_addf(&out, "%s%s", i ? ", " : "", result->files[i]);
	return sl_arena_strdup(pass->arena, sl_buf_str(&out));
}

enum sl_code sl_change_end(struct pass *pass, const struct sl_change *change,
	const struct ending *ending, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_expect(batch, change->id, change->revision);
	sl_batch_move(batch,
		&(struct sl_move){ .object = SL_OBJECT_CHANGE,
			.id = change->id,
			.from = (int)change->state,
			.to = (int)ending->to,
			.at = pass->now,
			.wait = ending->to == SL_CHANGE_MERGED ? NULL : "" });
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = ending->kind,
			.change_id = change->id,
			.environment = "",
			.target = "",
			.by = "sluice",
			.text = ending->text });
	return sl_pass_commit(pass, batch, err);
}

/* "merged with 2 errors in its review" */
static const char *objection(const struct pass *pass, const char *came, int64_t errors)
{
	return sl_arena_printf(pass->arena, "%s with %lld error%s in its review", came,
		(long long)errors, errors == 1 ? "" : "s");
}

/* A change that comes in red, or unread, does nothing until somebody answers for it. */
static const char *why_held(struct pass *pass, const struct sl_change *change)
{
	sl_auto_json json_t *report = NULL;
	struct sl_review_record review;
	int64_t holds;

	if (!sl_pass_holds(pass))
		return NULL;
	if (change->review_id == 0)
		return "merged before it was reviewed";
	if (sl_store_review(pass->control->doors.store, change->review_id, pass->arena, &review,
		    NULL) != SL_OK ||
		sl_json_load(&report, review.report, strlen(review.report), SL_REPORT_BYTES,
			"report", NULL) != SL_OK)
		return "merged, and its review cannot be read";
	holds = sl_json_i64(report, "holds", review.errors);
	return holds == 0 ? NULL : objection(pass, "merged", holds);
}

void sl_draft_hold_direct(const struct pass *pass, struct draft *draft)
{
	const char *why = NULL;

	if (sl_draft_brings(draft) && draft->left_by != 0)
		why = sl_arena_printf(pass->arena, "left on the branch by change %lld",
			(long long)draft->left_by);
	else if (sl_draft_brings(draft))
		why = "pushed to the branch without a change";
	else if (draft->holds > 0)
		why = objection(pass, "pushed", draft->holds);

	if (!why || !sl_pass_holds(pass))
		return;
	draft->change.held = true;
	draft->change.hold_by = "sluice";
	draft->change.hold_reason = why;
}

static enum sl_code merged(struct pass *pass, const struct sl_change *change, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const char *held = change->held ? NULL : why_held(pass, change);
	const char *text = held ?
		sl_arena_printf(pass->arena, "held: %s", held) :
		sl_arena_printf(pass->arena, "merged into %s", pass->project->branch);
	enum sl_code code;

	sl_batch_expect(batch, change->id, change->revision);
	sl_batch_move(batch,
		&(struct sl_move){ .object = SL_OBJECT_CHANGE,
			.id = change->id,
			.from = SL_CHANGE_OPEN,
			.to = SL_CHANGE_MERGED,
			.at = pass->now,
			.wait = "" });
	if (held)
		sl_batch_hold(batch, change->id, true, held, "sluice");
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = held ? "change.held" : "change.merged",
			.change_id = change->id,
			.environment = "",
			.target = "",
			.by = "sluice",
			.text = text });
	code = sl_pass_commit(pass, batch, err);
	if (code == SL_OK)
		sl_control_queue_change(pass->control, change->id, 0);
	return code;
}

static bool branch_is_there(const struct pass *pass, const struct sl_change *change)
{
	for (size_t i = 0; i < pass->open.len; i++) {
		if (sl_str_eq(pass->open.at[i].branch, change->branch))
			return true;
	}
	return false;
}

/* What keeps it open is said on the change. */
static enum sl_code stays_open(struct pass *pass, const struct sl_change *change, const char *wait,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	if (sl_str_eq(change->wait, wait))
		return SL_OK;
	sl_batch_wait(batch, SL_OBJECT_CHANGE, change->id, wait);
	return sl_pass_commit(pass, batch, err);
}

static enum sl_code not_merged(struct pass *pass, const struct sl_change *change,
	const struct sl_plain_merge_result *result, struct sl_error *err)
{
	static const struct ending ending = { SL_CHANGE_CLOSED, "change.closed",
		"the branch was deleted" };

	if (!branch_is_there(pass, change))
		return sl_change_end(pass, change, &ending, err);
	if (result->state == SL_PLAIN_PART)
		return stays_open(pass, change,
			sl_arena_printf(pass->arena, "merged in part, not on %s yet: %s",
				pass->project->branch, join(pass, result)),
			err);
	return stays_open(pass, change,
		sl_arena_printf(pass->arena, "waiting to be merged into %s", pass->project->branch),
		err);
}

enum sl_code sl_change_superseded(struct pass *pass, const struct sl_change *change,
	const struct sl_plain_merge_result *result, struct sl_error *err)
{
	const struct ending ending = { SL_CHANGE_SUPERSEDED, "change.superseded",
		sl_arena_printf(pass->arena, "%s has other content on %s", join(pass, result),
			pass->project->branch) };

	return sl_change_end(pass, change, &ending, err);
}

static enum sl_code settle(struct pass *pass, const struct sl_change *change, bool *ended,
	struct sl_error *err)
{
	struct sl_change_file_list files;
	struct sl_plain_merge_result result;
	enum sl_code code = sl_store_change_files(pass->control->doors.store, change->id,
		pass->arena, &files, err);

	if (code != SL_OK)
		return code;
	result = sl_change_on_branch(pass, change, &files);
	if (result.state == SL_PLAIN_MERGED)
		return merged(pass, change, err);
	*ended = *ended || result.state == SL_PLAIN_SUPERSEDED || !branch_is_there(pass, change);
	if (result.state == SL_PLAIN_SUPERSEDED)
		return sl_change_superseded(pass, change, &result, err);
	return not_merged(pass, change, &result, err);
}

/* A change and the lowest version that it brings, NULL none. */
struct candidate {
	const struct sl_change *change;
	const char *version;
};

static int by_version(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = (left->version != NULL) - (right->version != NULL);

	if (left->version && right->version)
		order = sl_version_compare(left->version, right->version);
	if (order != 0)
		return order;
	return (left->change->id > right->change->id) - (left->change->id < right->change->id);
}

/* In the order in which they would run: who dies between two of them has merged the first. */
static enum sl_code in_order(struct pass *pass, const struct sl_change_list *list,
	struct candidate *out, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < list->len; i++) {
		struct sl_change_file_list files = { 0 };

		out[i].change = &list->at[i];
		code = sl_store_change_files(pass->control->doors.store, list->at[i].id,
			pass->arena, &files, err);
		for (size_t k = 0; k < files.len && !out[i].version; k++) {
			if (files.at[k].kind == SL_MIGRATION_VERSION &&
				files.at[k].key[0] != '\0' && !sl_file_is_gone(&files.at[k]))
				out[i].version = files.at[k].key;
		}
	}
	qsort(out, list->len, sizeof(*out), by_version);
	return code;
}

enum sl_code sl_project_merges(struct pass *pass, bool *ended, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN),
		.page = { .limit = 1000 } };
	struct candidate *candidates;
	struct sl_change_list list;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena, &list,
		err);

	if (code != SL_OK || list.len == 0)
		return code;
	candidates = sl_arena_calloc(pass->arena, list.len, sizeof(*candidates));
	code = in_order(pass, &list, candidates, err);
	for (size_t i = 0; code == SL_OK && i < list.len; i++)
		code = settle(pass, candidates[i].change, ended, err);
	return code;
}
