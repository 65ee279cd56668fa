/* Folders and files of a repository on disk. */
#include "real.h"

#include "sluice/core/buf.h"
#include "sluice/core/vec.h"

#include <stdio.h>
#include <string.h>

struct files {
	SL_VEC(struct sl_git_file);
};

struct walk {
	struct sl_git_real *real;
	git_odb *odb;
	struct sl_arena *arena;
	struct files files;
	char path[SL_GIT_PATH_MAX + 1];
};

static bool is_regular(unsigned mode)
{
	return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

/* *out stays NULL when the folder is not there. */
static enum sl_code folder_tree(git_tree **out, struct sl_git_real *real,
	const struct sl_git_place *place, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	sl_auto_git(git_tree_free) git_tree *root = NULL;
	sl_auto_git(git_tree_entry_free) git_tree_entry *entry = NULL;
	git_oid oid = sl_git_oid(place->commit);
	int rc = git_commit_lookup(&commit, real->git, &oid);

	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no commit %s", real->name,
			place->commit);
	if (rc == 0)
		rc = git_commit_tree(&root, commit);
	if (rc == 0 && place->path[0] == '\0') {
		*out = sl_steal(root);
		return SL_OK;
	}
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, root, place->path);
	if (rc == GIT_ENOTFOUND)
		return SL_OK;
	if (rc == 0 && git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return sl_error_set(err, SL_EINVAL, "repository %s: %s is not a folder at %.12s",
			real->name, place->path, place->commit);
	if (rc == 0)
		rc = git_tree_lookup(out, real->git, git_tree_entry_id(entry));
	return rc < 0 ? sl_git_fail(rc, real->name, "read a folder", err) : SL_OK;
}

static enum sl_code add_file(struct walk *walk, const git_oid *blob, struct sl_error *err)
{
	struct sl_git_real *real = walk->real;
	git_object_t type;
	size_t size;
	int rc;

	if (walk->files.len == real->base.limits.files)
		return sl_error_set(err, SL_ELIMIT,
			"repository %s: more than %zu files; name a folder with fewer", real->name,
			real->base.limits.files);
	rc = git_odb_read_header(&size, &type, walk->odb, blob);
	if (rc < 0)
		return sl_git_fail(rc, real->name, "read a file's size", err);
	*sl_vec_add_in(walk->arena, &walk->files) = (struct sl_git_file){
		.path = sl_arena_strdup(walk->arena, walk->path),
		.blob = sl_git_oid_in(walk->arena, blob),
		.size = (int64_t)size,
	};
	return SL_OK;
}

static enum sl_code walk_tree(struct walk *walk, const git_tree *tree, size_t len, unsigned depth,
	struct sl_error *err);

/* path[0..len) is the folder with its '/'; the entry's name goes behind it. */
static enum sl_code walk_entry(struct walk *walk, const git_tree_entry *entry, size_t len,
	unsigned depth, struct sl_error *err)
{
	sl_auto_git(git_tree_free) git_tree *below = NULL;
	const char *name = git_tree_entry_name(entry);
	size_t end = len + strlen(name);
	int rc;

	if (end >= SL_GIT_PATH_MAX)
		return sl_error_set(err, SL_ELIMIT,
			"repository %s: %.60s...: the path is longer than %d bytes",
			walk->real->name, walk->path, SL_GIT_PATH_MAX);
	memcpy(walk->path + len, name, end - len + 1);
	if (is_regular(git_tree_entry_filemode(entry)))
		return add_file(walk, git_tree_entry_id(entry), err);
	if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return SL_OK;
	rc = git_tree_lookup(&below, walk->real->git, git_tree_entry_id(entry));
	if (rc < 0)
		return sl_git_fail(rc, walk->real->name, "read a folder", err);
	walk->path[end] = '/';
	return walk_tree(walk, below, end + 1, depth + 1, err);
}

static enum sl_code walk_tree(struct walk *walk, const git_tree *tree, size_t len, unsigned depth,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	if (depth > SL_GIT_DEPTH_MAX)
		return sl_error_set(err, SL_ELIMIT, "repository %s: folders nest deeper than %d",
			walk->real->name, SL_GIT_DEPTH_MAX);
	for (size_t i = 0; code == SL_OK && i < git_tree_entrycount(tree); i++)
		code = walk_entry(walk, git_tree_entry_byindex(tree, i), len, depth, err);
	return code;
}

enum sl_code sl_git_real_files(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_place *folder, struct sl_git_files *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_tree_free) git_tree *tree = NULL;
	sl_auto_git(git_odb_free) git_odb *odb = NULL;
	struct walk walk = { .real = real, .arena = arena };
	size_t len = strlen(folder->path);
	enum sl_code code = folder_tree(&tree, real, folder, err);
	int rc;

	real->missed = real->missed || code != SL_OK;
	if (code != SL_OK)
		return code;
	rc = git_repository_odb(&odb, real->git);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "read objects", err);
	walk.odb = odb;
	if (len > 0) {
		memcpy(walk.path, folder->path, len);
		walk.path[len++] = '/';
	}
	if (tree != NULL)
		code = walk_tree(&walk, tree, len, 0, err);
	if (code == SL_OK)
		*out = (struct sl_git_files){ walk.files.at, walk.files.len };
	return code;
}

