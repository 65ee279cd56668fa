/* Bare mirrors of origins under the data folder. */
#include "sluice/git/mirror.h"

#include "origin.h"
#include "tidy.h"
#include "writer.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIRRORS     "mirrors"
#define NOTE_TRIES  3
#define NAMES_LIMIT 100000
#define ENDING      ".git"
#define ANEW        ".anew"

struct mirror {
	struct sl_git_real real; /* first */
	struct sl_git_peer peer;
	char *path; /* owned */
	char *mark; /* owned: a file that is there while reading found something missing */
};

static struct mirror *mirror_of(struct sl_repo *repo)
{
	return (struct mirror *)(void *)repo;
}

static void mirror_close(struct sl_repo *repo)
{
	struct mirror *mirror = mirror_of(repo);

	if (mirror->real.missed)
		(void)!sl_file_write(mirror->mark, "", 0, 0600, NULL);
	sl_git_peer_done(&mirror->peer);
	sl_git_real_done(&mirror->real);
	free(mirror->path);
	free(mirror->mark);
	free(mirror);
}

/* --- one writer at a time -------------------------------------------------------------------- */

static char *writer_file(const char *path)
{
	return sl_xasprintf("%.*s.writer", (int)(strlen(path) - strlen(ENDING)), path);
}

/* Waits for whoever writes. */
static enum sl_code begin_to_write(struct sl_lock **out, const char *path,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	sl_autofree char *file = writer_file(path);

	return sl_git_writer_begin(out, file, cancel, err);
}

/* --- damage ---------------------------------------------------------------------------------- */

/* nftw() has no context argument. */
static _Thread_local struct {
	git_repository *git;
	size_t prefix; /* of a path, before the reference's name */
} look;

/* Not that the system kept us from looking. */
static bool is_wrong(int rc)
{
	const git_error *last = git_error_last();

	return rc < 0 && (!last || last->klass != GIT_ERROR_OS);
}

/* Stops the walk at the first reference that leads to no commit. */
static int look_at(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	sl_auto_git(git_tree_free) git_tree *tree = NULL;
	git_oid oid;
	int rc;

	(void)stat;
	(void)walk;
	if (type != FTW_F || sl_str_ends(path, ".lock"))
		return 0;
	rc = git_reference_name_to_id(&oid, look.git, path + look.prefix);
	if (rc == 0)
		rc = git_commit_lookup(&commit, look.git, &oid);
	if (rc == 0)
		rc = git_commit_tree(&tree, commit);
	return is_wrong(rc);
}

static bool is_damaged(const struct mirror *mirror)
{
	sl_auto_git(git_repository_free) git_repository *git = NULL;
	sl_auto_git(git_reference_free) git_reference *head = NULL;
	sl_autofree char *refs = sl_xasprintf("%s/refs", mirror->path);

	if (sl_git_real_open(&git, mirror->path, NULL) != SL_OK)
		return false;
	if (is_wrong(git_reference_lookup(&head, git, "HEAD")))
		return true;
	look.git = git;
	look.prefix = strlen(mirror->path) + 1;
	return nftw(refs, look_at, 16, FTW_PHYS) > 0;
}

/* Behind the branches' heads. */
static bool has_gaps(const struct mirror *mirror)
{
	sl_auto_git(git_repository_free) git_repository *git = NULL;
	sl_auto_git(git_revwalk_free) git_revwalk *walk = NULL;
	size_t left = mirror->real.base.limits.commits;
	git_oid oid;
	int rc;

	if (sl_git_real_open(&git, mirror->path, NULL) != SL_OK)
		return false;
	rc = git_revwalk_new(&walk, git);
	if (rc == 0)
		rc = git_revwalk_push_glob(walk, "refs/heads/*");
	while (rc == 0 && left-- > 0)
		rc = git_revwalk_next(&oid, walk);
	return rc != GIT_ITEROVER && is_wrong(rc);
}

static enum sl_code replace(const struct mirror *mirror, const char *anew, struct sl_error *err)
{
	enum sl_code code = sl_tree_remove(mirror->path, err);

	if (code == SL_OK && rename(anew, mirror->path) != 0)
		code = sl_os_error(err, errno, "%s: rename", anew);
	return code;
}

