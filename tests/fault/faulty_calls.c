/*
 * Preloaded into the program under test: one of its calls that change something outside fails, or
 * is its last.
 *
 * The file that SLUICE_TEST_FAULTY names says which one, "KIND NUMBER WHAT [PATH]", and may come
 * while the program runs; counting begins when it is there, and all is well once it is gone.  KIND
 * is sync, write, name (what makes, moves, removes or cuts files), send or any.  PATH counts only
 * calls on a path that holds it.  WHAT is
 *
 *   EIO, ENOSPC    the call fails; with a + at the end, and every later one
 *   cut            the process is killed instead of the call
 *   half           it is killed after the call, after half of what it wrote
 *   none           nothing: at its end the program writes how many there were beside the file,
 *                  with .count behind its name
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum verdict { PASS, FAIL, HALF };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	bool there;
	char kind[8], what[8], path[200];
	long number, seen;
} plan;

/* A word to the next space; the rest is returned. */
static char *word(char *text, char *out, size_t max)
{
	size_t len = strcspn(text, " \n");

	(void)snprintf(out, max, "%.*s", (int)len, text);
	return text + len + (text[len] == ' ');
}

static bool read_plan(void)
{
	const char *file = getenv("SLUICE_TEST_FAULTY");
	char text[300] = "", number[24], *at = text;
	int fd = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0) : -1;

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) > 0) {
		at = word(at, plan.kind, sizeof(plan.kind));
		at = word(at, number, sizeof(number));
		at = word(at, plan.what, sizeof(plan.what));
		(void)word(at, plan.path, sizeof(plan.path));
		plan.number = 0;
		for (const char *digit = number; *digit != '\0'; digit++)
			plan.number = 10 * plan.number + (*digit - '0');
		plan.seen = 0;
		plan.there = true;
	}
	(void)close(fd);
	return plan.there;
}

/* All is well again once the file is gone. */
static bool has_plan(void)
{
	const char *file = getenv("SLUICE_TEST_FAULTY");

	if (file && plan.there && access(file, F_OK) != 0)
		plan.there = false;
	return plan.there || read_plan();
}

static bool is_due(const char *kind, const char *path)
{
	bool due;

	(void)pthread_mutex_lock(&lock);
	due = has_plan() && (strcmp(plan.kind, "any") == 0 || strcmp(plan.kind, kind) == 0) &&
		strstr(path, plan.path);
	if (due) {
		plan.seen++;
		due = plan.seen == plan.number ||
			(plan.seen > plan.number && strchr(plan.what, '+'));
	}
	(void)pthread_mutex_unlock(&lock);
	return due && strcmp(plan.what, "none") != 0;
}

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static enum verdict judge(const char *kind, const char *path)
{
	if (!is_due(kind, path))
		return PASS;
	if (strcmp(plan.what, "cut") == 0)
		die();
	if (strcmp(plan.what, "half") == 0)
		return HALF;
	errno = strncmp(plan.what, "ENOSPC", 6) == 0 ? ENOSPC : EIO;
	return FAIL;
}

/* Of an open file; of a socket only its kind counts. */
static enum verdict judge_fd(const char *kind, int fd)
{
	char link[40], path[PATH_MAX];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	return judge(kind, path);
}

/* After a call that is the last one. */
static long last(enum verdict verdict, long result)
{
	if (verdict == HALF)
		die();
	return result;
}

static const char *kind_of(int fd)
{
	struct stat st;

	if (fd <= STDERR_FILENO || fstat(fd, &st) != 0)
		return NULL;
	return S_ISREG(st.st_mode) ? "write" : S_ISSOCK(st.st_mode) ? "send" : NULL;
}

#define HALF_OF(n, verdict) ((verdict) == HALF ? (n) / 2 : (n))

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's begin with __
 */
EXPORT ssize_t write(int fd, const void *data, size_t n)
{
	const char *kind = kind_of(fd);
	enum verdict verdict = kind ? judge_fd(kind, fd) : PASS;

	return verdict == FAIL ? -1 :
				 last(verdict, syscall(SYS_write, fd, data, HALF_OF(n, verdict)));
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t n, off_t at)
{
	enum verdict verdict = judge_fd("write", fd);

	return verdict == FAIL ?
		-1 :
		last(verdict, syscall(SYS_pwrite64, fd, data, HALF_OF(n, verdict), at));
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	return pwrite64(fd, data, n, at);
}

EXPORT ssize_t send(int fd, const void *data, size_t n, int flags)
{
	enum verdict verdict = judge_fd("send", fd);

	return verdict == FAIL ?
		-1 :
		last(verdict, syscall(SYS_sendto, fd, data, HALF_OF(n, verdict), flags, NULL, 0));
}

EXPORT int fsync(int fd)
{
	enum verdict verdict = judge_fd("sync", fd);

	return verdict == FAIL ? -1 : (int)last(verdict, syscall(SYS_fsync, fd));
}

EXPORT int fdatasync(int fd)
{
	enum verdict verdict = judge_fd("sync", fd);

	return verdict == FAIL ? -1 : (int)last(verdict, syscall(SYS_fdatasync, fd));
}

EXPORT int syncfs(int fd)
{
	enum verdict verdict = judge_fd("sync", fd);

	return verdict == FAIL ? -1 : (int)last(verdict, syscall(SYS_syncfs, fd));
}

EXPORT int ftruncate64(int fd, off_t len)
{
	enum verdict verdict = judge_fd("name", fd);

	return verdict == FAIL ? -1 : (int)last(verdict, syscall(SYS_ftruncate, fd, len));
}

EXPORT int ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}

EXPORT int rename(const char *from, const char *to)
{
	enum verdict verdict = judge("name", to);

	return verdict == FAIL ?
		-1 :
		(int)last(verdict, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

EXPORT int link(const char *from, const char *to)
{
	enum verdict verdict = judge("name", to);

	return verdict == FAIL ?
		-1 :
		(int)last(verdict, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

EXPORT int unlinkat(int folder, const char *path, int flags)
{
	enum verdict verdict = judge("name", path);

	return verdict == FAIL ? -1 :
				 (int)last(verdict, syscall(SYS_unlinkat, folder, path, flags));
}

EXPORT int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	enum verdict verdict = judge("name", path);

	return verdict == FAIL ? -1 :
				 (int)last(verdict, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	enum verdict verdict = flags & O_CREAT ? judge("name", path) : PASS;

	if (flags & O_CREAT) {
		va_list rest;

		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return verdict == FAIL ?
		-1 :
		(int)last(verdict, syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list rest;

		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return open64(path, flags, mode);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

__attribute__((destructor)) static void tell(void)
{
	const char *file = getenv("SLUICE_TEST_FAULTY");
	char path[PATH_MAX], text[24];
	int fd, len;

	if (!file || !plan.there || strcmp(plan.what, "none") != 0)
		return;
	(void)snprintf(path, sizeof(path), "%s.count", file);
	len = snprintf(text, sizeof(text), "%ld", plan.seen);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		0600);
	if (fd >= 0 && syscall(SYS_write, fd, text, len) == len)
		(void)close(fd);
}