static bool delta_of(const git_diff_delta *from, struct sl_git_delta *to)
{
	bool was = from->status != GIT_DELTA_ADDED && from->status != GIT_DELTA_UNTRACKED &&
		is_regular(from->old_file.mode);
	bool is = from->status != GIT_DELTA_DELETED && is_regular(from->new_file.mode);

	if (!was && !is)
		return false;
	to->kind = !was ? SL_GIT_ADDED : is ? SL_GIT_MODIFIED : SL_GIT_DELETED;
	return to->kind != SL_GIT_MODIFIED ||
		!git_oid_equal(&from->old_file.id, &from->new_file.id);
}

enum sl_code sl_git_real_deltas(const struct sl_git_real *real, struct sl_arena *arena,
	git_diff *diff, const char *prefix, struct sl_git_deltas *out, struct sl_error *err)
{
	struct {
		SL_VEC(struct sl_git_delta);
	} found = { 0 };

	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *from = git_diff_get_delta(diff, i);
		struct sl_git_delta delta = { .old_blob = "", .new_blob = "" };

		if (!delta_of(from, &delta))
			continue;
		if (found.len == real->base.limits.files)
			return sl_error_set(err, SL_ELIMIT,
				"repository %s: more than %zu changed files", real->name,
				real->base.limits.files);
		delta.path = sl_arena_printf(arena, "%s%s", prefix, from->new_file.path);
		if (delta.kind != SL_GIT_ADDED)
			delta.old_blob = sl_git_oid_in(arena, &from->old_file.id);
		if (delta.kind != SL_GIT_DELETED && !git_oid_is_zero(&from->new_file.id))
			delta.new_blob = sl_git_oid_in(arena, &from->new_file.id);
		*sl_vec_add_in(arena, &found) = delta;
	}
	*out = (struct sl_git_deltas){ found.at, found.len };
	return SL_OK;
}

enum sl_code sl_git_real_diff(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_tree_free) git_tree *old_tree = NULL;
	sl_auto_git(git_tree_free) git_tree *new_tree = NULL;
	sl_auto_git(git_diff_free) git_diff *diff = NULL;
	git_diff_options options;
	struct sl_git_place from = { span->from, span->folder }, to = { span->to, span->folder };
	enum sl_code code = folder_tree(&new_tree, real, &to, err);
	int rc;

	if (code == SL_OK && span->from != NULL)
		code = folder_tree(&old_tree, real, &from, err);
	if (code != SL_OK)
		return code;
	rc = git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
	options.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
	if (rc == 0)
		rc = git_diff_tree_to_tree(&diff, real->git, old_tree, new_tree, &options);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "compare commits", err);
	return sl_git_real_deltas(real, arena, diff,
		to.path[0] == '\0' ? "" : sl_arena_printf(arena, "%s/", to.path), out, err);
}

enum sl_code sl_git_real_blob(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
	int64_t max, struct sl_git_blob *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_blob_free) git_blob *found = NULL;
	sl_auto_git(git_odb_free) git_odb *odb = NULL;
	git_oid oid = sl_git_oid(blob);
	git_object_t type = GIT_OBJECT_INVALID;
	size_t size = 0;
	char *copy;
	int rc = git_repository_odb(&odb, real->git);

	if (rc == 0)
		rc = git_odb_read_header(&size, &type, odb, &oid);
	if (rc == GIT_ENOTFOUND || (rc == 0 && type != GIT_OBJECT_BLOB))
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no file %s", repo->name,
			blob);
	if (rc == 0 && size > (size_t)max)
		return sl_error_set(err, SL_ELIMIT,
			"repository %s: the file has %zu bytes, more than %lld", repo->name, size,
			(long long)max);
	if (rc == 0)
		rc = git_blob_lookup(&found, real->git, &oid);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "read a file", err);
	copy = sl_arena_alloc(arena, size + 1);
	memcpy(copy, git_blob_rawcontent(found), size);
	copy[size] = '\0';
	*out = (struct sl_git_blob){ copy, size };
	return SL_OK;
}

enum sl_code sl_git_real_lookup(struct sl_repo *repo, const struct sl_git_place *file, char *blob,
	struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	struct sl_git_place root = { file->commit, "" };
	sl_auto_git(git_tree_free) git_tree *tree = NULL;
	sl_auto_git(git_tree_entry_free) git_tree_entry *entry = NULL;
	enum sl_code code = folder_tree(&tree, real, &root, err);
	int rc;

	if (code != SL_OK)
		return code;
	rc = git_tree_entry_bypath(&entry, tree, file->path);
	if (rc == GIT_ENOTFOUND || (rc == 0 && !is_regular(git_tree_entry_filemode(entry))))
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no file %s at %.12s",
			repo->name, file->path, file->commit);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "find a file", err);
	sl_git_oid_text(git_tree_entry_id(entry), blob);
	return SL_OK;
}
