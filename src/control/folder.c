#include "folder.h"

#include "own.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/policy/risk.h"

#include <string.h>

enum sl_code sl_entry_targets(struct target_list *out, struct sl_arena *arena,
	const struct sl_world *world, const struct sl_migrations_entry *entry, struct sl_error *err)
{
	sl_auto(sl_policy_free_p) struct sl_policy *policy = NULL;
	struct sl_selection selection;
	enum sl_code code = sl_policy_new(&policy, world->workspace, err);

	if (code == SL_OK)
		code = sl_policy_select(policy, entry->targets, arena, &selection, err);
	if (code == SL_OK)
		*out = (struct target_list){ selection.at, selection.len };
	return code;
}

static const char *inside_folder(const struct sl_migrations_entry *entry, const char *path)
{
	size_t len = strlen(entry->path);

	return len == 0 ? path : path + len + 1;
}

enum sl_code sl_folder_read(struct folder *out, struct sl_arena *arena, struct sl_repo *repo,
	const struct sl_world *world, const char *commit, struct sl_error *err)
{
	struct sl_layout_file *files;
	const char **blobs;
	struct sl_git_files listed = { 0 };
	enum sl_layout_kind kind = SL_LAYOUT_AUTO;
	enum sl_code code = SL_OK;

	if (commit[0] != '\0')
		code = sl_repo_files(repo, arena, commit, out->entry->path, &listed, err);
	if (code != SL_OK)
		return code;
	files = sl_arena_calloc(arena, listed.len + 1, sizeof(*files));
	blobs = sl_arena_calloc(arena, listed.len + 1, sizeof(*blobs));
	for (size_t i = 0; i < listed.len; i++) {
		struct sl_git_blob blob;

		code = sl_repo_blob(repo, arena, listed.at[i].blob, world->migration_bytes, &blob,
			err);
		if (code != SL_OK)
			return sl_error_wrap(err, code, "%s", listed.at[i].path);
		files[i].path = inside_folder(out->entry, listed.at[i].path);
		files[i].data = blob.data;
		files[i].len = blob.len;
		blobs[i] = listed.at[i].blob;
	}
	if (!sl_layout_kind_parse(&kind, out->entry->layout))
		return sl_error_set(err, SL_EINVAL, "layout '%s' is none", out->entry->layout);
	sl_layout_read(&out->layout, arena, kind, out->dialect, files, listed.len);
	out->files = files;
	out->blobs = blobs;
	out->files_len = listed.len;
	return SL_OK;
}

/* Bits of the dialects that the entry's targets have; MariaDB's is not known before connecting. */
static unsigned dialects_of(const struct sl_world *world, const struct target_list *targets)
{
	unsigned bits = 0;

	for (size_t i = 0; i < targets->len; i++)
		bits |= 1u << world->workspace->targets[targets->at[i]].dialect;
	return bits;
}

struct folders {
	SL_VEC(struct folder);
};

static enum sl_code read_entry(struct folders *out, struct sl_arena *arena,
	const struct folder_place *place, const struct sl_migrations_entry *entry,
	struct sl_error *err)
{
	struct target_list targets;
	enum sl_code code = sl_entry_targets(&targets, arena, place->world, entry, err);
	unsigned bits = code == SL_OK ? dialects_of(place->world, &targets) : 0;

	for (int d = 0; code == SL_OK && d < SL_DIALECT_COUNT; d++) {
		struct folder folder = { .entry = entry, .dialect = (enum sl_dialect)d };

		if (!(bits & (1u << d)))
			continue;
		code = sl_folder_read(&folder, arena, place->repo, place->world, place->commit,
			err);
		if (code == SL_OK)
			*sl_vec_add_in(arena, out) = folder;
	}
	return code;
}

enum sl_code sl_folders_read(struct folder_list *out, struct sl_arena *arena,
	const struct folder_place *place, struct sl_error *err)
{
	const struct sl_migrations_entry *entries = place->project->migrations;
	size_t entries_len = place->project->migrations_len;
	struct folders folders = { 0 };
	enum sl_code code = SL_OK;

	if (place->project == place->world->own)
		code = sl_own_entries(arena, place->repo, place->commit, &entries, &entries_len,
			err);
	for (size_t i = 0; code == SL_OK && i < entries_len; i++)
		code = read_entry(&folders, arena, place, &entries[i], err);
	if (code == SL_OK)
		*out = (struct folder_list){ folders.at, folders.len };
	return code;
}

size_t sl_folder_file(const struct folder *folder, const char *path)
{
	for (size_t i = 0; i < folder->files_len; i++) {
		if (sl_str_eq(folder->files[i].path, path))
			return i;
	}
	return folder->files_len;
}

const struct sl_migration *sl_folder_migration(const struct folder *folder, const char *path)
{
	for (size_t i = 0; i < folder->layout.set.len; i++) {
		if (sl_str_eq(folder->layout.set.at[i].path, path))
			return &folder->layout.set.at[i];
	}
	return NULL;
}
