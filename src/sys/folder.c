#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 256

static void closedir_p(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

enum sl_code sl_folder_make(const char *path, mode_t mode, struct sl_error *err)
{
	sl_autofree char *part = sl_xstrdup(path);

	for (char *slash = part; slash; *slash = '/') {
		slash = strchr(slash + 1, '/');
		if (!slash)
			break;
		*slash = '\0';
		if (mkdir(part, mode) != 0 && errno != EEXIST)
			return sl_os_error(err, errno, "%s: make folder", part);
	}
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return sl_os_error(err, errno, "%s: make folder", path);
	if (!sl_file_is_folder(path))
		return sl_os_error(err, ENOTDIR, "%s: make folder", path);
	return SL_OK;
}

static bool is_dot(const char *name)
{
	return sl_str_eq(name, ".") || sl_str_eq(name, "..");
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum sl_code sl_folder_list(struct sl_names *out, struct sl_arena *arena, const char *path,
	size_t max, struct sl_error *err)
{
	sl_auto(closedir_p) DIR *dir = opendir(path);

	struct {
		SL_VEC(const char *);
	} names = { 0 };
	const struct dirent *entry;

	if (!dir)
		return sl_os_error(err, errno, "%s: list", path);
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (is_dot(entry->d_name))
			continue;
		if (names.len == max)
			return sl_error_set(err, SL_ELIMIT, "%s: list: more than %zu names", path,
				max);
		*sl_vec_add_in(arena, &names) = sl_arena_strdup(arena, entry->d_name);
	}
	if (errno != 0)
		return sl_os_error(err, errno, "%s: list", path);
	if (names.len > 1)
		qsort(names.at, names.len, sizeof(*names.at), by_bytes);
	*out = (struct sl_names){ .at = names.at, .len = names.len };
	return SL_OK;
}

static enum sl_code remove_at(int parent, const char *name, unsigned depth, const char *path,
	struct sl_error *err);

static enum sl_code remove_entries(DIR *dir, unsigned depth, const char *path, struct sl_error *err)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		enum sl_code code;

		if (is_dot(entry->d_name))
			continue;
		code = remove_at(dirfd(dir), entry->d_name, depth + 1, path, err);
		if (code != SL_OK)
			return code;
	}
	return errno == 0 ? SL_OK : sl_os_error(err, errno, "%s: remove", path);
}

/* By descriptors, so that a link put in the way meanwhile is never followed. */
static enum sl_code remove_at(int parent, const char *name, unsigned depth, const char *path,
	struct sl_error *err)
{
	sl_auto(closedir_p) DIR *dir = NULL;
	enum sl_code code;
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return SL_OK;
	if (errno != EISDIR && errno != EPERM)
		return sl_os_error(err, errno, "%s: remove %s", path, name);
	if (depth > DEPTH_MAX)
		return sl_error_set(err, SL_ELIMIT, "%s: remove: deeper than %d folders", path,
			DEPTH_MAX);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return sl_os_error(err, errno, "%s: remove %s", path, name);
	code = remove_entries(dir, depth, path, err);
	if (code != SL_OK)
		return code;
	if (unlinkat(parent, name, AT_REMOVEDIR) != 0)
		return sl_os_error(err, errno, "%s: remove %s", path, name);
	return SL_OK;
}

enum sl_code sl_tree_remove(const char *path, struct sl_error *err)
{
	return remove_at(AT_FDCWD, path, 0, path, err);
}
