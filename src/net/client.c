/* One exchange: an easy handle driven by a multi handle of its own, so that waiting can be ended by
 * a cancel token and the body can be read as it comes. */
#include "sluice/core/alloc.h"
#include "sluice/core/vec.h"
#include "sluice/net.h"
#include "sluice/sys/cancel.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING_HIGH (256u << 10)
#define HEADERS_MAX  256
#define CONNECT_US   (10 * SL_SECOND_US)
#define TOTAL_US     (30 * SL_SECOND_US)
#define SHOWN_MAX    300

struct sl_net_stream {
	CURL *easy;
	CURLM *multi;
	struct curl_slist *sent; /* headers */
	const struct sl_net_request *request; /* borrowed */
	const struct sl_cancel *cancel; /* borrowed */
	struct sl_arena *arena; /* borrowed */

	struct {
		SL_VEC(struct sl_net_header);
	} headers; /* in the arena */

	struct {
		SL_VEC(char);
	} pending; /* body that came and was not read */

	size_t taken; /* of pending */
	size_t received;
	bool paused, done;
	bool refused, too_large;
	CURLcode result; /* when done */
	char cause[CURL_ERROR_SIZE];
	struct sl_buf shown; /* the URL for messages */
};

static void init_once(void)
{
	CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);

	assert(rc == CURLE_OK);
}

/* --- callbacks ------------------------------------------------------------------------------- */

static bool may_reach(const struct sl_net_request *request, const struct curl_sockaddr *address)
{
	const struct sockaddr *any = &address->addr;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (request->unix_socket != NULL)
		return any->sa_family == AF_UNIX;
	if (request->allow_private)
		return true;
	if (any->sa_family == AF_INET) {
		memcpy(&v4, any, sizeof(v4));
		return !sl_net_is_private(AF_INET, (const unsigned char *)&v4.sin_addr);
	}
	if (any->sa_family != AF_INET6)
		return false;
	memcpy(&v6, any, sizeof(v6));
	return !sl_net_is_private(AF_INET6, (const unsigned char *)&v6.sin6_addr);
}

/* The address is the one that will be connected to: no second resolution can change it. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sl_net_stream *stream = ctx;

	(void)purpose;
	if (!may_reach(stream->request, address)) {
		stream->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static char *lower(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct sl_net_stream *stream = ctx;
	size_t len = size * n, name = 0, value, end = len;

	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		stream->headers.len = 0; /* of an answer that was not the last */
		return len;
	}
	while (name < len && data[name] != ':')
		name++;
	if (name == len || stream->headers.len == HEADERS_MAX)
		return len;
	value = name + 1;
	while (value < end && (data[value] == ' ' || data[value] == '\t'))
		value++;
	while (end > value && isspace((unsigned char)data[end - 1]) != 0)
		end--;
	*sl_vec_add_in(stream->arena, &stream->headers) = (struct sl_net_header){
		lower(sl_arena_strndup(stream->arena, data, name)),
		sl_arena_strndup(stream->arena, data + value, end - value),
	};
	return len;
}

