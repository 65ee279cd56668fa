#include "apply_int.h"

#include "sluice/core/str.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For tests that kill from outside: SLUICE_TEST_PAUSE_AT names a point, SLUICE_TEST_PAUSE_FILE a
 * file. The process writes the point's name into the file and stops itself; whoever watches the
 * file kills or continues it.  Without both variables nothing happens.
 */
void apply_pause(const char *point)
{
	const char *wanted = getenv("SLUICE_TEST_PAUSE_AT"), *path;
	ssize_t n;
	int fd;

	if (!wanted || !sl_str_eq(wanted, point))
		return;
	path = getenv("SLUICE_TEST_PAUSE_FILE");
	fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (fd < 0) /* it paused there before */
		return;
	n = write(fd, point, strlen(point));
	(void)close(fd);
	if (n > 0)
		(void)raise(SIGSTOP);
}
