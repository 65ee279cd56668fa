/* Bytes on a connection: what the gate must refuse never reaches a handler. */
#include "fuzz.h"

#include "sluice/http.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BODY_MAX  64
#define ANSWER_MS 20000

static atomic_uint calls;

static void handle(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	size_t len = 0;
	const char *body = sl_http_body(req, &len);

	(void)ctx;
	assert(body[len] == '\0');
	assert(len <= (strcmp(sl_http_method(req), "POST") == 0 ? BODY_MAX : SL_HTTP_BODY_DEFAULT));
	assert(!strchr(sl_http_param(req, "name"), '/'));
	atomic_fetch_add(&calls, 1);
	sl_buf_addf(sl_http_out(res), "%s %s %s %s", sl_http_method(req), sl_http_path(req),
		sl_http_query(req, "why") ? "why" : "",
		sl_http_form(req, "reason") ? "reason" : "");
}

static const struct sl_http_route routes[] = {
	{ "GET", "/", handle, 0, "the first page" },
	{ "GET", "/hello/{name}", handle, 0, "greets" },
	{ "POST", "/form", handle, BODY_MAX, "reads a field" },
};

/* An abstract socket: nothing is left in a folder. */
static const struct sockaddr_un *address(socklen_t *len)
{
	static struct sockaddr_un at = { .sun_family = AF_UNIX };
	static socklen_t at_len;

	if (at_len == 0) {
		const struct sl_http_options options = {
			.unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
			.routes = routes,
			.n_routes = sizeof(routes) / sizeof(routes[0]),
		};
		struct sl_http_server *server;

		at_len = sizeof(at);
		assert(bind(options.unix_fd, (struct sockaddr *)&at, sizeof(sa_family_t)) == 0);
		assert(getsockname(options.unix_fd, (struct sockaddr *)&at, &at_len) == 0);
		assert(listen(options.unix_fd, 64) == 0);
		assert(sl_http_server_new(&server, &options, NULL) == SL_OK);
	}
	*len = at_len;
	return &at;
}

/* libFuzzer's alarm interrupts a wait. */
static bool is_readable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&wait, 1, ANSWER_MS);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* Sends, and reads to the end; at most size bytes of the answer are kept. */
static size_t ask(const char *text, size_t len, char *answer, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t at_len;
	const struct sockaddr_un *at = address(&at_len);
	size_t got = 0;
	ssize_t n;
	char rest[4096];

	assert(fd >= 0 && connect(fd, (const struct sockaddr *)at, at_len) == 0);
	(void)send(fd, text, len, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	do {
		assert(is_readable(fd));
		n = got < size ? recv(fd, answer + got, size - got, 0) :
				 recv(fd, rest, sizeof(rest), 0);
		if (n > 0 && got < size)
			got += (size_t)n;
	} while (n > 0);
	(void)close(fd);
	return got;
}

struct framing {
	unsigned hosts, lengths, encodings;
};

static void count(struct framing *framing, const char *line, size_t len)
{
	static const char *const names[] = { "host:", "content-length:", "transfer-encoding:" };
	unsigned *counts[] = { &framing->hosts, &framing->lengths, &framing->encodings };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(names[i]);

		if (len >= n && strncasecmp(line, names[i], n) == 0)
			(*counts[i])++;
	}
}

/* Behind the request line, which is no header whatever its method begins with ("host:GET"). */
static size_t headers_of(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && (text[at] == '\r' || text[at] == '\n'))
		at++;
	while (at < len && text[at] != '\n')
		at++;
	return at < len ? at + 1 : len;
}

/* Whether the first request says twice, or in two ways, where it goes or where it ends.  To
 * libmicrohttpd a line that begins with a NUL byte is an empty one. */
static bool is_ambiguous(const char *text, size_t len)
{
	struct framing framing = { 0 };
	size_t at = headers_of(text, len);

	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (!end || n == 0 || text[at] == '\0' || (n == 1 && text[at] == '\r'))
			break;
		count(&framing, text + at, n);
		at += n + 1;
	}
	return framing.hosts > 1 || framing.lengths > 1 || framing.encodings > 1 ||
		(framing.lengths > 0 && framing.encodings > 0);
}

static void check_alive(void)
{
	static const char get[] = "GET /hello/you HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	char answer[64];
	size_t len = ask(get, sizeof(get) - 1, answer, sizeof(answer));

	assert(len > 15 && memcmp(answer, "HTTP/1.1 200 OK", 15) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	char answer[4096];
	size_t len;

	if (size > 8192)
		return 0;
	atomic_store(&calls, 0);
	len = ask((const char *)data, size, answer, sizeof(answer));
	assert(len == 0 || (len > 12 && memcmp(answer, "HTTP/1.", 7) == 0));
	if (is_ambiguous((const char *)data, size))
		assert(atomic_load(&calls) == 0);
	if (++runs % 128 == 1)
		check_alive();
	return 0;
}