static void add_pending(struct sl_net_stream *stream, const char *data, size_t len)
{
	size_t need = stream->pending.len + len;

	if (need > stream->pending.cap) {
		stream->pending.cap = need > 2 * stream->pending.cap ? need :
								       2 * stream->pending.cap;
		stream->pending.at = sl_xrealloc(stream->pending.at, stream->pending.cap);
	}
	memcpy(stream->pending.at + stream->pending.len, data, len);
	stream->pending.len = need;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct sl_net_stream *stream = ctx;
	size_t len = size * n, most = stream->request->answer_max;

	if (stream->pending.len - stream->taken >= PENDING_HIGH) {
		stream->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (most > 0 && len > most - stream->received) {
		stream->too_large = true;
		return 0;
	}
	stream->received += len;
	add_pending(stream, data, len);
	return len;
}

/* --- setting up ------------------------------------------------------------------------------ */

/* Options that curl refuses are a bug of ours: their values come from here. */
#define set(stream, option, value) must(curl_easy_setopt((stream)->easy, CURLOPT_##option, value))

static void must(CURLcode rc)
{
	assert(rc == CURLE_OK);
}

static long milliseconds(int64_t us, int64_t fallback)
{
	int64_t chosen = us > 0 ? us : fallback;

	return (long)((chosen + 999) / 1000);
}

static void set_transfer(struct sl_net_stream *stream)
{
	set(stream, NOSIGNAL, 1L);
	set(stream, ERRORBUFFER, stream->cause);
	set(stream, WRITEFUNCTION, on_body);
	set(stream, WRITEDATA, stream);
	set(stream, HEADERFUNCTION, on_header);
	set(stream, HEADERDATA, stream);
	set(stream, OPENSOCKETFUNCTION, on_socket);
	set(stream, OPENSOCKETDATA, stream);
	set(stream, SUPPRESS_CONNECT_HEADERS, 1L);
	set(stream, USERAGENT, "sluice");
}

static void set_trust(struct sl_net_stream *stream)
{
	const struct sl_net_request *request = stream->request;

	if (request->ca_file != NULL) {
		set(stream, CAINFO, request->ca_file);
		set(stream, CAPATH, NULL);
	}
	if (request->user != NULL) {
		set(stream, HTTPAUTH, CURLAUTH_BASIC);
		set(stream, USERNAME, request->user);
		set(stream, PASSWORD, request->password != NULL ? request->password : "");
	}
}

static void set_peer(struct sl_net_stream *stream)
{
	const struct sl_net_request *request = stream->request;
	bool https = strncasecmp(request->url, "https:", 6) == 0;

	set(stream, URL, request->url);
	set(stream, DISALLOW_USERNAME_IN_URL, 1L);
	set(stream, PROTOCOLS_STR, "https,http");
	set(stream, REDIR_PROTOCOLS_STR, https ? "https" : "https,http");
	set(stream, FOLLOWLOCATION, request->redirects > 0 ? 1L : 0L);
	set(stream, MAXREDIRS, (long)request->redirects);
	set(stream, CONNECTTIMEOUT_MS, milliseconds(request->connect_us, CONNECT_US));
	set(stream, TIMEOUT_MS, milliseconds(request->total_us, 0));
	if (request->unix_socket != NULL)
		set(stream, UNIX_SOCKET_PATH, request->unix_socket);
	/* A proxy would resolve the name where its address cannot be checked. */
	if (!request->allow_private || request->unix_socket != NULL)
		set(stream, PROXY, "");
}

static enum sl_code add_header(struct sl_net_stream *stream, const char *name, const char *value,
	struct sl_error *err)
{
	sl_autofree char *line = NULL;
	struct curl_slist *grown;

	if (strpbrk(name, "\r\n:") != NULL || strpbrk(value, "\r\n") != NULL)
		return sl_error_set(err, SL_EINVAL, "%s: the header %.60s holds a line break",
			sl_buf_str(&stream->shown), name);
	line = value[0] != '\0' ? sl_xasprintf("%s: %s", name, value) : sl_xasprintf("%s;", name);
	grown = curl_slist_append(stream->sent, line);
	assert(grown != NULL);
	stream->sent = grown;
	return SL_OK;
}

static enum sl_code set_message(struct sl_net_stream *stream, struct sl_error *err)
{
	const struct sl_net_request *request = stream->request;
	const char *method = request->method;
	enum sl_code code = SL_OK;

	if (request->body != NULL) {
		set(stream, POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		set(stream, POSTFIELDS, request->body);
		stream->sent = curl_slist_append(stream->sent, "Expect:");
		assert(stream->sent != NULL);
	}
	if (method != NULL && strcmp(method, "HEAD") == 0)
		set(stream, NOBODY, 1L);
	else if (method != NULL)
		set(stream, CUSTOMREQUEST, method);
	for (size_t i = 0; code == SL_OK && i < request->n_headers; i++)
		code = add_header(stream, request->headers[i].name, request->headers[i].value, err);
	set(stream, HTTPHEADER, stream->sent);
	return code;
}

/* --- going on -------------------------------------------------------------------------------- */

static bool harmless(const struct sl_net_request *request)
{
	const char *method = request->method;

	if (method == NULL)
		return request->body == NULL;
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Whether any of the request may have reached the peer. */
static bool may_be_sent(const struct sl_net_stream *stream)
{
	long sent = 0;

	return curl_easy_getinfo(stream->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK &&
		sent > 0;
}

static enum sl_code code_of(const struct sl_net_stream *stream)
{
	switch (stream->result) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_LOGIN_DENIED:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_SSL_CACERT_BADFILE:
		return SL_EINVAL;
	case CURLE_OPERATION_TIMEDOUT:
		return may_be_sent(stream) ? SL_ETIMEOUT : SL_EUNAVAIL;
	default:
		return harmless(stream->request) || !may_be_sent(stream) ? SL_EUNAVAIL :
									   SL_EUNKNOWN;
	}
}

static enum sl_code failure(const struct sl_net_stream *stream, struct sl_error *err)
{
	const char *url = sl_buf_str(&stream->shown);

	if (stream->refused)
		return sl_error_set(err, SL_EDENIED,
			"%s: the address is of a private network or this machine", url);
	if (stream->too_large)
		return sl_error_set(err, SL_ELIMIT, "%s: the answer has more than %zu bytes", url,
			stream->request->answer_max);
	if (stream->request->unix_socket != NULL && stream->result == CURLE_COULDNT_CONNECT)
		return sl_error_set(err, SL_EUNAVAIL, "%s: nobody listens", url);
	return sl_error_set(err, code_of(stream), "%s: %s", url,
		stream->cause[0] != '\0' ? stream->cause : curl_easy_strerror(stream->result));
}

static void take_result(struct sl_net_stream *stream)
{
	int left = 0;
	const CURLMsg *msg = curl_multi_info_read(stream->multi, &left);

	if (msg == NULL || msg->msg != CURLMSG_DONE)
		return;
	stream->done = true;
	stream->result = msg->data.result;
}

/* Until some body is pending or the transfer is over. */
static enum sl_code advance(struct sl_net_stream *stream, struct sl_error *err)
{
	while (!stream->done && stream->pending.len == stream->taken) {
		int running = 0;
		enum sl_code code = sl_cancel_check(stream->cancel, sl_buf_str(&stream->shown),
			err);
		CURLMcode rc;

		if (code != SL_OK)
			return code;
		rc = curl_multi_perform(stream->multi, &running);
		take_result(stream);
		if (rc == CURLM_OK && running > 0 && stream->pending.len == stream->taken)
			rc = curl_multi_poll(stream->multi, NULL, 0,
				sl_cancel_slice_ms(stream->cancel), NULL);
		if (rc != CURLM_OK)
			return sl_error_set(err, SL_EUNAVAIL, "%s: %s", sl_buf_str(&stream->shown),
				curl_multi_strerror(rc));
	}
	if (stream->pending.len > stream->taken || stream->result == CURLE_OK)
		return SL_OK;
	return failure(stream, err);
}

static void fill_answer(struct sl_net_stream *stream, struct sl_net_answer *out)
{
	long status = 0;
	const char *url = NULL;

	(void)curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(stream->easy, CURLINFO_EFFECTIVE_URL, &url);
	*out = (struct sl_net_answer){
		.status = (unsigned)status,
		.headers = stream->headers.at,
		.n_headers = stream->headers.len,
		.url = sl_arena_strdup(stream->arena, url != NULL ? url : stream->request->url),
	};
}

/* Ready to go but for the message. */
static struct sl_net_stream *new_stream(const struct sl_net_request *request,
	const struct sl_cancel *cancel, struct sl_arena *arena)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sl_net_stream *stream = sl_xcalloc(1, sizeof(*stream));
	CURLMcode rc;

	(void)pthread_once(&once, init_once);
	stream->shown = (struct sl_buf)SL_BUF_INIT(SHOWN_MAX);
	if (request->unix_socket != NULL)
		sl_buf_adds(&stream->shown, request->unix_socket);
	else
		sl_net_redact(request->url, &stream->shown);
	stream->request = request;
	stream->cancel = cancel;
	stream->arena = arena;
	stream->easy = curl_easy_init();
	stream->multi = curl_multi_init();
	assert(stream->easy != NULL && stream->multi != NULL);
	set_transfer(stream);
	set_peer(stream);
	set_trust(stream);
	rc = curl_multi_add_handle(stream->multi, stream->easy);
	assert(rc == CURLM_OK);
	return stream;
}

enum sl_code sl_net_open(struct sl_net_stream **stream, const struct sl_net_request *request,
	const struct sl_cancel *cancel, struct sl_arena *arena, struct sl_net_answer *out,
	struct sl_error *err)
{
	sl_auto(sl_net_close_p) struct sl_net_stream *made = new_stream(request, cancel, arena);
	enum sl_code code = set_message(made, err);

	if (code == SL_OK)
		code = advance(made, err);
	if (code != SL_OK)
		return code;
	fill_answer(made, out);
	*stream = sl_steal(made);
	return SL_OK;
}

enum sl_code sl_net_read(struct sl_net_stream *stream, void *data, size_t size, size_t *got,
	struct sl_error *err)
{
	size_t left;
	enum sl_code code;

	if (stream->paused && stream->pending.len == stream->taken) {
		stream->paused = false;
		(void)curl_easy_pause(stream->easy, CURLPAUSE_CONT);
	}
	code = advance(stream, err);
	if (code != SL_OK)
		return code;
	left = stream->pending.len - stream->taken;
	*got = left < size ? left : size;
	if (*got > 0)
		memcpy(data, stream->pending.at + stream->taken, *got);
	stream->taken += *got;
	if (stream->taken == stream->pending.len)
		stream->taken = stream->pending.len = 0;
	return SL_OK;
}

void sl_net_close(struct sl_net_stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->multi != NULL)
		(void)curl_multi_remove_handle(stream->multi, stream->easy);
	curl_easy_cleanup(stream->easy);
	(void)curl_multi_cleanup(stream->multi);
	curl_slist_free_all(stream->sent);
	sl_vec_done(&stream->pending);
	sl_buf_done(&stream->shown);
	free(stream);
}

enum sl_code sl_net_call(const struct sl_net_request *request, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_net_answer *out, struct sl_error *err)
{
	struct sl_net_request bounded = *request;
	sl_auto(sl_net_close_p) struct sl_net_stream *stream = NULL;
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(0);
	struct sl_net_answer answer = { 0 };
	char chunk[16384], *copy;
	size_t got = 0;
	enum sl_code code;

	if (bounded.total_us == 0)
		bounded.total_us = TOTAL_US;
	if (bounded.answer_max == 0)
		bounded.answer_max = SL_NET_ANSWER_DEFAULT;
	body.max = bounded.answer_max;
	code = sl_net_open(&stream, &bounded, cancel, arena, &answer, err);
	while (code == SL_OK) {
		code = sl_net_read(stream, chunk, sizeof(chunk), &got, err);
		if (code != SL_OK || got == 0)
			break;
		sl_buf_add(&body, chunk, got);
	}
	if (code != SL_OK)
		return code;
	copy = sl_arena_alloc(arena, body.len + 1);
	memcpy(copy, sl_buf_str(&body), body.len + 1);
	answer.body = copy;
	answer.body_len = body.len;
	*out = answer;
	return SL_OK;
}

enum sl_code sl_net_dial(int *fd, const char *host, unsigned port, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	bool bare_v6 = strchr(host, ':') != NULL && host[0] != '[';
	sl_autofree char *url = sl_xasprintf(bare_v6 ? "http://[%s]:%u" : "http://%s:%u", host,
		port);
	struct sl_net_request request = { .url = url, .allow_private = true };
	sl_auto(sl_net_close_p) struct sl_net_stream *stream = new_stream(&request, cancel, NULL);
	curl_socket_t own = CURL_SOCKET_BAD;
	enum sl_code code;

	set(stream, CONNECT_ONLY, 1L);
	set(stream, PROXY, "");
	code = advance(stream, err);
	if (code != SL_OK)
		return code;
	/* curl closes its own when it is cleaned up. */
	if (curl_easy_getinfo(stream->easy, CURLINFO_ACTIVESOCKET, &own) == CURLE_OK)
		*fd = fcntl(own, F_DUPFD_CLOEXEC, 0);
	if (own == CURL_SOCKET_BAD || *fd < 0)
		return sl_error_set(err, SL_EUNAVAIL, "%s:%u: connect: no socket", host, port);
	return SL_OK;
}
