#include "writer.h"

#include "sluice/core/clock.h"
#include "sluice/core/str.h"

#include <ftw.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define OLD_S 2

/* nftw() has no context argument. */
static _Thread_local struct {
	size_t prefix; /* of a path, before its name in the repository */
	int64_t since; /* locks alone, and only those that stand since then; 0: everything */
	unsigned removed;
} swept;

/* Libgit2's and Git's; only among the objects, where nothing else has such a name. */
static bool is_temporary(const char *path, const char *name)
{
	return sl_str_starts(path + swept.prefix, "objects/") &&
		(sl_str_starts(name, "tmp_") || strstr(name, "_git2_") != NULL);
}

/* No branch may be called *.lock. */
static bool is_left_over(const char *path, const char *name, const struct stat *stat)
{
	if (swept.since > 0)
		return sl_str_ends(name, ".lock") && stat->st_mtim.tv_sec <= swept.since;
	return sl_str_ends(name, ".lock") || is_temporary(path, name);
}

static int sweep_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	if (type == FTW_F && is_left_over(path, path + walk->base, stat) && unlink(path) == 0)
		swept.removed++;
	return 0;
}

static unsigned sweep(const char *path, int64_t since)
{
	swept.prefix = strlen(path) + 1;
	swept.since = since;
	swept.removed = 0;
	(void)nftw(path, sweep_one, 16, FTW_PHYS);
	return swept.removed;
}

unsigned sl_git_sweep(const char *path)
{
	return sweep(path, 0);
}

unsigned sl_git_sweep_old_locks(const char *path)
{
	return sweep(path, sl_clock_wall(sl_clock_system()) / SL_SECOND_US - OLD_S);
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
