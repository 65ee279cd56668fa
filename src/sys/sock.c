#include "sluice/sys/sock.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/oserror.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG      128
#define GROUP_BUFFER 16384

void sl_fd_closep(const int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = kept;
}

static enum sl_code unix_address(struct sockaddr_un *out, const char *path, struct sl_error *err)
{
	size_t len = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len == 0 || len >= sizeof(out->sun_path))
		return sl_error_set(err, SL_EINVAL,
			"%s: a socket's path has 1 to %zu bytes, this one %zu", path,
			sizeof(out->sun_path) - 1, len);
	memcpy(out->sun_path, path, len);
	return SL_OK;
}

static enum sl_code no_other_file(const char *path, const struct stat *st, struct sl_error *err)
{
	if (S_ISSOCK(st->st_mode))
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT, "%s: listen: a file that is no socket is there",
		path);
}

enum sl_code sl_unix_path_check(const char *path, struct sl_error *err)
{
	struct sockaddr_un address;
	struct stat st;
	enum sl_code code = unix_address(&address, path, err);

	if (code != SL_OK || lstat(path, &st) != 0)
		return code;
	return no_other_file(path, &st, err);
}

/* Unlinks a socket that nobody listens on any more. */
static enum sl_code make_way(const struct sockaddr_un *address, struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = -1;
	struct stat st;

	if (lstat(address->sun_path, &st) != 0)
		return SL_OK;
	if (no_other_file(address->sun_path, &st, err) != SL_OK)
		return SL_ECONFLICT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sl_os_error(err, errno, "%s: socket", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return sl_error_set(err, SL_ECONFLICT, "%s: listen: another process listens there",
			address->sun_path);
	if (unlink(address->sun_path) != 0)
		return sl_os_error(err, errno, "%s: remove", address->sun_path);
	return SL_OK;
}

static enum sl_code group_id(const char *name, gid_t *out, struct sl_error *err)
{
	sl_autofree char *buffer = sl_xcalloc(1, GROUP_BUFFER);
	struct group group;
	struct group *found = NULL;

	if (getgrnam_r(name, &group, buffer, GROUP_BUFFER, &found) != 0 || !found)
		return sl_error_set(err, SL_EINVAL, "group %s: look-up: there is none", name);
	*out = group.gr_gid;
	return SL_OK;
}

enum sl_code sl_listen_unix(int *out, const char *path, mode_t mode, const char *group,
	struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = -1;
	struct sockaddr_un address;
	gid_t gid = (gid_t)-1;
	enum sl_code code = unix_address(&address, path, err);

	if (code == SL_OK && group)
		code = group_id(group, &gid, err);
	if (code == SL_OK)
		code = make_way(&address, err);
	if (code != SL_OK)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sl_os_error(err, errno, "%s: socket", path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return sl_os_error(err, errno, "%s: bind", path);
	/* Nobody can connect before listen(), so the mode is in force when they can. */
	if (chmod(path, mode) != 0)
		return sl_os_error(err, errno, "%s: change of mode", path);
	if (group && lchown(path, (uid_t)-1, gid) != 0)
		return sl_os_error(err, errno, "%s: change of group", path);
	if (listen(fd, BACKLOG) != 0)
		return sl_os_error(err, errno, "%s: listen", path);
	*out = fd;
	fd = -1;
	return SL_OK;
}

struct inet_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} as;

	socklen_t len;
};

/* "127.0.0.1:8617" or "[::1]:8617". */
static bool parse_address(const char *text, struct inet_address *out)
{
	bool v6 = text[0] == '[';
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	sl_autofree char *host = NULL;
	int64_t port = 0;

	if (!colon || len < 2 || !sl_parse_i64(colon + 1, 0, UINT16_MAX, &port))
		return false;
	if (v6 && colon[-1] != ']')
		return false;
	host = v6 ? sl_xstrndup(text + 1, len - 2) : sl_xstrndup(text, len);
	*out = (struct inet_address){ 0 };
	if (v6) {
		out->len = sizeof(out->as.v6);
		out->as.v6.sin6_family = AF_INET6;
		out->as.v6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host, &out->as.v6.sin6_addr) == 1;
	}
	out->len = sizeof(out->as.v4);
	out->as.v4.sin_family = AF_INET;
	out->as.v4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &out->as.v4.sin_addr) == 1;
}

