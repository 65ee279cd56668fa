/* Merged changes of which nothing has begun, while the project's branch went on without them: they
 * are over, and what they leave on it is looked for by the next direct change. */
#include "ending.h"
#include "project_int.h"
#include "settled.h"

#include "sluice/core/str.h"

/* What only took files away is undone when all of them are there again. */
static bool all_are_back(const struct pass *pass, const struct sl_change_file_list *files)
{
	bool back = files->len > 0;

	for (size_t i = 0; i < files->len; i++)
		back = back && sl_file_is_gone(&files->at[i]) && sl_main_blob(pass, &files->at[i]);
	return back;
}

static const struct folder *folder_of(const struct pass *pass, const struct sl_change_file *file)
{
	for (size_t i = 0; i < pass->main.len; i++) {
		if (sl_str_eq(pass->main.at[i].entry->path, file->folder))
			return &pass->main.at[i];
	}
	return NULL;
}

/* Not there as the change has it.  A folder that the configuration does not name says nothing. */
static bool is_away(const struct pass *pass, const struct sl_change_file *file)
{
	const char *blob = sl_main_blob(pass, file);

	return !sl_file_is_gone(file) && folder_of(pass, file) &&
		!(blob && sl_str_eq(blob, file->blob));
}

/* The names of what was taken away; NULL: nothing. */
static const char *taken_away(struct pass *pass, const struct sl_change_file_list *files)
{
	sl_auto_buf struct sl_buf names = SL_BUF_INIT(400);

	for (size_t i = 0; i < files->len; i++) {
		if (is_away(pass, &files->at[i]))
			sl_buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", files->at[i].path);
	}
	return names.len > 0 ? sl_arena_strdup(pass->arena, sl_buf_str(&names)) : NULL;
}

/* Whether the target has the file by its ledger, all of it or a part. */
static bool ran_on(struct pass *pass, const char *target, const char *scope,
	const struct sl_change_file *file)
{
	struct observation *seen;
	bool ran = false;

	sl_settled_look(pass, target);
	seen = sl_observation_get(pass->control, target);
	for (size_t i = 0; seen && !ran && i < seen->ledger.migrations_len; i++) {
		const struct sl_ledger_migration *row = &seen->ledger.migrations[i];

		ran = row->kind == file->kind && sl_str_eq(row->key, file->key) &&
			sl_str_eq(row->scope, scope) &&
			(row->sha256[0] == '\0' || sl_str_eq(row->sha256, file->sha256));
	}
	sl_observation_unref(pass->control, seen);
	return ran;
}

static bool ran_somewhere(struct pass *pass, const struct sl_change_file *file)
{
	const struct folder *folder = folder_of(pass, file);
	struct target_list targets = { 0 };
	bool ran = false;

	if (!folder ||
		sl_entry_targets(&targets, pass->arena, pass->world, folder->entry, NULL) != SL_OK)
		return false;
	for (size_t i = 0; i < targets.len; i++)
		ran = ran ||
			ran_on(pass, pass->world->workspace->targets[targets.at[i]].name,
				folder->entry->ledger, file);
	return ran;
}

static bool any_ran(struct pass *pass, const struct sl_change_file_list *files)
{
	bool ran = false;

	for (size_t i = 0; i < files->len; i++)
		ran = ran ||
			(!sl_file_is_gone(&files->at[i]) && ran_somewhere(pass, &files->at[i]));
	return ran;
}

static bool is_untouched(const struct sl_change_view *view)
{
	bool untouched = true;

	for (size_t i = 0; i < view->stages_len; i++)
		untouched = untouched && view->stages[i].state == SL_STAGE_WAITING;
	return untouched;
}

/* What the branch may go on without.  A repeatable file that a later change brings anew is no
 * correction: where the change is not held, both run in their turn. */
static struct sl_change_file_list binding(struct pass *pass, const struct sl_change_view *view)
{
	struct sl_change_file *at = sl_arena_calloc(pass->arena, view->files_len + 1, sizeof(*at));
	size_t len = 0;

	for (size_t i = 0; i < view->files_len; i++)
		if (view->change.held || view->files[i].kind != SL_MIGRATION_REPEATABLE)
			at[len++] = view->files[i];
	return (struct sl_change_file_list){ at, len };
}

