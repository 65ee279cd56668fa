/*
 * Local sockets: listening, who is on the other end, and bounded messages under a deadline.
 * Descriptors are close-on-exec; all waiting ends when the cancel token (or NULL) says so.
 * Not thread-safe per descriptor.
 */
#ifndef SLUICE_SYS_SOCK_H
#define SLUICE_SYS_SOCK_H

#include "sluice/core/buf.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"

#include <stdint.h>
#include <sys/types.h>

struct sl_cancel;
struct sockaddr;

/* Closes *fd unless it is negative: for sl_auto(sl_fd_closep). */
void sl_fd_closep(const int *fd);

/* A Unix socket at path with the given mode and, unless NULL, group.  A socket that nobody listens
 * on any more is replaced; one that somebody listens on is SL_ECONFLICT. */
enum sl_code sl_listen_unix(int *out, const char *path, mode_t mode, const char *group,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Whether a Unix socket can have that path: SL_EINVAL when it is too long, SL_ECONFLICT when what
 * is there is no socket. */
enum sl_code sl_unix_path_check(const char *path, struct sl_error *err)
	__attribute__((warn_unused_result));

/* address is "127.0.0.1:8617", "[::1]:8617"; port 0 takes a free one.  *port is the one taken. */
enum sl_code sl_listen_tcp(int *out, const char *address, uint16_t *port, struct sl_error *err)
	__attribute__((warn_unused_result));

enum sl_code sl_accept(int *out, int listener, const struct sl_cancel *cancel, struct sl_error *err)
	__attribute__((warn_unused_result));

enum sl_code sl_connect_unix(int *out, const char *path, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Whether an IPv4 or IPv6 address is this machine's own. */
bool sl_address_is_loopback(const struct sockaddr *address);

struct sl_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

/* Who connected, by the kernel's word (SO_PEERCRED). */
enum sl_code sl_peer_of(int fd, struct sl_peer *out, struct sl_error *err)
	__attribute__((warn_unused_result));

enum sl_code sl_write_all(int fd, const void *data, size_t len, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* A frame is its length (32 bits, big-endian) and its bytes. */
enum sl_code sl_frame_write(int fd, const void *data, size_t len, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Replaces out's content; SL_ELIMIT when the frame is longer than out->max, SL_ENOTFOUND when the
 * other end closed before a frame began. */
enum sl_code sl_frame_read(int fd, struct sl_buf *out, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Lines with a memory of what was read beyond them. */
struct sl_lines {
	int fd; /* borrowed */
	struct sl_buf pending; /* its maximum is the longest line */
	size_t given; /* bytes of pending that the last line took */
};

#define SL_LINES_INIT(descriptor, longest)                           \
	{                                                            \
		.fd = (descriptor), .pending = SL_BUF_INIT(longest), \
	}

void sl_lines_done(struct sl_lines *lines);

/* The next line without its "\n" (or "\r\n"), borrowed until the next call; SL_ENOTFOUND at the
 * end, SL_ELIMIT for a line that is too long. */
enum sl_code sl_line_read(struct sl_lines *lines, const char **out, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
