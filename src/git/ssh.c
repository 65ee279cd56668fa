/*
 * The smart transport over SSH.  libgit2 has one, but its sockets wait for ever: this one opens its
 * connection through net and waits in slices, so that a deadline or a cancel ends it.
 *
 * Public key only; the server's key must stand in the known_hosts file.  Debian 12's libssh2 has no
 * rsa-sha2, so keys of both sides must be ed25519 or ecdsa.
 */
#include "origin.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/net.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

#include <assert.h>
#include <errno.h>
#include <git2/sys/transport.h>
#include <libssh2.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SSH_PORT   22
#define REMARK_MAX 400
#define HOST_KEYS  "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"

struct address {
	char *user, *host, *path;
	int64_t port;
};

struct connection {
	git_smart_subtransport_stream parent; /* first */
	struct sl_git_talk *talk;
	int fd;
	LIBSSH2_SESSION *session;
	LIBSSH2_CHANNEL *channel;
	struct sl_buf remark; /* what the other side wrote to its standard error */
	bool answered;
};

struct subtransport {
	git_smart_subtransport parent; /* first */
	struct sl_git_talk *talk;
	struct connection *connection; /* borrowed: libgit2 frees it */
};

/* --- the address ----------------------------------------------------------------------------- */

static void address_done(struct address *address)
{
	free(address->user);
	free(address->host);
	free(address->path);
}

/* ssh://[user@]host[:port]/path, /~user/path being relative to a home; or [user@]host:path. */
static enum sl_code parse_address(struct address *out, const char *url, struct sl_error *err)
{
	bool is_url = sl_str_starts(url, "ssh://");
	const char *rest = is_url ? url + strlen("ssh://") : url;
	const char *at = memchr(rest, '@', strcspn(rest, "/"));
	const char *host = at != NULL ? at + 1 : rest;
	const char *path = host + strcspn(host, is_url ? "/" : ":");
	const char *port = is_url ? memchr(host, ':', (size_t)(path - host)) : NULL;
	sl_autofree char *number = NULL;

	out->port = SSH_PORT;
	if (port != NULL) {
		number = sl_xstrndup(port + 1, (size_t)(path - port - 1));
		if (!sl_parse_i64(number, 1, 65535, &out->port))
			return sl_error_set(err, SL_EINVAL, "%s: the port is no number", url);
	}
	out->user = at != NULL ? sl_xstrndup(rest, (size_t)(at - rest)) : sl_xstrdup("git");
	out->host = sl_xstrndup(host, (size_t)((port != NULL ? port : path) - host));
	if (path[0] == '\0' || path[1] == '\0' || out->host[0] == '\0')
		return sl_error_set(err, SL_EINVAL, "%s: host or path is missing", url);
	path += !is_url || path[1] == '~' ? 1 : 0;
	out->path = sl_xstrdup(path);
	return SL_OK;
}

/* --- waiting --------------------------------------------------------------------------------- */

static enum sl_code wait_ready(struct connection *connection, const char *what,
	struct sl_error *err)
{
	const struct sl_cancel *cancel = connection->talk->cancel;
	enum sl_code code = sl_cancel_check(cancel, connection->talk->peer->shown, err);
	int wants = libssh2_session_block_directions(connection->session);
	struct pollfd fd = { .fd = connection->fd };

