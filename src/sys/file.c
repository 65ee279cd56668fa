#include "sluice/sys/file.h"

#include "sluice/core/alloc.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)65536)

/* Reads to the end; what the kernel calls the size may be 0 (/proc) or change. */
static enum sl_code read_all(int fd, const char *path, struct sl_buf *buf, struct sl_error *err)
{
	sl_autofree char *step = sl_xcalloc(1, READ_STEP);

	for (;;) {
		ssize_t n = read(fd, step, READ_STEP);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sl_os_error(err, errno, "%s: read", path);
		if (n == 0)
			return SL_OK;
		sl_buf_add(buf, step, (size_t)n);
		if (!sl_buf_ok(buf))
			return sl_error_set(err, SL_ELIMIT, "%s: read: larger than %zu bytes", path,
				buf->max);
	}
}

enum sl_code sl_file_read(char **out, size_t *len, const char *path, size_t max,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(max);
	sl_auto(sl_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	enum sl_code code;

	if (fd < 0 || fstat(fd, &st) != 0)
		return sl_os_error(err, errno, "%s: open", path);
	if (S_ISDIR(st.st_mode))
		return sl_os_error(err, EISDIR, "%s: open", path);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return sl_error_set(err, SL_ELIMIT, "%s: read: larger than %zu bytes", path, max);
	/* one block of the right size: growing step by step leaves as much again behind */
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		buf.cap = (size_t)st.st_size + 1;
		buf.data = sl_xrealloc(NULL, buf.cap);
		buf.data[0] = '\0';
	}
	code = read_all(fd, path, &buf, err);
	if (code != SL_OK)
		return code;
	*len = buf.len;
	*out = sl_buf_take(&buf);
	return SL_OK;
}

/* The folder that holds path: "." without a slash. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return sl_xstrdup(".");
	return sl_xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum sl_code sync_folder(const char *path, struct sl_error *err)
{
	sl_autofree char *folder = folder_of(path);
	sl_auto(sl_fd_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some file systems cannot sync a folder and say so with EINVAL. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		return sl_os_error(err, errno, "%s: sync", folder);
	return SL_OK;
}

static enum sl_code fill(int fd, const char *path, const void *data, size_t len,
	struct sl_error *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sl_os_error(err, errno, "%s: write", path);
		at += n;
		len -= (size_t)n;
	}
	if (fsync(fd) != 0)
		return sl_os_error(err, errno, "%s: sync", path);
	return SL_OK;
}

enum sl_code sl_file_write(const char *path, const void *data, size_t len, mode_t mode,
	struct sl_error *err)
{
	sl_autofree char *beside = sl_xasprintf("%s.XXXXXX", path);
	sl_auto(sl_fd_closep) int fd = mkostemp(beside, O_CLOEXEC);
	enum sl_code code;

	if (fd < 0)
		return sl_os_error(err, errno, "%s: write", path);
	code = fill(fd, path, data, len, err);
	if (code == SL_OK && fchmod(fd, mode) != 0)
		code = sl_os_error(err, errno, "%s: change of mode", path);
	if (code == SL_OK && rename(beside, path) != 0)
		code = sl_os_error(err, errno, "%s: rename", path);
	if (code != SL_OK) {
		(void)unlink(beside);
		return code;
	}
	return sync_folder(path, err);
}

enum sl_code sl_file_give_name(const char *file, const char *name, struct sl_error *err)
{
	enum sl_code code;

	if (link(file, name) != 0)
		return errno == EEXIST ?
			sl_error_set(err, SL_ECONFLICT, "%s: is there already", name) :
			sl_os_error(err, errno, "%s: write", name);
	code = unlink(file) != 0 ? sl_os_error(err, errno, "%s: remove", file) :
				   sync_folder(name, err);
	if (code != SL_OK)
		(void)unlink(name);
	return code;
}

/* Not every file system has files without a name from their begin. */
enum sl_code sl_file_nameless(int *out, const char *folder, struct sl_error *err)
{
	sl_autofree char *path = sl_xasprintf("%s/sluice.XXXXXX", folder);
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(path);
	}
	if (fd < 0)
		return sl_os_error(err, errno,
			"%s: make a temporary file (TMPDIR names another folder)", folder);
	*out = fd;
	return SL_OK;
}

bool sl_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool sl_file_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool sl_file_is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool sl_file_is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

char *sl_path_join(struct sl_arena *arena, const char *dir, const char *name)
{
	size_t len = strlen(dir);

	return sl_arena_printf(arena, "%s%s%s", dir, len > 0 && dir[len - 1] != '/' ? "/" : "",
		name);
}

struct sl_lock {
	int fd;
};

/* The pid in the file is only for the message; the lock is the kernel's. */
static enum sl_code refuse_locked(int fd, const char *path, struct sl_error *err)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	while (n > 0 && (pid[n - 1] < '0' || pid[n - 1] > '9'))
		n--;
	if (n <= 0)
		return sl_error_set(err, SL_ECONFLICT, "%s: locked by another process", path);
	return sl_error_set(err, SL_ECONFLICT, "%s: locked by process %.*s", path, (int)n, pid);
}

enum sl_code sl_lock_take(struct sl_lock **out, const char *path, struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fd < 0)
		return sl_os_error(err, errno, "%s: open", path);
	if (fcntl(fd, F_OFD_SETLK, &all) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			return refuse_locked(fd, path, err);
		return sl_os_error(err, errno, "%s: lock", path);
	}
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return sl_os_error(err, errno, "%s: write", path);
	*out = sl_xcalloc(1, sizeof(**out));
	(*out)->fd = fd;
	fd = -1;
	return SL_OK;
}

void sl_lock_free(struct sl_lock *lock)
{
	if (!lock)
		return;
	(void)close(lock->fd);
	free(lock);
}
