/* The HTTP client against a server of a few lines, and its arithmetic. */
#include "sluice/core/alloc.h"
#include "sluice/net.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/sock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a server -------------------------------------------------------------------------------- */

/* Answers each connection with the same bytes; stalls when there are none. */
struct server {
	int listener, stop[2];
	uint16_t port;
	pthread_t thread;
	const char *answer;
	size_t repeat; /* how often the last line of the answer is sent again */
	char seen[4096]; /* the last request */
};

static void answer_one(struct server *server, int fd)
{
	size_t len = 0;
	const char *line = strstr(server->answer, "\r\n\r\n");

	while (len < sizeof(server->seen) - 1 && strstr(server->seen, "\r\n\r\n") == NULL) {
		ssize_t got = read(fd, server->seen + len, sizeof(server->seen) - 1 - len);

		if (got <= 0)
			return;
		len += (size_t)got;
		server->seen[len] = '\0';
	}
	(void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	for (size_t i = 0; line != NULL && i < server->repeat; i++)
		(void)!send(fd, line + 4, strlen(line + 4), MSG_NOSIGNAL);
}

static void *serve(void *ctx)
{
	struct server *server = ctx;
	struct pollfd fds[2] = { { server->listener, POLLIN, 0 }, { server->stop[0], POLLIN, 0 } };
	int kept = -1;

	while (poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
		int fd = accept(server->listener, NULL, NULL);

		memset(server->seen, 0, sizeof(server->seen));
		if (server->answer[0] != '\0') {
			answer_one(server, fd);
			close(fd);
			continue;
		}
		if (kept >= 0)
			close(kept);
		kept = fd;
	}
	if (kept >= 0)
		close(kept);
	return NULL;
}

static int setup(void **state)
{
	struct server *server = sl_xcalloc(1, sizeof(*server));

	server->answer = "";
	assert_int_equal(sl_listen_tcp(&server->listener, "127.0.0.1:0", &server->port, NULL),
		SL_OK);
	assert_int_equal(pipe(server->stop), 0);
	*state = server;
	return 0;
}

static void start(struct server *server, const char *answer)
{
	server->answer = answer;
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static int teardown(void **state)
{
	struct server *server = *state;

	assert_int_equal(write(server->stop[1], "x", 1), 1);
	if (server->thread != 0)
		assert_int_equal(pthread_join(server->thread, NULL), 0);
	close(server->listener);
	close(server->stop[0]);
	close(server->stop[1]);
	free(server);
	return 0;
}

/* --- exchanges ------------------------------------------------------------------------------- */

struct exchange {
	struct sl_arena *arena;
	char *url;
	struct sl_net_request request;
	struct sl_net_answer answer;
	struct sl_error err;
};

static void exchange_done(struct exchange *x)
{
	sl_arena_free(x->arena);
	free(x->url);
}

static void prepare(struct exchange *x, const struct server *server, const char *path)
{
	x->arena = sl_arena_new();
	x->url = sl_xasprintf("http://127.0.0.1:%u%s", server->port, path);
	x->request.url = x->url;
	x->request.allow_private = true;
}

static enum sl_code call(struct exchange *x)
{
	return sl_net_call(&x->request, NULL, x->arena, &x->answer, &x->err);
}

#define auto_exchange sl_auto(exchange_done) struct exchange

static void an_answer_has_status_headers_and_body(void **state)
{
	auto_exchange x = { 0 };

	start(*state, "HTTP/1.1 404 Nope\r\nX-Thing:  some value \r\nContent-Length: 3\r\n\r\nabc");
	prepare(&x, *state, "/a");
	assert_int_equal(call(&x), SL_OK);
	assert_int_equal(x.answer.status, 404);
	assert_string_equal(sl_net_header(&x.answer, "x-thing"), "some value");
	assert_null(sl_net_header(&x.answer, "other"));
	assert_int_equal(x.answer.body_len, 3);
	assert_string_equal(x.answer.body, "abc");
}

static void a_request_carries_method_headers_and_body(void **state)
{
	struct server *server = *state;
	static const struct sl_net_header headers[] = { { "X-One", "1" } };
	auto_exchange x = { 0 };

	start(server, "HTTP/1.1 204 Done\r\n\r\n");
	prepare(&x, server, "/hook?x=1");
	x.request.headers = headers;
	x.request.n_headers = 1;
	x.request.body = "hello";
	x.request.body_len = 5;
	assert_int_equal(call(&x), SL_OK);
	assert_ptr_equal(strstr(server->seen, "POST /hook?x=1 HTTP/1.1\r\n"), server->seen);
	assert_non_null(strstr(server->seen, "X-One: 1\r\n"));
	assert_non_null(strstr(server->seen, "Content-Length: 5\r\n"));
	assert_int_equal(x.answer.body_len, 0);
}

static void a_header_cannot_hold_a_line_break(void **state)
{
	static const struct sl_net_header headers[] = { { "X-One", "1\r\nHost: evil" } };
	auto_exchange x = { 0 };

	prepare(&x, *state, "/");
	x.request.headers = headers;
	x.request.n_headers = 1;
	assert_int_equal(call(&x), SL_EINVAL);
}

static void private_addresses_are_refused_unless_allowed(void **state)
{
	auto_exchange x = { 0 };

	start(*state, "HTTP/1.1 200 OK\r\n\r\n");
	prepare(&x, *state, "/?token=s3cret");
	x.request.allow_private = false;
	assert_int_equal(call(&x), SL_EDENIED);
	assert_null(strstr(x.err.msg, "s3cret"));
}

static void other_protocols_are_refused(void **state)
{
	auto_exchange x = { 0 };

	prepare(&x, *state, "/");
	x.request.url = "file:///etc/passwd";
	assert_int_equal(call(&x), SL_EINVAL);
	x.request.url = "http://ana:s3cret@127.0.0.1/";
	assert_int_equal(call(&x), SL_EINVAL);
	assert_null(strstr(x.err.msg, "s3cret"));
}

static void a_larger_answer_is_refused(void **state)
{
	struct server *server = *state;
	auto_exchange x = { 0 };

	server->repeat = 100;
	start(server, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
	prepare(&x, server, "/");
	x.request.answer_max = 500;
	assert_int_equal(call(&x), SL_ELIMIT);
}

static void a_stream_hands_the_body_on_whole(void **state)
{
	struct server *server = *state;
	auto_exchange x = { 0 };
	sl_auto(sl_net_close_p) struct sl_net_stream *stream = NULL;
	char chunk[777];
	size_t got = 1, sum = 0;

	server->repeat = 100000;
	start(server, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
	prepare(&x, server, "/");
	assert_int_equal(sl_net_open(&stream, &x.request, NULL, x.arena, &x.answer, &x.err), SL_OK);
	assert_int_equal(x.answer.status, 200);
	while (got > 0) {
		assert_int_equal(sl_net_read(stream, chunk, sizeof(chunk), &got, &x.err), SL_OK);
		for (size_t i = 0; i < got; i++)
			assert_int_equal(chunk[i], '0' + (int)((sum + i) % 10));
		sum += got;
	}
	assert_int_equal(sum, 1000010);
}

static void a_peer_that_never_answers_ends_at_the_deadline(void **state)
{
	auto_exchange x = { 0 };

	start(*state, "");
	prepare(&x, *state, "/");
	x.request.total_us = 200000;
	assert_int_equal(call(&x), SL_ETIMEOUT);
}

static void a_token_ends_the_wait(void **state)
{
	sl_auto(sl_cancel_free_p) struct sl_cancel *cancel = sl_cancel_new(sl_clock_system(), NULL,
		200000);
	auto_exchange x = { 0 };

	start(*state, "");
	prepare(&x, *state, "/");
	assert_int_equal(sl_net_call(&x.request, cancel, x.arena, &x.answer, &x.err), SL_ETIMEOUT);
	sl_cancel_ask(cancel);
	assert_int_equal(sl_net_call(&x.request, cancel, x.arena, &x.answer, &x.err), SL_ECANCELED);
}

static void nobody_listening_means_nothing_was_done(void **state)
{
	struct server *server = *state;
	auto_exchange x = { 0 };

	prepare(&x, server, "/");
	close(server->listener);
	server->listener = -1;
	x.request.body = "x";
	x.request.body_len = 1;
	assert_int_equal(call(&x), SL_EUNAVAIL);
}

static void a_unix_socket_is_named_when_nobody_listens(void **state)
{
	auto_exchange x = { 0 };

	prepare(&x, *state, "/");
	x.request.unix_socket = "/nowhere/sluice.sock";
	assert_int_equal(call(&x), SL_EUNAVAIL);
	assert_string_equal(x.err.msg, "/nowhere/sluice.sock: nobody listens");
}

static void a_connection_that_breaks_leaves_a_post_unknown(void **state)
{
	auto_exchange x = { 0 };

	start(*state, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	prepare(&x, *state, "/");
	assert_int_equal(call(&x), SL_EUNAVAIL);
	x.request.body = "x";
	x.request.body_len = 1;
	assert_int_equal(call(&x), SL_EUNKNOWN);
}

static void redirects_are_followed_only_when_asked_for(void **state)
{
	auto_exchange x = { 0 };

	start(*state, "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
	prepare(&x, *state, "/");
	assert_int_equal(call(&x), SL_OK);
	assert_int_equal(x.answer.status, 302);
	x.request.redirects = 2;
	assert_int_equal(call(&x), SL_EINVAL);
}

static void a_dialed_socket_is_connected(void **state)
{
	struct server *server = *state;
	char reply[16] = "";
	struct pollfd ready = { .events = POLLIN };
	struct sl_error err = SL_ERROR_INIT;
	int fd = -1;

	start(server, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(sl_net_dial(&fd, "127.0.0.1", server->port, NULL, &err), SL_OK);
	assert_int_equal(write(fd, "\r\n\r\n", 4), 4);
	ready.fd = fd;
	assert_int_equal(poll(&ready, 1, 10000), 1);
	assert_true(read(fd, reply, 8) == 8);
	assert_string_equal(reply, "HTTP/1.1");
	close(fd);
}

/* --- arithmetic ------------------------------------------------------------------------------ */

static void addresses_are_private_or_not(void **state)
{
	static const struct {
		const char *text;
		bool private;
	} rows[] = {
		{ "127.0.0.1", true },
		{ "10.1.2.3", true },
		{ "172.15.0.1", false },
		{ "172.16.0.1", true },
		{ "172.31.255.255", true },
		{ "172.32.0.1", false },
		{ "192.168.1.1", true },
		{ "192.167.1.1", false },
		{ "169.254.169.254", true },
		{ "100.64.0.1", true },
		{ "100.128.0.1", false },
		{ "0.0.0.0", true },
		{ "8.8.8.8", false },
		{ "224.0.0.1", true },
		{ "255.255.255.255", true },
		{ "223.255.255.255", false },
		{ "198.19.0.1", true },
		{ "198.20.0.1", false },
		{ "::1", true },
		{ "::", true },
		{ "fe80::1", true },
		{ "fd00::1", true },
		{ "2606:4700::1111", false },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:8.8.8.8", false },
		{ "64:ff9b::7f00:1", true },
		{ "64:ff9b::808:808", false },
		{ "2002:7f00:1::", true },
		{ "2001:db8::1", true },
		{ "ff02::1", true },
		{ "2a00::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int family = strchr(rows[i].text, ':') != NULL ? AF_INET6 : AF_INET;
		unsigned char address[16];

		assert_int_equal(inet_pton(family, rows[i].text, address), 1);
		if (sl_net_is_private(family, address) != rows[i].private)
			fail_msg("%s", rows[i].text);
	}
}

static void a_status_says_what_to_do(void **state)
{
	(void)state;
	assert_int_equal(sl_net_status_code(204), SL_OK);
	assert_int_equal(sl_net_status_code(302), SL_OK);
	assert_int_equal(sl_net_status_code(401), SL_EUNAUTH);
	assert_int_equal(sl_net_status_code(404), SL_ENOTFOUND);
	assert_int_equal(sl_net_status_code(422), SL_EINVAL);
	assert_int_equal(sl_net_status_code(429), SL_EBUSY);
	assert_int_equal(sl_net_status_code(502), SL_EUNAVAIL);
}

static int64_t after(const char *name, const char *value, const char *left)
{
	struct sl_net_header headers[] = { { name, value }, { "x-ratelimit-remaining", left } };
	struct sl_net_answer answer = { .headers = headers, .n_headers = left != NULL ? 2 : 1 };

	/* Sun, 06 Nov 1994 08:49:07 GMT */
	return sl_net_retry_after(&answer, 784111747 * SL_SECOND_US);
}

static void a_peer_says_when_to_come_back(void **state)
{
	(void)state;
	assert_int_equal(after("retry-after", "30", NULL), 30 * SL_SECOND_US);
	assert_int_equal(after("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", NULL),
		30 * SL_SECOND_US);
	assert_int_equal(after("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", NULL), 0);
	assert_int_equal(after("retry-after", "86400", NULL), 3600 * SL_SECOND_US);
	assert_int_equal(after("retry-after", "soon", NULL), 0);
	assert_int_equal(after("x-ratelimit-reset", "784111757", "0"), 10 * SL_SECOND_US);
	assert_int_equal(after("x-ratelimit-reset", "784111757", "7"), 0);
}

static void pauses_double_up_to_a_limit(void **state)
{
	(void)state;
	assert_int_equal(sl_net_backoff(1, 1000, 0), 750);
	assert_int_equal(sl_net_backoff(1, 1000, 499), 1249);
	assert_int_equal(sl_net_backoff(4, 1000, 0), 6000);
	assert_int_equal(sl_net_backoff(7, 1000, 0), 48000);
	assert_int_equal(sl_net_backoff(100, 1000, 0), 48000);
}

static void a_budget_refills_with_time(void **state)
{
	struct sl_net_budget budget;

	(void)state;
	sl_net_budget_init(&budget, 60, 2, 0);
	assert_int_equal(sl_net_budget_take(&budget, 0), 0);
	assert_int_equal(sl_net_budget_take(&budget, 0), 0);
	assert_int_equal(sl_net_budget_take(&budget, 0), SL_SECOND_US + 1);
	assert_int_equal(sl_net_budget_take(&budget, SL_SECOND_US / 2), SL_SECOND_US / 2 + 1);
	assert_int_equal(sl_net_budget_take(&budget, SL_SECOND_US), 0);
	assert_int_equal(sl_net_budget_take(&budget, 1000 * SL_SECOND_US), 0);
	assert_int_equal(sl_net_budget_take(&budget, 1000 * SL_SECOND_US), 0);
	assert_true(sl_net_budget_take(&budget, 1000 * SL_SECOND_US) > 0);
	assert_int_equal(sl_net_budget_take(&budget, INT64_MAX), 0);
}

static void a_url_is_shown_without_its_secrets(void **state)
{
	static const char *const rows[][2] = {
		{ "https://host/path?token=x", "https://host/path" },
		{ "https://user:pw@host:1/path#f", "https://host:1/path" },
		{ "https://a:b@c@host/x@y", "https://host/x@y" },
		{ "host/path?x", "host/path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sl_auto_buf struct sl_buf out = SL_BUF_INIT(200);

		sl_net_redact(rows[i][0], &out);
		assert_string_equal(sl_buf_str(&out), rows[i][1]);
	}
}

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(an_answer_has_status_headers_and_body),
	ROW(a_request_carries_method_headers_and_body),
	ROW(a_header_cannot_hold_a_line_break),
	ROW(private_addresses_are_refused_unless_allowed),
	ROW(other_protocols_are_refused),
	ROW(a_larger_answer_is_refused),
	ROW(a_stream_hands_the_body_on_whole),
	ROW(a_peer_that_never_answers_ends_at_the_deadline),
	ROW(a_token_ends_the_wait),
	ROW(nobody_listening_means_nothing_was_done),
	ROW(a_unix_socket_is_named_when_nobody_listens),
	ROW(a_connection_that_breaks_leaves_a_post_unknown),
	ROW(redirects_are_followed_only_when_asked_for),
	ROW(a_dialed_socket_is_connected),
	ROW(addresses_are_private_or_not),
	ROW(a_status_says_what_to_do),
	ROW(a_peer_says_when_to_come_back),
	ROW(pauses_double_up_to_a_limit),
	ROW(a_budget_refills_with_time),
	ROW(a_url_is_shown_without_its_secrets),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
