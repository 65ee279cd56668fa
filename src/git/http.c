/* The smart HTTP transport over our own client: one exchange per request of the protocol. */
#include "origin.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/net.h"

#include <git2/sys/transport.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX  (256u << 20)
#define REDIRECTS 3

struct subtransport {
	git_smart_subtransport parent; /* first */
	struct sl_git_talk *talk;
	char *base; /* URL of the repository, as it is after redirects */
};

/* One request and its answer. */
struct exchange {
	git_smart_subtransport_stream parent; /* first */
	struct sl_arena *arena;
	const char *service; /* "git-upload-pack" */
	bool advertise; /* asks which refs there are */
	struct sl_buf body;
	struct sl_net_request request;
	struct sl_net_header headers[4];
	struct sl_net_stream *stream; /* NULL until the request was sent */
};

static struct subtransport *owner_of(const struct exchange *exchange)
{
	return (struct subtransport *)(void *)exchange->parent.subtransport;
}

static int stop(struct exchange *exchange, enum sl_code code, const struct sl_error *error)
{
	return sl_git_talk_stop(owner_of(exchange)->talk, code, error);
}

static void add_header(struct exchange *exchange, const char *name, const char *value)
{
	exchange->headers[exchange->request.n_headers++] = (struct sl_net_header){ name, value };
}

static void prepare(struct exchange *exchange)
{
	const struct subtransport *owner = owner_of(exchange);
	const struct sl_git_peer *peer = owner->talk->peer;
	struct sl_arena *arena = exchange->arena;
	const char *service = exchange->service;

	/* Some servers speak the smart protocol only to clients that call themselves git. */
	add_header(exchange, "User-Agent", "git/2.0 (sluice)");
	exchange->request.headers = exchange->headers;
	exchange->request.allow_private = true;
	exchange->request.ca_file = peer->ca_file;
	if (peer->token != NULL) {
		exchange->request.user = peer->token_user != NULL ? peer->token_user : "git";
		exchange->request.password = peer->token;
	}
	if (exchange->advertise) {
		exchange->request.url = sl_arena_printf(arena, "%s/info/refs?service=%s",
			owner->base, service);
		exchange->request.redirects = REDIRECTS;
		return;
	}
	exchange->request.url = sl_arena_printf(arena, "%s/%s", owner->base, service);
	exchange->request.body = sl_buf_str(&exchange->body);
	exchange->request.body_len = exchange->body.len;
	add_header(exchange, "Content-Type",
		sl_arena_printf(arena, "application/x-%s-request", service));
	add_header(exchange, "Accept", sl_arena_printf(arena, "application/x-%s-result", service));
}

/* The first redirect names the repository's present URL; it must be on the same host, which is the
 * one that our token is for. */
static enum sl_code follow(struct exchange *exchange, const char *url, struct sl_error *err)
{
	struct subtransport *owner = owner_of(exchange);
	const char *end = strstr(url, "/info/refs");
	size_t host = strcspn(owner->base + strlen("https://"), "/") + strlen("https://");

	if (!exchange->advertise || strcmp(url, exchange->request.url) == 0)
		return SL_OK;
	if (end == NULL || strncmp(url, owner->base, host) != 0)
		return sl_error_set(err, SL_EDENIED,
			"%s: it is redirected to another host; configure the new URL",
			owner->talk->peer->shown);
	free(owner->base);
	owner->base = sl_xstrndup(url, (size_t)(end - url));
	return SL_OK;
}

static enum sl_code check_answer(struct exchange *exchange, const struct sl_net_answer *answer,
	struct sl_error *err)
{
	const char *shown = owner_of(exchange)->talk->peer->shown;
	const char *type = sl_net_header(answer, "content-type");
	const char *wanted = sl_arena_printf(exchange->arena, "application/x-%s-%s",
		exchange->service, exchange->advertise ? "advertisement" : "result");
	enum sl_code code = sl_net_status_code(answer->status);