enum sl_code sl_listen_tcp(int *out, const char *address, uint16_t *port, struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = -1;
	struct inet_address where;
	int on = 1;

	if (!parse_address(address, &where))
		return sl_error_set(err, SL_EINVAL,
			"%s: listen: an address is 127.0.0.1:8617 or [::1]:8617", address);
	fd = socket(where.as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sl_os_error(err, errno, "%s: socket", address);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &where.as.any, where.len) != 0)
		return sl_os_error(err, errno, "%s: bind", address);
	if (listen(fd, BACKLOG) != 0)
		return sl_os_error(err, errno, "%s: listen", address);
	if (getsockname(fd, &where.as.any, &where.len) != 0)
		return sl_os_error(err, errno, "%s: name of the socket", address);
	*port = ntohs(
		where.as.any.sa_family == AF_INET6 ? where.as.v6.sin6_port : where.as.v4.sin_port);
	*out = fd;
	fd = -1;
	return SL_OK;
}

/* Until fd is ready for events or the token says no. */
static enum sl_code await(int fd, short events, const struct sl_cancel *cancel, const char *what,
	struct sl_error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	for (;;) {
		enum sl_code code = sl_cancel_check(cancel, what, err);
		int n;

		if (code != SL_OK)
			return code;
		n = poll(&poll_fd, 1, sl_cancel_slice_ms(cancel));
		if (n > 0)
			return SL_OK;
		if (n < 0 && errno != EINTR)
			return sl_os_error(err, errno, "%s: wait", what);
	}
}

static bool would_block(int errnum)
{
	return errnum == EAGAIN || errnum == EINTR;
}

enum sl_code sl_accept(int *out, int listener, const struct sl_cancel *cancel, struct sl_error *err)
{
	for (;;) {
		enum sl_code code = await(listener, POLLIN, cancel, "accept", err);
		int fd;

		if (code != SL_OK)
			return code;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			*out = fd;
			return SL_OK;
		}
		if (!would_block(errno) && errno != ECONNABORTED)
			return sl_os_error(err, errno, "accept");
	}
}

enum sl_code sl_connect_unix(int *out, const char *path, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = -1;
	struct sockaddr_un address;
	enum sl_code code = unix_address(&address, path, err);

	if (code != SL_OK)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sl_os_error(err, errno, "%s: socket", path);
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		struct pollfd none = { .fd = -1 };

		if (!would_block(errno))
			return sl_error_set(err, SL_EUNAVAIL, "%s: connect: nobody listens there",
				path);
		/* A full backlog: the kernel offers nothing to poll for. */
		code = sl_cancel_check(cancel, path, err);
		if (code != SL_OK)
			return code;
		(void)poll(&none, 1, 10);
	}
	*out = fd;
	fd = -1;
	return SL_OK;
}

bool sl_address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return (ntohl(in.sin_addr.s_addr) >> 24) == 127;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	}
	return false;
}

