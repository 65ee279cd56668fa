/* What a change brings: files that differ between two commits and are no other change's. */
#include "project_int.h"

#include "sluice/core/str.h"

#include <string.h>

static const char *path_of(struct pass *pass, const struct sl_change_file *row)
{
	return row->folder[0] ? sl_arena_printf(pass->arena, "%s/%s", row->folder, row->path) :
				row->path;
}

static const struct draft_file *file_of(const struct draft *draft, const struct folder *folder,
	const char *path)
{
	for (size_t i = 0; i < draft->files_len; i++) {
		if (sl_str_eq(draft->files[i].row.path, path) &&
			sl_str_eq(draft->files[i].row.folder, folder->entry->path))
			return &draft->files[i];
	}
	return NULL;
}

void sl_draft_add_file(struct pass *pass, struct draft *draft, const struct folder *folder,
	const char *path)
{
	const struct sl_migration *migration = sl_folder_migration(folder, path);
	size_t at = sl_folder_file(folder, path);
	char *sha256;

	if (at == folder->files_len || file_of(draft, folder, path))
		return;
	sha256 = sl_arena_alloc(pass->arena, SL_SHA256_HEX);
	sl_sha256_hex(folder->files[at].data, folder->files[at].len, sha256);
	draft->files[draft->files_len++] = (struct draft_file){ .migration = migration,
		.row = { .folder = folder->entry->path,
			.path = folder->files[at].path,
			.kind = migration ? migration->kind : SL_MIGRATION_VERSION,
			.key = migration ? migration->key : "",
			.sha256 = sha256,
			.blob = folder->blobs[at] } };
}

void sl_draft_add_gone(struct draft *draft, const struct folder *folder,
	const struct sl_change_file *row)
{
	if (sl_folder_file(folder, row->path) == folder->files_len &&
		!file_of(draft, folder, row->path)) {
		struct draft_file *file = &draft->files[draft->files_len++];

		*file = (struct draft_file){ .row = *row };
		file->row.folder = folder->entry->path;
		file->row.blob = "";
	}
}

void sl_draft_room(struct pass *pass, struct draft *draft, size_t more)
{
	size_t most = more;

	for (size_t i = 0; i < draft->folders.len; i++)
		most += draft->folders.at[i].files_len;
	draft->files = sl_arena_calloc(pass->arena, most + 1, sizeof(*draft->files));
	draft->files_len = 0;
}

/* Room for n files that are in none of the draft's folders. */
static void add_room(struct pass *pass, struct draft *draft, size_t n)
{
	const struct draft_file *files = draft->files;
	size_t len = draft->files_len;

	sl_draft_room(pass, draft, len + n);
	for (size_t i = 0; i < len; i++)
		draft->files[draft->files_len++] = files[i];
}

/* What the change had before and its head still has is its own, also where the project's branch has
 * it by now. */
static bool had(const struct sl_change_file_list *before, const char *folder, const char *path)
{
	for (size_t i = 0; i < before->len; i++) {
		if (sl_str_eq(before->at[i].path, path) &&
			sl_str_eq(before->at[i].folder, folder) && !sl_file_is_gone(&before->at[i]))
			return true;
	}
	return false;
}

/* The same of what the change takes away. */
static bool took(const struct sl_change_file_list *before, const struct sl_change_file *row)
{
	for (size_t i = 0; i < before->len; i++) {
		if (sl_str_eq(before->at[i].path, row->path) &&
			sl_str_eq(before->at[i].folder, row->folder) &&
			sl_file_is_gone(&before->at[i]))
			return true;
	}
	return false;
}

static bool differs(const struct sl_git_deltas *deltas, const struct folder *folder,
	const char *path)
{
	size_t skip = strlen(folder->entry->path);

	for (size_t i = 0; i < deltas->len; i++) {
		const char *there = deltas->at[i].path + (skip ? skip + 1 : 0);

		if (deltas->at[i].kind != SL_GIT_DELETED && sl_str_eq(there, path))
			return true;
	}
	return false;
}

struct span {
	const char *from, *to; /* from NULL: from nothing */
	const struct sl_change_file_list *before;
};

static bool is_deleted(const struct sl_git_deltas *deltas, const char *path)
{
	for (size_t i = 0; i < deltas->len; i++) {
		if (deltas->at[i].kind == SL_GIT_DELETED && sl_str_eq(deltas->at[i].path, path))
			return true;
	}
	return false;
}

static size_t count_deleted(const struct sl_git_deltas *deltas)
{
	size_t n = 0;

	for (size_t i = 0; i < deltas->len; i++)
		n += deltas->at[i].kind == SL_GIT_DELETED;
	return n;
}

/* Migrations that the commit before has and the head has not. */
static enum sl_code add_deleted(struct pass *pass, struct draft *draft, const struct folder *folder,
	const struct span *span, const struct sl_git_deltas *deltas, struct sl_error *err)
{
	struct folder old = { .entry = folder->entry, .dialect = folder->dialect };
	enum sl_code code;

	add_room(pass, draft, span->before->len);
	for (size_t i = 0; i < span->before->len; i++) {
		const struct sl_change_file *row = &span->before->at[i];

		if (sl_file_is_gone(row) && sl_str_eq(row->folder, folder->entry->path))
			sl_draft_add_gone(draft, folder, row);
	}
	if (!span->from || count_deleted(deltas) == 0)
		return SL_OK;
	code = sl_folder_read(&old, pass->arena, pass->repo, pass->world, span->from, err);
	add_room(pass, draft, old.layout.set.len);
	for (size_t i = 0; code == SL_OK && i < old.layout.set.len; i++) {
		const struct sl_migration *m = &old.layout.set.at[i];
		const struct sl_change_file row = { .folder = folder->entry->path,
			.path = m->path,
			.kind = m->kind,
			.key = m->key,
			.sha256 = m->sha256 };

		if (is_deleted(deltas, path_of(pass, &row)))
			sl_draft_add_gone(draft, folder, &row);
	}
	return code;
}

