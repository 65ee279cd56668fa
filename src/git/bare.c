/* A bare repository that Sluice itself writes. */
#include "sluice/git/bare.h"

#include "real.h"
#include "writer.h"

#include "sluice/core/alloc.h"
#include "sluice/core/vec.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITER "sluice-writer" /* a lock file, in the repository's folder */

static void bare_close(struct sl_repo *repo)
{
	struct sl_git_real *real = sl_git_real(repo);

	sl_git_real_done(real);
	free(real);
}

static enum sl_code bare_note_write(struct sl_repo *repo, const struct sl_git_note_text *note,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	bool changed;

	(void)cancel;
	return sl_git_real_note_set(sl_git_real(repo), note, &changed, err);
}

/* Where the new commit starts: *parent stays NULL for a root, *tip is set when the branch is there.
 */
static enum sl_code find_parent(struct sl_git_real *real, const struct sl_git_new_commit *commit,
	git_commit **parent, bool *tip, struct sl_error *err)
{
	char id[SL_GIT_ID_SIZE];
	enum sl_code code = sl_git_real_resolve(&real->base, commit->branch, id, NULL);
	git_oid oid;
	int rc;

	*tip = code == SL_OK;
	if (code == SL_ENOTFOUND && commit->base == NULL)
		return SL_OK;
	if (code != SL_OK)
		code = sl_git_real_resolve(&real->base,
			code == SL_ENOTFOUND ? commit->base : commit->branch, id, err);
	if (code != SL_OK)
		return code;
	oid = sl_git_oid(id);
	rc = git_commit_lookup(parent, real->git, &oid);
	return rc < 0 ? sl_git_fail(rc, real->name, "read a commit", err) : SL_OK;
}

struct updates {
	SL_VEC(git_tree_update);
};

static bool tree_has(git_tree *tree, const char *path)
{
	sl_auto_git(git_tree_entry_free) git_tree_entry *entry = NULL;

	return git_tree_entry_bypath(&entry, tree, path) == 0;
}

static int add_updates(struct sl_git_real *real, const struct sl_git_new_commit *commit,
	git_tree *base, struct updates *updates)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < commit->n_files; i++) {
		const struct sl_git_new_file *file = &commit->files[i];
		git_tree_update update = { .filemode = GIT_FILEMODE_BLOB, .path = file->path };

		if (file->data == NULL && !tree_has(base, file->path))
			continue;
		update.action = file->data != NULL ? GIT_TREE_UPDATE_UPSERT :
						     GIT_TREE_UPDATE_REMOVE;
		if (file->data != NULL)
			rc = git_blob_create_from_buffer(&update.id, real->git, file->data,
				file->len);
		*sl_vec_add(updates) = update;
	}
	return rc;
}

static int empty_tree(git_tree **out, git_repository *git)
{
	git_treebuilder *builder = NULL;
	git_oid oid;
	int rc = git_treebuilder_new(&builder, git, NULL);

	if (rc == 0)
		rc = git_treebuilder_write(&oid, builder);
	git_treebuilder_free(builder);
	return rc == 0 ? git_tree_lookup(out, git, &oid) : rc;
}

static int make_tree(git_tree **out, struct sl_git_real *real,
	const struct sl_git_new_commit *commit, const git_commit *parent)
{
	sl_auto_git(git_tree_free) git_tree *base = NULL;
	struct updates updates = { 0 };
	git_oid oid;
	int rc = parent != NULL ? git_commit_tree(&base, parent) : empty_tree(&base, real->git);

	if (rc == 0)
		rc = add_updates(real, commit, base, &updates);
	if (rc == 0)
		rc = git_tree_create_updated(&oid, real->git, base, updates.len, updates.at);
	sl_vec_done(&updates);
	return rc == 0 ? git_tree_lookup(out, real->git, &oid) : rc;
}

static int move_branch(struct sl_git_real *real, const char *branch, const git_oid *to,
	const git_oid *from)
{
	sl_auto_git(git_reference_free) git_reference *ref = NULL;
	char name[300];

	(void)snprintf(name, sizeof(name), "refs/heads/%s", branch);
	if (from == NULL)
		return git_reference_create(&ref, real->git, name, to, 0, "commit: sluice");
	return git_reference_create_matching(&ref, real->git, name, to, 1, from, "commit: sluice");
}

/* What Sluice answered for must survive a power cut; core.fsyncObjectFiles would do it too, but
 * makes Git warn everybody who pushes. */
static enum sl_code sync_all(const struct sl_git_real *real, struct sl_error *err)
{
	const char *path = git_repository_path(real->git);
	sl_auto(sl_fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0)
		return sl_os_error(err, errno, "%s: sync", path);
	return SL_OK;
}