	if (code == SL_EUNAUTH || code == SL_EDENIED)
		return sl_error_set(err, SL_EDENIED, "%s: status %u: the token %s", shown,
			answer->status,
			exchange->request.user != NULL ? "is refused" : "is missing");
	if (code != SL_OK)
		return sl_error_set(err, code, "%s: status %u", shown, answer->status);
	if (answer->status != 200 || type == NULL || strcmp(type, wanted) != 0)
		return sl_error_set(err, SL_EUNAVAIL,
			"%s: the answer is not of a Git server (status %u, %.60s)", shown,
			answer->status, type != NULL ? type : "no content type");
	return follow(exchange, answer->url, err);
}

static enum sl_code send_request(struct exchange *exchange, struct sl_error *err)
{
	const struct sl_git_talk *talk = owner_of(exchange)->talk;
	struct sl_net_answer answer = { 0 };
	enum sl_code code;

	prepare(exchange);
	code = sl_net_open(&exchange->stream, &exchange->request, talk->cancel, exchange->arena,
		&answer, err);
	return code == SL_OK ? check_answer(exchange, &answer, err) : code;
}

static int exchange_read(git_smart_subtransport_stream *stream, char *data, size_t size,
	size_t *got)
{
	struct exchange *exchange = (struct exchange *)(void *)stream;
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code = SL_OK;

	if (exchange->stream == NULL)
		code = send_request(exchange, &error);
	if (code == SL_OK)
		code = sl_net_read(exchange->stream, data, size, got, &error);
	return code == SL_OK ? 0 : stop(exchange, code, &error);
}

static int exchange_write(git_smart_subtransport_stream *stream, const char *data, size_t len)
{
	struct exchange *exchange = (struct exchange *)(void *)stream;
	struct sl_error error = SL_ERROR_INIT;

	sl_buf_add(&exchange->body, data, len);
	if (sl_buf_ok(&exchange->body))
		return 0;
	(void)sl_error_set(&error, SL_ELIMIT, "%s: a request of more than %u bytes",
		owner_of(exchange)->talk->peer->shown, BODY_MAX);
	return stop(exchange, SL_ELIMIT, &error);
}

static void exchange_free(git_smart_subtransport_stream *stream)
{
	struct exchange *exchange = (struct exchange *)(void *)stream;

	sl_net_close(exchange->stream);
	sl_buf_done(&exchange->body);
	sl_arena_free(exchange->arena);
	free(exchange);
}

static int subtransport_action(git_smart_subtransport_stream **out,
	git_smart_subtransport *subtransport, const char *url, git_smart_service_t action)
{
	struct exchange *exchange = sl_xcalloc(1, sizeof(*exchange));

	(void)url;
	exchange->parent = (git_smart_subtransport_stream){
		.subtransport = subtransport,
		.read = exchange_read,
		.write = exchange_write,
		.free = exchange_free,
	};
	exchange->arena = sl_arena_new();
	exchange->body = (struct sl_buf)SL_BUF_INIT(BODY_MAX);
	exchange->advertise = action == GIT_SERVICE_UPLOADPACK_LS ||
		action == GIT_SERVICE_RECEIVEPACK_LS;
	exchange->service = action == GIT_SERVICE_UPLOADPACK_LS ||
			action == GIT_SERVICE_UPLOADPACK ?
		"git-upload-pack" :
		"git-receive-pack";
	*out = &exchange->parent;
	return 0;
}

static int subtransport_close(git_smart_subtransport *subtransport)
{
	(void)subtransport;
	return 0;
}

static void subtransport_free(git_smart_subtransport *subtransport)
{
	struct subtransport *own = (struct subtransport *)(void *)subtransport;

	free(own->base);
	free(own);
}

static int subtransport_new(git_smart_subtransport **out, git_transport *owner, void *payload)
{
	struct subtransport *own = sl_xcalloc(1, sizeof(*own));
	size_t len;

	(void)owner;
	own->parent = (git_smart_subtransport){
		.action = subtransport_action,
		.close = subtransport_close,
		.free = subtransport_free,
	};
	own->talk = payload;
	own->base = sl_xstrdup(own->talk->peer->shown);
	len = strlen(own->base);
	if (own->base[len - 1] == '/')
		own->base[len - 1] = '\0';
	*out = &own->parent;
	return 0;
}

int sl_git_http_transport(git_transport **out, git_remote *owner, void *payload)
{
	git_smart_subtransport_definition definition = {
		.callback = subtransport_new,
		.rpc = 1,
		.param = payload,
	};

	return git_transport_smart(out, owner, &definition);
}