/* In run order, then files that could not be read as migrations, then what is gone. */
static enum sl_code add_folder(struct pass *pass, struct draft *draft, const struct folder *folder,
	const struct span *span, struct sl_error *err)
{
	const struct sl_git_span compared = { span->from, span->to, folder->entry->path };
	const struct sl_layout *layout = &folder->layout;
	struct sl_git_deltas deltas;
	enum sl_code code = sl_repo_diff(pass->repo, pass->arena, &compared, &deltas, err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < layout->set.len; i++) {
		const char *path = layout->set.at[i].path;

		if (differs(&deltas, folder, path) || had(span->before, folder->entry->path, path))
			sl_draft_add_file(pass, draft, folder, path);
	}
	for (size_t i = 0; i < layout->problem_count; i++) {
		const struct sl_layout_problem *problem = &layout->problems[i];

		if (problem->severity == SL_SEVERITY_ERROR &&
			differs(&deltas, folder, problem->path))
			sl_draft_add_file(pass, draft, folder, problem->path);
	}
	return add_deleted(pass, draft, folder, span, &deltas, err);
}

enum sl_code sl_draft_bring(struct pass *pass, struct draft *draft, const char *from,
	const struct sl_change_file_list *before, struct sl_error *err)
{
	const struct span span = { from && from[0] ? from : NULL, draft->change.head, before };
	enum sl_code code = SL_OK;

	sl_draft_room(pass, draft, 0);
	for (size_t i = 0; code == SL_OK && i < draft->folders.len; i++)
		code = add_folder(pass, draft, &draft->folders.at[i], &span, err);
	return code;
}

bool sl_draft_brings(const struct draft *draft)
{
	bool any = false;

	for (size_t i = 0; i < draft->files_len; i++)
		any = any || !sl_file_is_gone(&draft->files[i].row);
	return any;
}

const char *sl_draft_content(struct pass *pass, const struct draft *draft)
{
	char *out = sl_arena_alloc(pass->arena, SL_SHA256_HEX);
	struct sl_sha256 *sha = sl_sha256_new();

	for (size_t i = 0; i < draft->files_len; i++) {
		sl_sha256_add_str(sha, draft->files[i].row.folder);
		sl_sha256_add_str(sha, draft->files[i].row.path);
		sl_sha256_add_str(sha, draft->files[i].row.sha256);
		if (sl_file_is_gone(&draft->files[i].row))
			sl_sha256_add_str(sha, "gone");
	}
	sl_sha256_end_hex(sha, out);
	sl_sha256_free(sha);
	return out;
}

/* --- whose a file is ------------------------------------------------------------------------ */

/* Open changes, and those that were merged since the last whole pass: what was merged before is on
 * the branch. */
static bool claims_files(const struct pass *pass, const struct sl_change *change)
{
	return change->state == SL_CHANGE_OPEN || change->merged_at > pass->since_at;
}

enum sl_code sl_claims_read(struct pass *pass, struct claims *out, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN) | SL_STATE_BIT(SL_CHANGE_MERGED) |
			SL_STATE_BIT(SL_CHANGE_DONE) | SL_STATE_BIT(SL_CHANGE_NOTHING),
		.page = { .limit = 1000 } };
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena,
		&changes, err);

	*out = (struct claims){ 0 };
	for (size_t i = 0; code == SL_OK && i < changes.len; i++) {
		struct sl_change_file_list files = { 0 };

		if (claims_files(pass, &changes.at[i]))
			code = sl_store_change_files(pass->control->doors.store, changes.at[i].id,
				pass->arena, &files, err);
		for (size_t k = 0; code == SL_OK && k < files.len; k++)
			*sl_vec_add_in(pass->arena,
				out) = (struct sl_plain_claim){ .change_id = changes.at[i].id,
				.first_seen = changes.at[i].opened_at,
				.path = path_of(pass, &files.at[k]),
				.content = files.at[k].blob };
	}
	return code;
}

void sl_draft_keep_own(struct pass *pass, struct draft *draft, const struct claims *claims)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;
		int64_t owner = sl_plain_claimant(claims->at, claims->len, path_of(pass, row),
			row->blob);
		/* Two branches may take one file away, and each has to hear of it. */
		bool shared = sl_file_is_gone(row) && draft->change.kind == SL_CHANGE_BRANCH;

		if (shared || owner == 0 || owner == draft->change.id)
			draft->files[kept++] = draft->files[i];
	}
	draft->files_len = kept;
}

/* Whether the files are, for this one, as the change leaves them. */
static bool listed(const struct sl_git_files *files, const char *path, const char *blob)
{
	for (size_t i = 0; i < files->len; i++) {
		if (sl_str_eq(files->at[i].path, path))
			return sl_str_eq(files->at[i].blob, blob);
	}
	return blob[0] == '\0';
}

enum sl_code sl_draft_leave_out(struct pass *pass, struct draft *draft, const char *commit,
	const struct sl_change_file_list *before, struct sl_error *err)
{
	size_t kept = 0;
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;
		struct sl_git_files files = { 0 };
		bool own = had(before, row->folder, row->path) || took(before, row);

		if (!own)
			code = sl_repo_files(pass->repo, pass->arena, commit, row->folder, &files,
				err);
		if (own || !listed(&files, path_of(pass, row), row->blob))
			draft->files[kept++] = draft->files[i];
	}
	if (code == SL_ENOTFOUND) /* the commit is gone: the branch was pushed anew */
		return SL_OK;
	draft->files_len = kept;
	return code;
}
