#include "request.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/sock.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DRAIN_MAX     (1u << 20) /* of a refused body, so that the peer reads the refusal */
#define STOP_US       (5 * SL_SECOND_US)
#define STOP_SLICE_MS 5

/* One socket that is listened on, with the connections that came over it. */
struct side {
	struct sl_http_server *server; /* borrowed */
	struct MHD_Daemon *daemon;
	bool local;
	struct side *next; /* owned */
};

struct sl_http_server {
	struct sl_http_options options; /* as given; listen and unix_fd are of the start */
	const struct sl_clock *clock;
	int64_t body_us;
	struct side *sides; /* owned; of the Unix ones the first has the name */
	unsigned port;
	atomic_uint at_hand; /* requests begun and not answered whole */
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

static bool has_header(const struct sl_http_response *res, const char *name)
{
	for (size_t i = 0; i < res->n_headers; i++) {
		if (strcasecmp(res->headers[i].name, name) == 0)
			return true;
	}
	return false;
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
		if (!has_header(res, always[i].name))
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
		sl_http_set(res, MHD_HTTP_HEADER_CONNECTION, "close");
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
		req->route->handler(server->options.ctx, req, &res);
	queued = answer(req, &res);
	sl_buf_done(&res.out);
	return queued;
}

/* The length that a body is said to have; 0 when nothing is said. */
static uint64_t announced(const struct sl_http_request *req)
{
	const char *text = sl_http_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);
	int64_t length = 0;

	return text && sl_parse_i64(text, 0, INT64_MAX, &length) ? (uint64_t)length : 0;
}

/* Where a malformed request's body ends is not known, and one that is far too long is not worth
 * the wait: none of it is read. */
static bool is_answered_at_once(const struct sl_http_request *req)
{
	return req->refused == MHD_HTTP_BAD_REQUEST ||
		(req->refused == MHD_HTTP_CONTENT_TOO_LARGE && announced(req) > DRAIN_MAX);
}

static struct sl_http_request *begin(const struct side *side, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version)
{
	struct sl_http_server *server = side->server;
	struct sl_http_request *req = sl_xcalloc(1, sizeof(*req));

	req->connection = connection;
	req->arena = sl_arena_new();
	req->method = sl_arena_strdup(req->arena, method);
	req->path = sl_arena_strdup(req->arena, path);
	req->local = side->local;
	req->refused = sl_http_gate(connection, version);
	if (!req->refused)
		sl_http_match(req, server->options.routes, server->options.n_routes);
	req->body.max = SL_HTTP_BODY_DEFAULT;
	if (req->route && req->route->body_max > 0)
		req->body.max = req->route->body_max;
	if (!req->refused && announced(req) > DRAIN_MAX && announced(req) > req->body.max)
		req->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	req->until = sl_clock_mono(server->clock) + server->body_us;
	atomic_fetch_add(&server->at_hand, 1);
	return req;
}

/* One piece of the body.  MHD_NO cuts the connection. */
static enum MHD_Result take_body(const struct sl_http_server *server, struct sl_http_request *req,
	const char *piece, size_t len)
{
	req->taken += len;
	if (sl_clock_mono(server->clock) > req->until)
		return MHD_NO;
	if (!req->refused)
		sl_buf_add(&req->body, piece, len);
	if (!sl_buf_ok(&req->body))
		req->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	return req->refused && req->taken > DRAIN_MAX ? MHD_NO : MHD_YES;
}

/* libmicrohttpd's handler: first call without a body, then the body in pieces, then once more. */
/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	const struct side *side = cls;
	struct sl_http_server *server = side->server;
	struct sl_http_request *req = *state;

	if (!req) {
		*state = begin(side, connection, path, method, version);
		req = *state;
		return is_answered_at_once(req) ? respond(server, req) : MHD_YES;
	}
	if (*upload_len > 0) {
		size_t len = *upload_len;

		*upload_len = 0;
		return take_body(server, req, upload, len);
	}
	return respond(server, req);
}

static void on_end(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	const struct side *side = cls;

	(void)connection;
	(void)why;
	if (!*state)
		return;
	request_free(*state);
	*state = NULL;
	atomic_fetch_sub(&side->server->at_hand, 1);
}

static unsigned or_default(unsigned value, unsigned fallback)
{
	return value > 0 ? value : fallback;
}

