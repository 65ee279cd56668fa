/* Where the daemon is reached, and that it stays so. */
#include "daemon.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/sys/sock.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell_address(struct daemon *daemon)
{
	const char *listen = daemon->world->listen;
	const char *colon = strrchr(listen, ':');
	char address[128] = "";

	if (colon)
		(void)snprintf(address, sizeof(address), "http://%.*s:%u", (int)(colon - listen),
			listen, sl_http_server_port(daemon->server));
	sl_web_set_address(daemon->web, address);
	sl_log(SL_LOG_INFO, "listening", "url", address, "socket", daemon->world->socket, NULL);
}

static enum sl_code bind_socket(struct daemon *daemon, int *fd, struct sl_error *err)
{
	const struct sl_world *world = daemon->world;
	const char *group = world->socket_group[0] ? world->socket_group : NULL;
	struct socket_file *ours = &daemon->socket;
	struct stat st;
	enum sl_code code = sl_listen_unix(fd, world->socket, group ? 0660 : 0600, group, err);

	if (code != SL_OK)
		return code;
	ours->bound = lstat(world->socket, &st) == 0;
	if (!ours->bound)
		return SL_OK;
	ours->dev = st.st_dev;
	ours->ino = st.st_ino;
	ours->made = st.st_mtim;
	return SL_OK;
}

enum sl_code sl_daemon_listen(struct daemon *daemon, struct sl_error *err)
{
	const char *listen = daemon->world->listen;
	struct sl_http_options options = { .listen = listen[0] ? listen : NULL,
		.unix_fd = -1,
		.ctx = daemon->web };
	enum sl_code code = bind_socket(daemon, &options.unix_fd, err);

	if (code != SL_OK)
		return code;
	options.routes = sl_web_routes(&options.n_routes);
	code = sl_http_server_new(&daemon->server, &options, err);
	if (code == SL_OK)
		tell_address(daemon);
	return code;
}

static bool is_ours(const struct daemon *daemon)
{
	const struct socket_file *ours = &daemon->socket;
	struct stat st;

	return ours->bound && lstat(daemon->world->socket, &st) == 0 && st.st_dev == ours->dev &&
		st.st_ino == ours->ino && st.st_mtim.tv_sec == ours->made.tv_sec &&
		st.st_mtim.tv_nsec == ours->made.tv_nsec;
}

/* Each trouble once, however often it is looked at. */
static void tell_trouble(struct daemon *daemon, const char *text)
{
	char *told = daemon->socket.trouble;

	if (sl_str_eq(told, text))
		return;
	(void)snprintf(told, sizeof(daemon->socket.trouble), "%s", text);
	sl_log(SL_LOG_ERROR, "socket.lost", "socket", daemon->world->socket, "error", text,
		"effect", "commands do not reach this daemon by it; it is tried again", NULL);
}

void sl_daemon_look_at_socket(struct daemon *daemon)
{
	struct sl_error err = SL_ERROR_INIT;
	enum sl_code code;
	int fd = -1;

	if (is_ours(daemon))
		return;
	daemon->socket.bound = false;
	code = bind_socket(daemon, &fd, &err);
	if (code == SL_OK)
		code = sl_http_server_listen_unix(daemon->server, fd, &err);
	if (code != SL_OK) {
		daemon->socket.bound = false;
		tell_trouble(daemon, err.msg);
		return;
	}
	daemon->socket.trouble[0] = '\0';
	sl_log(SL_LOG_WARNING, "socket.made_anew", "socket", daemon->world->socket, "cause",
		"its file was gone", NULL);
}

void sl_daemon_leave_socket(const struct daemon *daemon)
{
	if (is_ours(daemon))
		(void)unlink(daemon->world->socket);
}