enum sl_code sl_peer_of(int fd, struct sl_peer *out, struct sl_error *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return sl_os_error(err, errno, "socket: who is on the other end");
	if (cred.pid == 0)
		return sl_error_set(err, SL_EUNAUTH, "socket: not a local one");
	*out = (struct sl_peer){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	return SL_OK;
}

enum sl_code sl_write_all(int fd, const void *data, size_t len, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		enum sl_code code;

		if (n >= 0) {
			at += n;
			len -= (size_t)n;
			continue;
		}
		if (!would_block(errno))
			return sl_os_error(err, errno, "socket: write");
		code = await(fd, POLLOUT, cancel, "socket: write", err);
		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

/* Some bytes, at least one; *got is 0 at the end. */
static enum sl_code read_some(int fd, void *data, size_t len, size_t *got,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	for (;;) {
		ssize_t n = recv(fd, data, len, MSG_DONTWAIT);
		enum sl_code code;

		if (n >= 0) {
			*got = (size_t)n;
			return SL_OK;
		}
		if (!would_block(errno))
			return sl_os_error(err, errno, "socket: read");
		code = await(fd, POLLIN, cancel, "socket: read", err);
		if (code != SL_OK)
			return code;
	}
}

enum sl_code sl_frame_write(int fd, const void *data, size_t len, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	uint32_t prefix = htonl((uint32_t)len);
	enum sl_code code;

	if (len > UINT32_MAX)
		return sl_error_set(err, SL_ELIMIT, "socket: write: a frame of %zu bytes", len);
	code = sl_write_all(fd, &prefix, sizeof(prefix), cancel, err);
	return code == SL_OK ? sl_write_all(fd, data, len, cancel, err) : code;
}

static enum sl_code read_exactly(int fd, void *data, size_t len, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	size_t got = 0;

	for (size_t at = 0; at < len; at += got) {
		enum sl_code code = read_some(fd, (char *)data + at, len - at, &got, cancel, err);

		if (code != SL_OK)
			return code;
		if (got == 0 && at == 0)
			return sl_error_set(err, SL_ENOTFOUND,
				"socket: read: the other end closed");
		if (got == 0)
			return sl_error_set(err, SL_EUNAVAIL, "socket: read: cut in a frame");
	}
	return SL_OK;
}

enum sl_code sl_frame_read(int fd, struct sl_buf *out, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	uint32_t prefix = 0;
	enum sl_code code = read_exactly(fd, &prefix, sizeof(prefix), cancel, err);
	sl_autofree char *data = NULL;
	size_t len = ntohl(prefix);

	if (code != SL_OK)
		return code;
	if (len > out->max)
		return sl_error_set(err, SL_ELIMIT,
			"socket: read: a frame of %zu bytes, at most %zu", len, out->max);
	data = sl_xcalloc(1, len + 1);
	code = read_exactly(fd, data, len, cancel, err);
	if (code == SL_ENOTFOUND)
		return sl_error_set(err, SL_EUNAVAIL, "socket: read: cut in a frame");
	if (code != SL_OK)
		return code;
	sl_buf_clear(out);
	sl_buf_add(out, data, len);
	return SL_OK;
}

void sl_lines_done(struct sl_lines *lines)
{
	sl_buf_done(&lines->pending);
}

/* Drops the line that the last call lent out. */
static void drop_given(struct sl_lines *lines)
{
	struct sl_buf *pending = &lines->pending;

	if (lines->given == 0)
		return;
	memmove(pending->data, pending->data + lines->given, pending->len - lines->given);
	pending->len -= lines->given;
	lines->given = 0;
}

static const char *lend(struct sl_lines *lines, char *end)
{
	char *data = lines->pending.data;

	lines->given = (size_t)(end - data) + 1;
	*end = '\0';
	if (end > data && end[-1] == '\r')
		end[-1] = '\0';
	return data;
}

enum sl_code sl_line_read(struct sl_lines *lines, const char **out, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	struct sl_buf *pending = &lines->pending;
	size_t searched = 0;
	char step[4096];

	drop_given(lines);
	for (;;) {
		size_t room = pending->max - pending->len;
		char *end = pending->len > searched ?
			memchr(pending->data + searched, '\n', pending->len - searched) :
			NULL;
		size_t got = 0;
		enum sl_code code;

		if (end) {
			*out = lend(lines, end);
			return SL_OK;
		}
		if (room == 0)
			return sl_error_set(err, SL_ELIMIT, "socket: read: a line above %zu bytes",
				pending->max);
		searched = pending->len;
		code = read_some(lines->fd, step, room < sizeof(step) ? room : sizeof(step), &got,
			cancel, err);
		if (code != SL_OK)
			return code;
		if (got == 0 && pending->len == 0)
			return sl_error_set(err, SL_ENOTFOUND,
				"socket: read: the other end closed");
		if (got == 0)
			return sl_error_set(err, SL_EUNAVAIL, "socket: read: cut in a line");
		sl_buf_add(pending, step, got);
	}
}
