#include "apply_int.h"

#include "sluice/core/str.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For tests that kill from outside: SLUICE_TEST_PAUSE_AT is "POINT" or "POINT:N" (the N-th time it
 * is reached), SLUICE_TEST_PAUSE_FILE a file.  The process writes the point's name into the file
 * and stops itself; whoever watches the file kills or continues it.  Without both variables nothing
 * happens.
 */
static bool is_wanted(const char *point)
{
	static atomic_uint times;
	const char *wanted = getenv("SLUICE_TEST_PAUSE_AT");
	size_t len = strlen(point);
	int64_t turn = 1;

	if (!wanted || strncmp(wanted, point, len) != 0 ||
		(wanted[len] != '\0' && wanted[len] != ':'))
		return false;
	if (wanted[len] == ':' && !sl_parse_i64(wanted + len + 1, 1, UINT32_MAX, &turn))
		return false;
	return atomic_fetch_add(&times, 1) + 1 == (unsigned)turn;
}

void apply_pause(const char *point)
{
	const char *path;
	ssize_t n;
	int fd;

	if (!is_wanted(point))
		return;
	path = getenv("SLUICE_TEST_PAUSE_FILE");
	fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd < 0)
		return;
	n = write(fd, point, strlen(point));
	(void)close(fd);
	if (n > 0)
		(void)raise(SIGSTOP);
}