/* Beside the old one, which is of some use still until the origin has answered. */
static enum sl_code make_anew(struct mirror *mirror, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	sl_autofree char *anew = sl_xasprintf("%s" ANEW, mirror->path);
	git_repository *old = mirror->real.git;
	enum sl_code code = sl_tree_remove(anew, err);
	int rc;

	if (code != SL_OK)
		return code;
	rc = git_repository_init(&mirror->real.git, anew, 1);
	if (rc < 0) {
		mirror->real.git = old;
		return sl_git_fail(rc, anew, "make a mirror", err);
	}
	code = sl_git_peer_fetch(&mirror->real, &mirror->peer, cancel, err);
	git_repository_free(mirror->real.git);
	mirror->real.git = old;
	if (code == SL_OK)
		code = replace(mirror, anew, err);
	if (code == SL_OK)
		code = sl_git_real_open(&mirror->real.git, mirror->path, err);
	if (code == SL_OK)
		git_repository_free(old);
	else
		(void)!sl_tree_remove(anew, NULL);
	return code;
}

/* --- fetching -------------------------------------------------------------------------------- */

static bool is_over(enum sl_code code)
{
	return code == SL_OK || code == SL_ECANCELED || code == SL_ETIMEOUT;
}

static enum sl_code fetch(struct mirror *mirror, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	enum sl_code code = sl_git_peer_fetch(&mirror->real, &mirror->peer, cancel, err);

	/* A disk that was full leaves locks behind that nobody holds. */
	if (!is_over(code) && sl_git_sweep(mirror->path) > 0)
		code = sl_git_peer_fetch(&mirror->real, &mirror->peer, cancel, err);
	if (!is_over(code) && is_damaged(mirror))
		code = make_anew(mirror, cancel, err);
	return code;
}

static enum sl_code fetch_marked(struct mirror *mirror, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	enum sl_code code = is_damaged(mirror) || has_gaps(mirror) ?
		make_anew(mirror, cancel, err) :
		fetch(mirror, cancel, err);

	if (code == SL_OK)
		(void)unlink(mirror->mark);
	return code;
}

static enum sl_code mirror_fetch(struct sl_repo *repo, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	struct mirror *mirror = mirror_of(repo);
	sl_auto(sl_lock_free_p) struct sl_lock *lock = NULL;
	enum sl_code code = begin_to_write(&lock, mirror->path, cancel, err);

	if (code == SL_OK)
		code = sl_file_exists(mirror->mark) ? fetch_marked(mirror, cancel, err) :
						      fetch(mirror, cancel, err);
	/* What was fetched is there whether or not the packs could be joined. */
	if (code == SL_OK)
		(void)sl_git_tidy(&mirror->real, cancel);
	return code;
}

/* --- notes ----------------------------------------------------------------------------------- */

/* The notes as they were: what the origin does not have is not here either. */
static void restore_notes(struct sl_git_real *real, const git_oid *before)
{
	sl_auto_git(git_reference_free) git_reference *ref = NULL;

	if (git_oid_is_zero(before))
		(void)git_reference_remove(real->git, SL_GIT_NOTES_REF);
	else
		(void)git_reference_create(&ref, real->git, SL_GIT_NOTES_REF, before, 1, "restore");
}

static enum sl_code note_once(struct mirror *mirror, const struct sl_git_note_text *note,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_git_real *real = &mirror->real;
	git_oid before = { 0 };
	bool changed = false;
	enum sl_code code;

	if (git_reference_name_to_id(&before, real->git, SL_GIT_NOTES_REF) < 0)
		memset(&before, 0, sizeof(before));
	code = sl_git_real_note_set(real, note, &changed, err);
	if (code != SL_OK && sl_git_sweep(mirror->path) > 0)
		code = sl_git_real_note_set(real, note, &changed, err);
	if (code != SL_OK || !changed)
		return code;
	code = sl_git_peer_push_notes(real, &mirror->peer, cancel, err);
	if (code != SL_OK)
		restore_notes(real, &before);
	return code;
}

static enum sl_code mirror_note_write(struct sl_repo *repo, const struct sl_git_note_text *note,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	struct mirror *mirror = mirror_of(repo);
	sl_auto(sl_lock_free_p) struct sl_lock *lock = NULL;
	enum sl_code code = begin_to_write(&lock, mirror->path, cancel, err);

	if (code == SL_OK)
		code = note_once(mirror, note, cancel, err);
	for (int i = 1; lock && code == SL_ECONFLICT && i < NOTE_TRIES; i++) {
		code = fetch(mirror, cancel, err);
		if (code == SL_OK)
			code = note_once(mirror, note, cancel, err);
	}
	return code;
}

