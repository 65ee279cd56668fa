#include "request.h"

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/str.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sl_http_server {
	const struct sl_http_route *routes;
	size_t n_routes;
	void *ctx;
	struct MHD_Daemon *tcp, *local;
	unsigned port;
};

/* No page needs a script, a frame or anything from elsewhere (decision 19). */
static const struct sl_http_pair always[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
		"base-uri 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cache-Control", "no-store" },
};

static void request_free(struct sl_http_request *req)
{
	sl_buf_done(&req->body);
	sl_arena_free(req->arena);
	free(req);
}

static enum MHD_Result answer(struct sl_http_request *req, struct sl_http_response *res)
{
	struct MHD_Response *out;
	enum MHD_Result queued;

	if (!sl_buf_ok(&res->out)) {
		sl_buf_clear(&res->out);
		sl_buf_adds(&res->out, "the answer is too large\n");
		res->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	out = MHD_create_response_from_buffer(res->out.len, res->out.data, MHD_RESPMEM_MUST_COPY);
	if (!out)
		return MHD_NO;
	(void)MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, res->type);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (!(sl_str_eq(always[i].name, "Cache-Control") && res->n_headers > 0 &&
			    sl_str_eq(res->headers[0].name, "Cache-Control")))
			(void)MHD_add_response_header(out, always[i].name, always[i].value);
	}
	for (size_t i = 0; i < res->n_headers; i++)
		(void)MHD_add_response_header(out, res->headers[i].name, res->headers[i].value);
	queued = MHD_queue_response(req->connection, res->status, out);
	MHD_destroy_response(out);
	return queued;
}

static void refuse(const struct sl_http_request *req, struct sl_http_response *res)
{
	res->status = req->refused;
	switch (req->refused) {
	case MHD_HTTP_NOT_FOUND:
		sl_buf_adds(&res->out, "there is no such page\n");
		break;
	case MHD_HTTP_METHOD_NOT_ALLOWED:
		sl_http_set(res, MHD_HTTP_HEADER_ALLOW, req->allow);
		sl_buf_addf(&res->out, "this address takes %s only\n", req->allow);
		break;
	case MHD_HTTP_CONTENT_TOO_LARGE:
		sl_buf_addf(&res->out, "the body is larger than %zu bytes\n", req->body.max);
		break;
	default:
		sl_http_set(res, MHD_HTTP_HEADER_CONNECTION, "close");
		sl_buf_adds(&res->out, "the request is malformed\n");
		break;
	}
}

static enum MHD_Result respond(struct sl_http_server *server, struct sl_http_request *req)
{
	struct sl_http_response res = { .status = MHD_HTTP_OK,
		.type = "text/plain; charset=utf-8",
		.out = SL_BUF_INIT(SL_HTTP_OUT_MAX),
		.arena = req->arena };
	enum MHD_Result queued;

	if (req->refused)
		refuse(req, &res);
	else
		req->route->handler(server->ctx, req, &res);
	queued = answer(req, &res);
	sl_buf_done(&res.out);
	return queued;
}

static struct sl_http_request *begin(struct sl_http_server *server,
	struct MHD_Connection *connection, const char *path, const char *method,
	const char *version)
{
	const union MHD_ConnectionInfo *daemon = MHD_get_connection_info(connection,
		MHD_CONNECTION_INFO_DAEMON);
	struct sl_http_request *req = sl_xcalloc(1, sizeof(*req));

	req->connection = connection;
	req->arena = sl_arena_new();
	req->method = sl_arena_strdup(req->arena, method);
	req->path = sl_arena_strdup(req->arena, path);
	req->local = daemon && daemon->daemon == server->local;
	req->refused = sl_http_gate(connection, version);
	if (!req->refused)
		sl_http_match(req, server->routes, server->n_routes);
	req->body.max = SL_HTTP_BODY_DEFAULT;
	if (req->route && req->route->body_max > 0)
		req->body.max = req->route->body_max;
	return req;
}

