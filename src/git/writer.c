#include "writer.h"

#include "sluice/core/str.h"

#include <ftw.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* nftw() has no context argument. */
static _Thread_local struct {
	size_t prefix; /* of a path, before its name in the repository */
	unsigned removed;
} swept;

/* Locks anywhere, since no branch may be called *.lock; libgit2's and Git's temporary files only
 * among the objects, where nothing else has such a name. */
static bool is_left_over(const char *path, const char *name)
{
	if (sl_str_ends(name, ".lock"))
		return true;
	return sl_str_starts(path + swept.prefix, "objects/") &&
		(sl_str_starts(name, "tmp_") || strstr(name, "_git2_") != NULL);
}

static int sweep_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	if (type == FTW_F && is_left_over(path, path + walk->base) && unlink(path) == 0)
		swept.removed++;
	return 0;
}

unsigned sl_git_sweep(const char *path)
{
	swept.prefix = strlen(path) + 1;
	swept.removed = 0;
	(void)nftw(path, sweep_one, 16, FTW_PHYS);
	return swept.removed;
}

enum sl_code sl_git_writer_begin(struct sl_lock **out, const char *file,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	enum sl_code code = sl_lock_take(out, file, err);

	while (code == SL_ECONFLICT && sl_cancel_check(cancel, file, err) == SL_OK) {
		(void)poll(NULL, 0, SL_GIT_WAIT_MS);
		code = sl_lock_take(out, file, err);
	}
	return code == SL_ECONFLICT ? sl_cancel_check(cancel, file, err) : code;
}