/* Threads wait in the kernel; the Unix socket gets one for each connection. */
static struct MHD_Daemon *start(struct side *side, int fd, const struct sl_http_options *options)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_POLL |
		(side->local ? MHD_USE_THREAD_PER_CONNECTION : 0);
	unsigned connections = or_default(options->connections, 256);
	struct MHD_OptionItem items[] = {
		{ MHD_OPTION_LISTEN_SOCKET, fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)or_default(options->idle_seconds, 30),
			NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, 64 << 10, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)or_default(options->threads, 4), NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT,
			(intptr_t)or_default(options->per_address, (connections + 1) / 2), NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	/* A thread for each connection needs no pool, and a Unix socket has no addresses. */
	if (side->local)
		items[5].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, side, MHD_OPTION_NOTIFY_COMPLETED,
		on_end, side, MHD_OPTION_UNESCAPE_CALLBACK, sl_http_unescape, NULL,
		MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

/* Takes fd. */
static bool add_side(struct sl_http_server *server, int fd, bool local)
{
	struct side *side = sl_xcalloc(1, sizeof(*side));

	*side = (struct side){ .server = server, .local = local, .next = server->sides };
	side->daemon = start(side, fd, &server->options);
	if (!side->daemon) {
		(void)close(fd);
		free(side);
		return false;
	}
	server->sides = side;
	return true;
}

static enum sl_code start_tcp(struct sl_http_server *server, const struct sl_http_options *options,
	struct sl_error *err)
{
	enum sl_code code;
	uint16_t port = 0;
	int fd = -1;

	if (!options->listen)
		return SL_OK;
	code = sl_listen_tcp(&fd, options->listen, &port, err);
	if (code == SL_ECONFLICT)
		return sl_error_set(err, SL_EUNAVAIL,
			"%s: listen: another process listens there; set server.listen to a free "
			"address",
			options->listen);
	if (code != SL_OK)
		return code;
	server->port = port;
	if (add_side(server, fd, false))
		return SL_OK;
	return sl_error_set(err, SL_EUNAVAIL, "%s: listen: the server did not start",
		options->listen);
}

enum sl_code sl_http_server_new(struct sl_http_server **out, const struct sl_http_options *options,
	struct sl_error *err)
{
	struct sl_http_server *server = sl_xcalloc(1, sizeof(*server));
	enum sl_code code;

	server->options = *options;
	server->clock = options->clock ? options->clock : sl_clock_system();
	server->body_us = or_default(options->body_seconds, 60) * SL_SECOND_US;
	code = start_tcp(server, options, err);
	if (code != SL_OK && options->unix_fd >= 0)
		(void)close(options->unix_fd);
	if (code == SL_OK && options->unix_fd >= 0 && !add_side(server, options->unix_fd, true))
		code = sl_error_set(err, SL_EUNAVAIL, "the socket's server did not start");
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

/* No new connections; those that wait for another request just end. */
static void stop_listening(struct side *side)
{
	int fd = MHD_quiesce_daemon(side->daemon);

	if (fd >= 0)
		(void)close(fd);
}

static void side_free(struct side *side)
{
	MHD_stop_daemon(side->daemon);
	free(side);
}

static bool is_idle(const struct side *side)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(side->daemon,
		MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info && info->num_connections == 0;
}

enum sl_code sl_http_server_listen_unix(struct sl_http_server *server, int unix_fd,
	struct sl_error *err)
{
	struct side **at;

	if (!add_side(server, unix_fd, true))
		return sl_error_set(err, SL_EUNAVAIL, "the socket's server did not start");
	at = &server->sides->next;
	while (*at) {
		struct side *former = *at;

		if (former->local && is_idle(former)) {
			*at = former->next;
			side_free(former);
		} else {
			at = &former->next;
		}
	}
	return SL_OK;
}

void sl_http_server_free(struct sl_http_server *server)
{
	int64_t until;

	if (!server)
		return;
	until = sl_clock_mono(sl_clock_system()) + STOP_US;
	for (struct side *side = server->sides; side; side = side->next)
		stop_listening(side);
	while (atomic_load(&server->at_hand) > 0 && sl_clock_mono(sl_clock_system()) < until)
		(void)poll(NULL, 0, STOP_SLICE_MS);
	while (server->sides) {
		struct side *side = server->sides;

		server->sides = side->next;
		side_free(side);
	}
	free(server);
}