static const struct sl_repo_ops mirror_ops = {
	SL_GIT_REAL_OPS,
	.close = mirror_close,
	.fetch = mirror_fetch,
	.note_write = mirror_note_write,
};

static bool name_ok(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strlen(name) <= 100 &&
		name[strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] ==
		'\0';
}

/* --- opening --------------------------------------------------------------------------------- */

static bool is_there(git_repository **out, const char *path)
{
	return sl_file_exists(path) && sl_git_real_open(out, path, NULL) == SL_OK;
}

static enum sl_code open_or_make(git_repository **out, const char *path, struct sl_error *err)
{
	sl_auto(sl_lock_free_p) struct sl_lock *lock = NULL;
	enum sl_code code;
	int rc;

	sl_git_lib_init();
	if (is_there(out, path))
		return SL_OK;
	code = begin_to_write(&lock, path, NULL, err);
	if (code != SL_OK || is_there(out, path))
		return code;
	(void)sl_git_sweep(path);
	rc = git_repository_init(out, path, 1);
	return rc < 0 ? sl_git_fail(rc, path, "make a mirror", err) : SL_OK;
}

enum sl_code sl_git_mirror_open(struct sl_repo **out, const char *data_folder, const char *name,
	const struct sl_git_origin *origin, const struct sl_git_limits *limits,
	struct sl_error *err)
{
	sl_autofree char *folder = NULL;
	sl_autofree char *path = NULL;
	struct sl_git_peer peer = { 0 };
	git_repository *git = NULL;
	struct mirror *mirror;
	enum sl_code code;

	if (!name_ok(name))
		return sl_error_set(err, SL_EINVAL,
			"\"%.100s\" cannot name a mirror: letters, digits, '.', '_' and '-' only",
			name);
	code = sl_git_peer_init(&peer, origin, err);
	if (code != SL_OK)
		return code;
	folder = sl_xasprintf("%s/" MIRRORS, data_folder);
	path = sl_xasprintf("%s/%s" ENDING, folder, name);
	code = sl_folder_make(folder, 0700, err);
	if (code == SL_OK)
		code = open_or_make(&git, path, err);
	if (code != SL_OK) {
		sl_git_peer_done(&peer);
		return code;
	}
	mirror = sl_xcalloc(1, sizeof(*mirror));
	sl_git_real_init(&mirror->real, &mirror_ops, git, name, limits);
	mirror->peer = peer;
	mirror->mark = sl_xasprintf("%s.missed", path);
	mirror->path = sl_steal(path);
	*out = &mirror->real.base;
	return SL_OK;
}

/* --- sweeping -------------------------------------------------------------------------------- */

/* What was to take the mirror's place and never did. */
static unsigned drop_anew(const char *path)
{
	sl_autofree char *anew = sl_xasprintf("%s" ANEW, path);

	return sl_file_is_folder(anew) && sl_tree_remove(anew, NULL) == SL_OK ? 1 : 0;
}

enum sl_code sl_git_mirrors_sweep(const char *data_folder, unsigned *removed, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *folder = sl_path_join(arena, data_folder, MIRRORS);
	struct sl_names names = { 0 };
	enum sl_code code = SL_OK;
	unsigned n = 0;

	if (sl_file_exists(folder))
		code = sl_folder_list(&names, arena, folder, NAMES_LIMIT, err);
	for (size_t i = 0; code == SL_OK && i < names.len; i++) {
		const char *path = sl_path_join(arena, folder, names.at[i]);
		sl_auto(sl_lock_free_p) struct sl_lock *lock = NULL;
		sl_autofree char *file = NULL;

		if (!sl_str_ends(path, ENDING))
			continue;
		file = writer_file(path);
		code = sl_lock_take(&lock, file, err);
		if (code == SL_OK)
			n += sl_git_sweep(path) + drop_anew(path);
		else if (code == SL_ECONFLICT)
			code = SL_OK;
	}
	if (code == SL_OK && removed != NULL)
		*removed = n;
	return code;
}