/* *locked: a lock of Git's stands in the way. */
static enum sl_code commit_once(struct sl_git_real *real, const struct sl_git_new_commit *commit,
	char *out, bool *locked, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *parent = NULL;
	sl_auto_git(git_tree_free) git_tree *tree = NULL;
	sl_auto_git(git_signature_free) git_signature *who = NULL;
	bool tip = false;
	git_oid oid;
	enum sl_code code = find_parent(real, commit, &parent, &tip, err);
	int rc;

	*locked = false;
	if (code != SL_OK)
		return code;
	rc = git_signature_new(&who, commit->author_name, commit->author_email,
		commit->at / INT64_C(1000000), 0);
	if (rc == 0)
		rc = make_tree(&tree, real, commit, parent);
	if (rc == 0)
		rc = git_commit_create(&oid, real->git, NULL, who, who, NULL, commit->message, tree,
			parent != NULL ? 1 : 0, (const git_commit **)(void *)&parent);
	if (rc == 0)
		rc = move_branch(real, commit->branch, &oid, tip ? git_commit_id(parent) : NULL);
	*locked = rc == GIT_ELOCKED;
	if (rc < 0)
		return sl_git_fail(rc, real->name, "commit", err);
	code = sync_all(real, err);
	if (code == SL_OK)
		sl_git_oid_text(&oid, out);
	return code;
}

#define WRITER_US (10 * SL_SECOND_US)
#define PATIENCE  300 /* of SL_GIT_WAIT_MS: longer than an old lock is old */

/* A lock of Git's that stands in the way may be somebody's who pushes, for a moment.  After that it
 * is nobody's: whoever held it was killed. */
static enum sl_code bare_commit(struct sl_repo *repo, const struct sl_git_new_commit *commit,
	char *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	const char *path = git_repository_path(real->git);
	sl_autofree char *file = sl_xasprintf("%s" WRITER, path);
	sl_auto(sl_cancel_free_p) struct sl_cancel *limit = sl_cancel_new(sl_clock_system(), NULL,
		WRITER_US);
	sl_auto(sl_lock_free_p) struct sl_lock *lock = NULL;
	bool locked;
	enum sl_code code = sl_git_writer_begin(&lock, file, limit, err);

	if (code != SL_OK)
		return code;
	code = commit_once(real, commit, out, &locked, err);
	for (int i = 0; locked && i < PATIENCE; i++) {
		(void)poll(NULL, 0, SL_GIT_WAIT_MS);
		code = commit_once(real, commit, out, &locked, err);
	}
	if (locked && sl_git_sweep_old_locks(path) > 0)
		code = commit_once(real, commit, out, &locked, err);
	return code;
}

static const struct sl_repo_ops bare_ops = {
	SL_GIT_REAL_OPS,
	.close = bare_close,
	.note_write = bare_note_write,
	.commit = bare_commit,
};

static enum sl_code refuse_occupied(const char *path, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_names names;
	enum sl_code code;

	if (!sl_file_exists(path))
		return SL_OK;
	code = sl_folder_list(&names, arena, path, 100000, err);
	if (code == SL_OK && names.len > 0)
		return sl_error_set(err, SL_ECONFLICT,
			"%s: make a repository: the folder is not empty", path);
	return code;
}

static enum sl_code make(const char *path, const char *branch, struct sl_error *err)
{
	sl_auto_git(git_repository_free) git_repository *git = NULL;
	git_repository_init_options options;
	int rc = git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);

	if (rc < 0)
		return sl_git_fail(rc, path, "make", err);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT |
		GIT_REPOSITORY_INIT_MKPATH;
	options.initial_head = branch;
	rc = git_repository_init_ext(&git, path, &options);
	return rc < 0 ? sl_git_fail(rc, path, "make", err) : SL_OK;
}

static enum sl_code make_parent(const char *path, struct sl_error *err)
{
	const char *slash = strrchr(path, '/');
	sl_autofree char *parent = NULL;

	if (slash == NULL || slash == path)
		return SL_OK;
	parent = sl_xstrndup(path, (size_t)(slash - path));
	return sl_folder_make(parent, 0777, err);
}

enum sl_code sl_git_bare_init(const char *path, const char *branch, struct sl_error *err)
{
	sl_autofree char *beside = sl_xasprintf("%s.XXXXXX", path);
	sl_autofree char *made = NULL;
	enum sl_code code;

	if (!sl_git_branch_ok(branch))
		return sl_error_set(err, SL_EINVAL, "\"%.200s\" is not the name of a branch",
			branch);
	code = refuse_occupied(path, err);
	if (code == SL_OK)
		code = make_parent(path, err);
	if (code == SL_OK && mkdtemp(beside) == NULL)
		code = sl_os_error(err, errno, "%s: make a repository", path);
	if (code != SL_OK)
		return code;
	sl_git_lib_init();
	made = sl_xasprintf("%s/made", beside);
	code = make(made, branch, err);
	/* Whole it is there, or not at all: nobody would make the other half. */
	if (code == SL_OK && rename(made, path) != 0)
		code = sl_os_error(err, errno, "%s: make a repository", path);
	(void)!sl_tree_remove(beside, NULL);
	return code;
}

enum sl_code sl_git_bare_open(struct sl_repo **out, const char *path,
	const struct sl_git_limits *limits, struct sl_error *err)
{
	git_repository *git = NULL;
	struct sl_git_real *real;
	enum sl_code code = sl_git_real_open(&git, path, err);

	if (code != SL_OK)
		return code;
	real = sl_xcalloc(1, sizeof(*real));
	sl_git_real_init(real, &bare_ops, git, path, limits);
	*out = &real->base;
	return SL_OK;
}