static enum sl_code overtake(struct pass *pass, int64_t id, struct sl_error *err)
{
	static const struct ending undone = { SL_CHANGE_SUPERSEDED, "change.superseded",
		"what it deleted is there again" };
	struct ending away = undone;
	struct sl_change_view view;
	struct sl_change_file_list files;
	struct sl_plain_merge_result result;
	const char *names;
	enum sl_code code = sl_store_change_view(pass->control->doors.store, id, pass->arena, &view,
		err);

	if (code != SL_OK || view.change.state != SL_CHANGE_MERGED || !is_untouched(&view))
		return code;
	files = binding(pass, &view);
	if (files.len == 0)
		return SL_OK;
	if (all_are_back(pass, &files))
		return sl_change_end(pass, &view.change, &undone, err);
	result = sl_change_on_branch(pass, &view.change, &files);
	if (result.state == SL_PLAIN_SUPERSEDED)
		return sl_change_superseded(pass, &view.change, &result, err);
	names = taken_away(pass, &files);
	if (!names || any_ran(pass, &files))
		return SL_OK;
	away.text = sl_arena_printf(pass->arena, "what it brought was taken away again: %s", names);
	return sl_change_end(pass, &view.change, &away, err);
}

enum sl_code sl_project_overtake(struct pass *pass, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	struct sl_change_list list;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena, &list,
		err);

	for (size_t i = 0; code == SL_OK && i < list.len; i++)
		code = overtake(pass, list.at[i].id, err);
	return code;
}

/* --- what they leave ------------------------------------------------------------------------- */

/* As the branch has it still, or has it not any more. */
static bool is_left(const struct pass *pass, const struct sl_change_file *file)
{
	const char *blob = sl_main_blob(pass, file);

	return sl_file_is_gone(file) ? folder_of(pass, file) && !blob :
				       blob && sl_str_eq(blob, file->blob);
}

/* Whether nothing is left to do for it: where files are chosen by engine, in each folder that has
 * it.  settled: beside the branch's folders, read when it is needed. */
static bool is_everywhere(struct pass *pass, struct settled_list *settled,
	const struct sl_change_file *file)
{
	bool everywhere = true, any = false;

	for (size_t i = 0; everywhere && i < pass->main.len; i++) {
		const struct folder *folder = &pass->main.at[i];
		const struct sl_migration *migration = sl_folder_migration(folder, file->path);

		if (!migration || !sl_str_eq(folder->entry->path, file->folder))
			continue;
		any = true;
		if (!settled[i].at)
			sl_settled_read(pass, folder, &settled[i]);
		everywhere = sl_settled_alike(pass, folder, &settled[i],
			(size_t)(migration - folder->layout.set.at));
	}
	return any && everywhere;
}

static enum sl_code add_left(struct pass *pass, const struct sl_change *change,
	struct settled_list *settled, struct left_list *out, struct sl_error *err)
{
	struct sl_change_view view;
	bool any = false;
	enum sl_code code = sl_store_change_view(pass->control->doors.store, change->id,
		pass->arena, &view, err);

	for (size_t i = 0; code == SL_OK && i < view.files_len; i++) {
		if (!is_left(pass, &view.files[i]) || is_everywhere(pass, settled, &view.files[i]))
			continue;
		*sl_vec_add_in(pass->arena, &out->files) = view.files[i];
		any = true;
	}
	if (any)
		out->change = view.change;
	for (size_t i = 0; any && i < view.people_len; i++)
		*sl_vec_add_in(pass->arena, &out->people) = view.people[i];
	return code;
}

enum sl_code sl_project_left(struct pass *pass, struct left_list *out, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_CLOSED) | SL_STATE_BIT(SL_CHANGE_SUPERSEDED),
		.page = { .limit = 1000 } };
	struct settled_list *settled = sl_arena_calloc(pass->arena, pass->main.len + 1,
		sizeof(*settled));
	struct sl_change_list list;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena, &list,
		err);

	*out = (struct left_list){ 0 };
	for (size_t i = 0; code == SL_OK && i < list.len; i++) {
		if (list.at[i].ended_at > pass->since_at)
			code = add_left(pass, &list.at[i], settled, out, err);
	}
	return code;
}