	if (code != SL_OK)
		return code;
	if ((wants & LIBSSH2_SESSION_BLOCK_INBOUND) != 0)
		fd.events |= POLLIN;
	if ((wants & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
		fd.events |= POLLOUT;
	if (poll(&fd, 1, sl_cancel_slice_ms(cancel)) < 0 && errno != EINTR)
		return sl_error_set(err, SL_EUNAVAIL, "%s: %s: the socket broke",
			connection->talk->peer->shown, what);
	return SL_OK;
}

static enum sl_code failed(struct connection *connection, const char *what, struct sl_error *err)
{
	char *text = NULL;
	int rc = libssh2_session_last_error(connection->session, &text, NULL, 0);
	bool key = rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
		rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED || rc == LIBSSH2_ERROR_FILE;

	return sl_error_set(err, key ? SL_EDENIED : SL_EUNAVAIL, "%s: %s: %s",
		connection->talk->peer->shown, what, text != NULL ? text : "no cause is given");
}

struct keys {
	const char *user, *key;
};

/* One call of libssh2, repeated while it would block. */
static enum sl_code run(struct connection *connection,
	int (*step)(struct connection *connection, const void *arg), const void *arg,
	const char *what, struct sl_error *err)
{
	enum sl_code code = SL_OK;
	int rc;

	do {
		rc = step(connection, arg);
		if (rc == LIBSSH2_ERROR_EAGAIN)
			code = wait_ready(connection, what, err);
	} while (rc == LIBSSH2_ERROR_EAGAIN && code == SL_OK);
	return code != SL_OK || rc >= 0 ? code : failed(connection, what, err);
}

static int step_handshake(struct connection *connection, const void *arg)
{
	(void)arg;
	return libssh2_session_handshake(connection->session, connection->fd);
}

static int step_authenticate(struct connection *connection, const void *arg)
{
	const struct keys *keys = arg;

	return libssh2_userauth_publickey_fromfile(connection->session, keys->user, NULL, keys->key,
		NULL);
}

static int step_channel(struct connection *connection, const void *arg)
{
	(void)arg;
	connection->channel = libssh2_channel_open_session(connection->session);
	return connection->channel != NULL ? 0 : libssh2_session_last_errno(connection->session);
}

static int step_start(struct connection *connection, const void *arg)
{
	return libssh2_channel_exec(connection->channel, arg);
}

/* --- who the other side is ------------------------------------------------------------------- */

/* The file that is configured, or the one of the account. */
static enum sl_code find_file(char **out, const char *configured, const char *name,
	struct sl_error *err)
{
	const char *home = getenv("HOME");

	if (configured != NULL)
		*out = sl_xstrdup(configured);
	else if (home != NULL && home[0] == '/')
		*out = sl_xasprintf("%s/.ssh/%s", home, name);
	else
		return sl_error_set(err, SL_EINVAL,
			"ssh: no %s is configured, and the account has no home", name);
	if (!sl_file_exists(*out))
		return sl_error_set(err, SL_EDENIED, "ssh: %s is not there", *out);
	return SL_OK;
}

static enum sl_code judge_host(int verdict, const struct address *address, const char *file,
	struct sl_error *err)
{
	switch (verdict) {
	case LIBSSH2_KNOWNHOST_CHECK_MATCH:
		return SL_OK;
	case LIBSSH2_KNOWNHOST_CHECK_NOTFOUND:
		return sl_error_set(err, SL_EDENIED,
			"ssh: the key of %s port %lld is not in %s; check it, then add what "
			"`ssh-keyscan -p %lld -t ed25519,ecdsa %s` prints",
			address->host, (long long)address->port, file, (long long)address->port,
			address->host);
	case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
		return sl_error_set(err, SL_EDENIED,
			"ssh: the key of %s port %lld is another than the one in %s", address->host,
			(long long)address->port, file);
	default:
		return sl_error_set(err, SL_EDENIED, "ssh: %s cannot be compared with %s",
			address->host, file);
	}
}

static enum sl_code check_host(struct connection *connection, const struct address *address,
	struct sl_error *err)
{
	sl_autofree char *file = NULL;
	LIBSSH2_KNOWNHOSTS *known;
	size_t len = 0;
	int type = 0, verdict = LIBSSH2_KNOWNHOST_CHECK_FAILURE;
	const char *key = libssh2_session_hostkey(connection->session, &len, &type);
	enum sl_code code = find_file(&file, connection->talk->peer->known_hosts, "known_hosts",
		err);

	if (code != SL_OK)
		return code;
	known = libssh2_knownhost_init(connection->session);
	assert(known != NULL);
	if (key != NULL &&
		libssh2_knownhost_readfile(known, file, LIBSSH2_KNOWNHOST_FILE_OPENSSH) >= 0)
		verdict = libssh2_knownhost_checkp(known, address->host, (int)address->port, key,
			len, LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW, NULL);
	libssh2_knownhost_free(known);
	return judge_host(verdict, address, file, err);
}

/* --- opening --------------------------------------------------------------------------------- */

static enum sl_code authenticate(struct connection *connection, const struct address *address,
	struct sl_error *err)
{
	sl_autofree char *key = NULL;
	enum sl_code code = find_file(&key, connection->talk->peer->ssh_key, "id_ed25519", err);
	struct keys keys = { address->user, key };

	return code == SL_OK ? run(connection, step_authenticate, &keys, "log in", err) : code;
}

/* git-upload-pack '/path', quoted for the shell of the other side. */
static void add_command(struct sl_buf *out, const char *service, const char *path)
{
	sl_buf_addf(out, "%s '", service);
	for (; *path != '\0'; path++)
		if (*path == '\'' || *path == '!')
			sl_buf_addf(out, "'\\%c'", *path);
		else
			sl_buf_addc(out, *path);
	sl_buf_addc(out, '\'');
}

static enum sl_code start(struct connection *connection, const struct address *address,
	const char *service, struct sl_error *err)
{
	sl_auto_buf struct sl_buf command = SL_BUF_INIT(8192);
	enum sl_code code = run(connection, step_handshake, NULL, "greet", err);

	if (code == SL_OK)
		code = check_host(connection, address, err);
	if (code == SL_OK)
		code = authenticate(connection, address, err);
	if (code == SL_OK)
		code = run(connection, step_channel, NULL, "open a channel", err);
	add_command(&command, service, address->path);
	if (code == SL_OK)
		code = run(connection, step_start, sl_buf_str(&command), "start the service", err);
	return code;
}

static void init_once(void)
{
	int rc = libssh2_init(0);

	assert(rc == 0);
}

static enum sl_code open_connection(struct connection *connection, const char *service,
	struct sl_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sl_auto(address_done) struct address address = { 0 };
	const struct sl_git_talk *talk = connection->talk;
	enum sl_code code = parse_address(&address, talk->peer->url, err);

	(void)pthread_once(&once, init_once);
	if (code == SL_OK)
		code = sl_net_dial(&connection->fd, address.host, (unsigned)address.port,
			talk->cancel, err);
	if (code != SL_OK)
		return code;
	connection->session = libssh2_session_init();
	assert(connection->session != NULL);
	libssh2_session_set_blocking(connection->session, 0);
	if (libssh2_session_method_pref(connection->session, LIBSSH2_METHOD_HOSTKEY, HOST_KEYS) !=
		0)
		return failed(connection, "prepare", err);
	return start(connection, &address, service, err);
}

/* --- the stream ------------------------------------------------------------------------------ */

static void take_remark(struct connection *connection)
{
	char text[256];
	ssize_t got = libssh2_channel_read_stderr(connection->channel, text, sizeof(text));

	while (got > 0) {
		sl_buf_add(&connection->remark, text, (size_t)got);
		got = libssh2_channel_read_stderr(connection->channel, text, sizeof(text));
	}
}

/* The end came before anything else: what the other side said about it is all there is. */
static enum sl_code refused(struct connection *connection, struct sl_error *err)
{
	const char *said = sl_buf_str(&connection->remark);

	return sl_error_set(err, SL_ENOTFOUND, "%s: the server ended: %.*s",
		connection->talk->peer->shown, (int)strcspn(said, "\r\n"),
		said[0] != '\0' ? said : "it gives no cause");
}

static enum sl_code read_some(struct connection *connection, char *data, size_t size, size_t *got,
	struct sl_error *err)
{
	for (;;) {
		ssize_t n = libssh2_channel_read(connection->channel, data, size);
		enum sl_code code;

		take_remark(connection);
		if (n > 0 || (n == 0 && libssh2_channel_eof(connection->channel) != 0)) {
			if (n == 0 && !connection->answered)
				return refused(connection, err);
			connection->answered = true;
			*got = (size_t)n;
			return SL_OK;
		}
		if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
			return failed(connection, "read", err);
		code = wait_ready(connection, "read", err);
		if (code != SL_OK)
			return code;
	}
}

static enum sl_code write_all(struct connection *connection, const char *data, size_t len,
	struct sl_error *err)
{
	while (len > 0) {
		ssize_t n = libssh2_channel_write(connection->channel, data, len);
		enum sl_code code = SL_OK;

		if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
			return failed(connection, "write", err);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else {
			code = wait_ready(connection, "write", err);
		}
		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

static int connection_read(git_smart_subtransport_stream *stream, char *data, size_t size,
	size_t *got)
{
	struct connection *connection = (struct connection *)(void *)stream;
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code = read_some(connection, data, size, got, &error);

	return code == SL_OK ? 0 : sl_git_talk_stop(connection->talk, code, &error);
}

static int connection_write(git_smart_subtransport_stream *stream, const char *data, size_t len)
{
	struct connection *connection = (struct connection *)(void *)stream;
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code = write_all(connection, data, len, &error);

	return code == SL_OK ? 0 : sl_git_talk_stop(connection->talk, code, &error);
}

/* Without a farewell: the session does not block, and the peer may not be listening. */
static void connection_free(git_smart_subtransport_stream *stream)
{
	struct connection *connection = (struct connection *)(void *)stream;

	sl_fd_closep(&connection->fd);
	connection->fd = -1;
	if (connection->channel != NULL)
		(void)libssh2_channel_free(connection->channel);
	if (connection->session != NULL)
		(void)libssh2_session_free(connection->session);
	sl_buf_done(&connection->remark);
	free(connection);
}

/* --- the subtransport ------------------------------------------------------------------------ */

static int subtransport_action(git_smart_subtransport_stream **out,
	git_smart_subtransport *subtransport, const char *url, git_smart_service_t action)
{
	struct subtransport *own = (struct subtransport *)(void *)subtransport;
	bool up = action == GIT_SERVICE_UPLOADPACK_LS;
	struct connection *connection;
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code;

	(void)url;
	if (!up && action != GIT_SERVICE_RECEIVEPACK_LS) {
		*out = &own->connection->parent;
		return 0;
	}
	connection = sl_xcalloc(1, sizeof(*connection));
	connection->parent = (git_smart_subtransport_stream){
		.subtransport = subtransport,
		.read = connection_read,
		.write = connection_write,
		.free = connection_free,
	};
	connection->talk = own->talk;
	connection->fd = -1;
	connection->remark = (struct sl_buf)SL_BUF_INIT(REMARK_MAX);
	code = open_connection(connection, up ? "git-upload-pack" : "git-receive-pack", &error);
	if (code != SL_OK) {
		connection_free(&connection->parent);
		return sl_git_talk_stop(own->talk, code, &error);
	}
	own->connection = connection;
	*out = &connection->parent;
	return 0;
}

static int subtransport_close(git_smart_subtransport *subtransport)
{
	(void)subtransport;
	return 0;
}

static void subtransport_free(git_smart_subtransport *subtransport)
{
	free(subtransport);
}

static int subtransport_new(git_smart_subtransport **out, git_transport *owner, void *payload)
{
	struct subtransport *own = sl_xcalloc(1, sizeof(*own));

	(void)owner;
	own->parent = (git_smart_subtransport){
		.action = subtransport_action,
		.close = subtransport_close,
		.free = subtransport_free,
	};
	own->talk = payload;
	*out = &own->parent;
	return 0;
}

int sl_git_ssh_transport(git_transport **out, git_remote *owner, void *payload)
{
	git_smart_subtransport_definition definition = {
		.callback = subtransport_new,
		.rpc = 0,
		.param = payload,
	};

	return git_transport_smart(out, owner, &definition);
}
