/*
 * Every fetch that brings something leaves a pack.  When many small ones have gathered they are
 * joined into one; large ones stay as they are, so that the work is bounded however large the
 * repository is.  Nothing is dropped: the new pack holds all that the old ones held, reachable or
 * not.
 */
#include "tidy.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_BYTES (INT64_C(4) << 20)
#define NAMES_MAX   100000

struct packs {
	const char *folder;
	const char **at; /* paths of the small ones' indexes */
	size_t len;
};

static bool is_small(const char *index)
{
	sl_autofree char *pack = sl_xasprintf("%.*spack", (int)(strlen(index) - 3), index);
	struct stat about;

	return stat(pack, &about) == 0 && about.st_size < SMALL_BYTES;
}

static void find_small(struct packs *packs, const struct sl_git_real *real, struct sl_arena *arena)
{
	struct sl_names names = { 0 };

	packs->folder = sl_path_join(arena, git_repository_path(real->git), "objects/pack");
	if (!sl_file_is_folder(packs->folder) ||
		sl_folder_list(&names, arena, packs->folder, NAMES_MAX, NULL) != SL_OK)
		return;
	packs->at = sl_arena_calloc(arena, names.len + 1, sizeof(*packs->at));
	for (size_t i = 0; i < names.len; i++) {
		const char *path = sl_path_join(arena, packs->folder, names.at[i]);

		if (sl_str_ends(path, ".idx") && is_small(path))
			packs->at[packs->len++] = path;
	}
}

static int insert(const git_oid *oid, void *builder)
{
	return git_packbuilder_insert(builder, oid, NULL);
}

static int insert_pack(git_packbuilder *builder, const char *index)
{
	sl_auto_git(git_odb_free) git_odb *odb = NULL;
	git_odb_backend *backend = NULL;
	int rc = git_odb_new(&odb);

	if (rc == 0)
		rc = git_odb_backend_one_pack(&backend, index);
	if (rc == 0)
		rc = git_odb_add_backend(odb, backend, 1);
	return rc == 0 ? git_odb_foreach(odb, insert, builder) : rc;
}

static int on_progress(int stage, uint32_t current, uint32_t total, void *cancel)
{
	(void)stage;
	(void)current;
	(void)total;
	return sl_cancel_check(cancel, "join packs", NULL) == SL_OK ? 0 : GIT_EUSER;
}

static int write_joined(git_packbuilder *builder, const struct packs *packs,
	const struct sl_cancel *cancel)
{
	int rc = git_packbuilder_set_callbacks(builder, on_progress, (void *)(uintptr_t)cancel);

	(void)git_packbuilder_set_threads(builder, 1);
	for (size_t i = 0; rc == 0 && i < packs->len; i++)
		rc = insert_pack(builder, packs->at[i]);
	return rc == 0 ? git_packbuilder_write(builder, packs->folder, 0, NULL, NULL) : rc;
}

/* The pack goes before its index: an index alone is ignored by all who read. */
static void remove_old(const struct packs *packs, const char *kept)
{
	for (size_t i = 0; i < packs->len; i++) {
		const char *index = packs->at[i];
		sl_autofree char *pack = sl_xasprintf("%.*spack", (int)(strlen(index) - 3), index);

		if (strstr(index, kept) != NULL)
			continue;
		(void)unlink(pack);
		(void)unlink(index);
	}
}

int sl_git_tidy(struct sl_git_real *real, const struct sl_cancel *cancel)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_git(git_odb_free) git_odb *odb = NULL;
	git_packbuilder *builder = NULL;
	struct packs packs = { 0 };
	int rc;

	find_small(&packs, real, arena);
	if (packs.len <= SL_GIT_PACKS_MAX)
		return 0;
	rc = git_packbuilder_new(&builder, real->git);
	if (rc == 0)
		rc = write_joined(builder, &packs, cancel);
	if (rc == 0) {
		remove_old(&packs, git_packbuilder_name(builder));
		rc = git_repository_odb(&odb, real->git);
	}
	if (rc == 0)
		rc = git_odb_refresh(odb);
	git_packbuilder_free(builder);
	return rc;
}