/* libmicrohttpd's handler: first call without a body, then the body in pieces, then once more. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	struct sl_http_server *server = cls;
	struct sl_http_request *req = *state;

	if (!req) {
		*state = begin(server, connection, path, method, version);
		return MHD_YES;
	}
	if (*upload_len > 0) {
		if (!req->refused)
			sl_buf_add(&req->body, upload, *upload_len);
		if (!sl_buf_ok(&req->body))
			req->refused = MHD_HTTP_CONTENT_TOO_LARGE;
		*upload_len = 0;
		return MHD_YES;
	}
	return respond(server, req);
}

static void on_end(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)connection;
	(void)why;
	if (*state)
		request_free(*state);
	*state = NULL;
}

/* Splits "host:port" or "[host]:port" and binds; the socket is returned listening. */
static enum sl_code bind_to(const char *address, int *out, struct sl_error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	sl_autofree char *host = sl_xstrdup(address);
	char *colon = strrchr(host, ':');
	struct addrinfo *info = NULL;
	const int on = 1;
	char why[128];
	int fd;

	if (!colon)
		return sl_error_set(err, SL_EINVAL, "listen %s: not ADDRESS:PORT", address);
	*colon = '\0';
	if (host[0] == '[' && colon > host && colon[-1] == ']')
		colon[-1] = '\0';
	if (getaddrinfo(host + (host[0] == '['), colon + 1, &hints, &info) != 0)
		return sl_error_set(err, SL_EINVAL, "listen %s: not a numeric ADDRESS:PORT",
			address);
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, 128) != 0) {
		int cause = errno;

		freeaddrinfo(info);
		if (fd >= 0)
			(void)close(fd);
		return sl_error_set(err, SL_EUNAVAIL,
			"listen %s: %s; set server.listen to a free address", address,
			strerror_r(cause, why, sizeof(why)));
	}
	freeaddrinfo(info);
	*out = fd;
	return SL_OK;
}

static unsigned port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = { 0 };

	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len) != 0)
		return 0;
	return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

static struct MHD_Daemon *start(struct sl_http_server *server, int fd, bool local,
	const struct sl_http_options *options)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_POLL;
	unsigned threads = options->threads ? options->threads : 4;
	struct MHD_OptionItem items[2] = { { MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL },
		{ MHD_OPTION_END, 0, NULL } };

	if (local) {
		flags |= MHD_USE_THREAD_PER_CONNECTION;
		items[0].option = MHD_OPTION_END;
	}
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
		options->connections ? options->connections : 256, MHD_OPTION_CONNECTION_TIMEOUT,
		options->idle_seconds ? options->idle_seconds : 30,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(64 << 10),
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

static enum sl_code start_tcp(struct sl_http_server *server, const struct sl_http_options *options,
	struct sl_error *err)
{
	enum sl_code code;
	int fd = -1;

	if (!options->listen)
		return SL_OK;
	code = bind_to(options->listen, &fd, err);
	if (code != SL_OK)
		return code;
	server->port = port_of(fd);
	server->tcp = start(server, fd, false, options);
	if (server->tcp)
		return SL_OK;
	(void)close(fd);
	return sl_error_set(err, SL_EUNAVAIL, "listen %s: the server did not start",
		options->listen);
}

enum sl_code sl_http_server_new(struct sl_http_server **out, const struct sl_http_options *options,
	struct sl_error *err)
{
	struct sl_http_server *server = sl_xcalloc(1, sizeof(*server));
	enum sl_code code;

	server->routes = options->routes;
	server->n_routes = options->n_routes;
	server->ctx = options->ctx;
	code = start_tcp(server, options, err);
	if (code == SL_OK && options->unix_fd >= 0) {
		server->local = start(server, options->unix_fd, true, options);
		if (!server->local)
			code = sl_error_set(err, SL_EUNAVAIL, "the socket's server did not start");
	}
	if (code != SL_OK) {
		sl_http_server_free(server);
		return code;
	}
	*out = server;
	return SL_OK;
}

unsigned sl_http_server_port(const struct sl_http_server *server)
{
	return server->port;
}

void sl_http_server_free(struct sl_http_server *server)
{
	if (!server)
		return;
	if (server->tcp)
		MHD_stop_daemon(server->tcp);
	if (server->local)
		MHD_stop_daemon(server->local);
	free(server);
}
