#include "sluice/sys/notify.h"

#include "sluice/core/str.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum sl_code sl_service_notify(const char *state, struct sl_error *err)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	sl_auto(sl_fd_closep) int fd = -1;
	size_t len = path ? strlen(path) : 0;
	socklen_t size;

	if (len == 0)
		return SL_OK;
	if (len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return sl_error_set(err, SL_EINVAL, "NOTIFY_SOCKET: not a socket's path");
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract name space */
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return sl_os_error(err, errno, "NOTIFY_SOCKET: socket");
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		    size) < 0)
		return sl_os_error(err, errno, "NOTIFY_SOCKET: send");
	return SL_OK;
}

int64_t sl_service_watchdog_us(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	const char *text = getenv("WATCHDOG_USEC");
	int64_t value = 0;

	if (!text || !sl_parse_i64(text, 1, INT64_MAX, &value))
		return 0;
	if (pid) {
		int64_t whom = 0;

		if (!sl_parse_i64(pid, 1, INT32_MAX, &whom) || whom != getpid())
			return 0;
	}
	return value;
}
