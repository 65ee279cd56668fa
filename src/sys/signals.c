#include "sluice/sys/signals.h"

#include "sluice/sys/oserror.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum sl_code sl_signals_open(int *fd, struct sl_error *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t ours;
	int failed;
	int made;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGHUP);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	failed = pthread_sigmask(SIG_BLOCK, &ours, NULL);
	if (failed != 0)
		return sl_os_error(err, failed, "signals: block");
	made = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (made < 0)
		return sl_os_error(err, errno, "signals: signalfd");
	*fd = made;
	return SL_OK;
}

enum sl_code sl_signals_wait(int fd, int timeout_ms, int *signo, struct sl_error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&poll_fd, 1, timeout_ms) < 0 && errno != EINTR)
		return sl_os_error(err, errno, "signals: wait");
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		*signo = (int)info.ssi_signo;
		return SL_OK;
	}
	if (errno != EAGAIN && errno != EINTR)
		return sl_os_error(err, errno, "signals: read");
	*signo = 0;
	return SL_OK;
}
