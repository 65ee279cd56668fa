#include "sluice/http.h"
#include "sluice/sys/sock.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void hello(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	(void)ctx;
	sl_buf_addf(sl_http_out(res), "%s is here, asked %s", sl_http_param(req, "name"),
		sl_http_query(req, "why") ? sl_http_query(req, "why") : "nothing");
}

static void form(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	const char *value = sl_http_form(req, "reason");

	(void)ctx;
	sl_buf_addf(sl_http_out(res), "reason=[%s]", value ? value : "none");
}

static void refusal(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;

	(void)ctx;
	(void)req;
	(void)sl_error_set(&err, SL_ECONFLICT, "task 7 is \"done\"");
	sl_http_error(res, &err);
}

/* What a handler and its test share when one of them has to wait. */
struct gate {
	sem_t entered;
	sem_t leave;
};

static struct gate gate;

static void gated(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	(void)ctx;
	(void)req;
	(void)sem_post(&gate.entered);
	(void)sem_wait(&gate.leave);
	sl_buf_adds(sl_http_out(res), "after the wait");
}

static void whoami(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	uid_t uid = 0;

	(void)ctx;
	if (sl_http_peer(req, &uid))
		sl_buf_addf(sl_http_out(res), "uid %u", (unsigned)uid);
	else
		sl_buf_adds(sl_http_out(res), "from afar");
}

static void cached(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	(void)ctx;
	(void)req;
	sl_http_set(res, "X-Other", "1");
	sl_http_set(res, "cache-control", "max-age=60");
	sl_http_set(res, "X-Split", "a\r\nSet-Cookie: b");
	sl_buf_addf(sl_http_out(res), "cookie %s", sl_http_cookie(req, "sid"));
}

static const struct sl_http_route routes[] = {
	{ "GET", "/hello/{name}", hello, 0, "greets" },
	{ "POST", "/form", form, 64, "reads a field" },
	{ "GET", "/refusal", refusal, 0, "always refuses" },
	{ "GET", "/gated", gated, 0, "waits" },
	{ "GET", "/whoami", whoami, 0, "who is on the socket" },
	{ "GET", "/cached", cached, 0, "has headers of its own" },
};

static int set_up(void **state)
{
	const struct sl_http_options options = { .listen = "127.0.0.1:0",
		.unix_fd = -1,
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(routes[0]) };
	struct sl_http_server *server;

	if (sl_http_server_new(&server, &options, NULL) != SL_OK)
		return -1;
	*state = server;
	return 0;
}

static int tear_down(void **state)
{
	sl_http_server_free(*state);
	return 0;
}

static int connect_to(const struct sl_http_server *server)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)sl_http_server_port(server)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* All until the other end closes; closes too. */
static const char *read_answer(int fd)
{
	static char answer[8192];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	(void)close(fd);
	return answer;
}

/* Sends the bytes as they are and returns the whole answer. */
static const char *ask(void **state, const char *raw)
{
	int fd = connect_to(*state);

	assert_int_equal(write(fd, raw, strlen(raw)), strlen(raw));
	return read_answer(fd);
}

static void assert_status(const char *answer, unsigned status)
{
	char want[32];

	(void)snprintf(want, sizeof(want), "HTTP/1.1 %u", status);
	assert_memory_equal(answer, want, strlen(want));
}

#define END "Host: here\r\nConnection: close\r\n\r\n"

static void a_path_gives_its_segment_decoded_once(void **state)
{
	const char *answer = ask(state, "GET /hello/d%C3%A4na%2520?why=a%20b HTTP/1.1\r\n" END);

	assert_status(answer, 200);
	assert_non_null(strstr(answer, "d\xC3\xA4na%20 is here, asked a b"));
}

static void a_broken_escape_in_a_form_drops_the_field(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 11\r\n" END "reason=%zz1");

	assert_non_null(strstr(answer, "reason=[none]"));
}

static void every_answer_carries_the_security_headers(void **state)
{
	const char *answer = ask(state, "GET /nowhere HTTP/1.1\r\n" END);

	assert_status(answer, 404);
	assert_non_null(strstr(answer, "Content-Security-Policy: default-src 'none'"));
	assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff"));
}

static void another_method_is_refused_with_the_right_one(void **state)
{
	const char *answer = ask(state, "GET /form HTTP/1.1\r\n" END);

	assert_status(answer, 405);
	assert_non_null(strstr(answer, "Allow: POST"));
}

static void a_doubled_length_is_refused(void **state)
{
	assert_status(
		ask(state, "POST /form HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n" END),
		400);
}

static void both_framings_are_refused(void **state)
{
	assert_status(ask(state,
			      "POST /form HTTP/1.1\r\nContent-Length: 5\r\n"
			      "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n"),
		400);
}

static void two_hosts_are_refused(void **state)
{
	assert_status(ask(state, "GET /hello/a HTTP/1.1\r\nHost: there\r\n" END), 400);
}

static void a_header_name_that_is_no_token_is_refused(void **state)
{
	assert_status(ask(state, "GET /hello/a HTTP/1.1\r\nFoo : y\r\n" END), 400);
}

static void a_body_over_its_limit_is_refused(void **state)
{
	char raw[512];

	(void)snprintf(raw, sizeof(raw),
		"POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 100\r\n" END "reason=%093d",
		1);
	assert_status(ask(state, raw), 413);
}

static void a_body_far_over_its_limit_is_refused_before_it_comes(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Length: 99999999999\r\n" END);

	assert_status(answer, 413);
	assert_non_null(strstr(answer, "Connection: close"));
}

static void a_form_field_is_decoded(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 24\r\n" END "other=1&reason=a+%3Cb%3E");

	assert_status(answer, 200);
	assert_non_null(strstr(answer, "reason=[a <b>]"));
}

static void an_error_becomes_json_with_its_status(void **state)
{
	const char *answer = ask(state, "GET /refusal HTTP/1.1\r\n" END);

	assert_status(answer, 409);
	assert_non_null(strstr(answer, "\"code\": \"conflict\""));
	assert_non_null(strstr(answer, "task 7 is \\\"done\\\""));
}

static void a_taken_address_says_what_to_do(void **state)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_http_server *second;
	char listen_at[32];
	struct sl_http_options options = { .listen = listen_at, .unix_fd = -1 };

	(void)snprintf(listen_at, sizeof(listen_at), "127.0.0.1:%u", sl_http_server_port(*state));
	assert_int_equal(sl_http_server_new(&second, &options, &err), SL_EUNAVAIL);
	assert_non_null(strstr(err.msg, "set server.listen"));
}

static void another_coding_than_chunked_is_refused(void **state)
{
	assert_status(ask(state,
			      "POST /form HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" END
			      "0\r\n\r\n"),
		400);
}

/* libmicrohttpd adds a folded line to the name of the header before it. */
static void a_header_of_framing_that_is_folded_is_refused(void **state)
{
	assert_status(ask(state, "GET /hello/a HTTP/1.1\r\nHost: there\r\n 13\r\n" END), 400);
	assert_status(ask(state,
			      "POST /form HTTP/1.1\r\nContent-Length: 5\r\n"
			      "Transfer-Encoding:\r\n\tchunked\r\n" END "0\r\n\r\n"),
		400);
	assert_status(ask(state,
			      "POST /form HTTP/1.1\r\nContent-Length: 0\r\n"
			      "content-length:\r\n 13\r\n" END),
		400);
}

static void a_malformed_request_is_answered_before_its_body(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Length: 9\r\nHost: there\r\n" END "GET /hel");

	assert_status(answer, 400);
	assert_non_null(strstr(answer, "Connection: close"));
	assert_null(strstr(answer + 1, "HTTP/1.1"));
}

static void a_chunked_body_is_read(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Transfer-Encoding: chunked\r\n" END "4\r\nreas\r\n6\r\non=ok!\r\n0\r\n\r\n");

	assert_non_null(strstr(answer, "reason=[ok!]"));
}

static void a_body_of_another_type_is_no_form(void **state)
{
	const char *answer = ask(state,
		"POST /form HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
		"Content-Length: 8\r\n" END "reason=1");

	assert_non_null(strstr(answer, "reason=[none]"));
}

static void an_escaped_nul_cuts_no_path(void **state)
{
	const char *answer = ask(state, "GET /hello/a%00b HTTP/1.1\r\n" END);

	assert_status(answer, 200);
	assert_non_null(strstr(answer, "a%00b is here"));
}

static void an_escaped_slash_is_a_slash(void **state)
{
	assert_status(ask(state, "GET /hello/a%2Fb HTTP/1.1\r\n" END), 404);
	assert_status(ask(state, "GET /hello/ HTTP/1.1\r\n" END), 404);
}

static void head_gives_the_headers_alone(void **state)
{
	const char *answer = ask(state, "HEAD /hello/ana HTTP/1.1\r\n" END);

	assert_status(answer, 200);
	assert_non_null(strstr(answer, "Content-Length: "));
	assert_null(strstr(answer, "is here"));
}

static void a_handler_may_set_what_every_answer_carries(void **state)
{
	const char *answer = ask(state, "GET /cached HTTP/1.1\r\nCookie: a=b; sid=xyz\r\n" END);

	assert_status(answer, 200);
	assert_non_null(strstr(answer, "max-age=60"));
	assert_null(strstr(answer, "no-store"));
	assert_null(strstr(answer, "Set-Cookie"));
	assert_non_null(strstr(answer, "cookie xyz"));
	assert_non_null(strstr(answer, "X-Frame-Options: DENY"));
}

static void a_refused_body_without_end_is_cut(void **state)
{
	static char piece[64 << 10];
	int fd = connect_to(*state);
	const char *head = "POST /nowhere HTTP/1.1\r\nContent-Length: 999999999999\r\n" END;
	bool cut = false;

	assert_int_equal(write(fd, head, strlen(head)), strlen(head));
	for (int i = 0; i < 10000 && !cut; i++)
		cut = send(fd, piece, sizeof(piece), MSG_NOSIGNAL) < 0;
	(void)close(fd);
	assert_true(cut);
}

static int64_t hand_now(void *ctx)
{
	return atomic_load((atomic_llong *)ctx);
}

static struct sl_http_server *start(struct sl_http_options options)
{
	struct sl_http_server *server = NULL;
	struct sl_error err = SL_ERROR_INIT;

	options.routes = routes;
	options.n_routes = sizeof(routes) / sizeof(routes[0]);
	if (sl_http_server_new(&server, &options, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return server;
}

static void a_body_that_trickles_is_cut_at_its_deadline(void **state)
{
	atomic_llong now = 0;
	const struct sl_clock clock = { .wall_us = hand_now, .mono_us = hand_now, .ctx = &now };
	sl_auto(sl_http_server_free_p) struct sl_http_server *server = start(
		(struct sl_http_options){ .listen = "127.0.0.1:0",
			.unix_fd = -1,
			.body_seconds = 10,
			.clock = &clock });
	const char
		*head = "POST /form HTTP/1.1\r\nContent-Length: 60\r\nExpect: 100-continue\r\n" END;
	int fd = connect_to(server);
	char line[64] = "";

	(void)state;
	assert_int_equal(write(fd, head, strlen(head)), strlen(head));
	assert_true(read(fd, line, sizeof(line) - 1) > 0);
	assert_memory_equal(line, "HTTP/1.1 100", 12);
	atomic_store(&now, 11 * SL_SECOND_US);
	assert_int_equal(write(fd, "a", 1), 1);
	assert_string_equal(read_answer(fd), "");
}

static void one_address_cannot_take_all_connections(void **state)
{
	sl_auto(sl_http_server_free_p) struct sl_http_server *server = start(
		(struct sl_http_options){ .listen = "127.0.0.1:0",
			.unix_fd = -1,
			.threads = 1,
			.per_address = 2 });
	const char *request = "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n";
	int fds[3];
	char byte;

	(void)state;
	for (int i = 0; i < 3; i++)
		fds[i] = connect_to(server);
	assert_int_equal(write(fds[1], request, strlen(request)), strlen(request));
	assert_int_equal(read(fds[1], &byte, 1), 1);
	(void)send(fds[2], request, strlen(request), MSG_NOSIGNAL);
	assert_true(read(fds[2], &byte, 1) <= 0);
	for (int i = 0; i < 3; i++)
		(void)close(fds[i]);
}

static void *free_server(void *server)
{
	sl_http_server_free(server);
	return NULL;
}

static void stopping_lets_the_request_at_hand_be_answered_whole(void **state)
{
	struct sl_http_server *server = start(
		(struct sl_http_options){ .listen = "127.0.0.1:0", .unix_fd = -1 });
	const char *request = "GET /gated HTTP/1.1\r\nHost: x\r\n\r\n";
	int idle = connect_to(server);
	int fd = connect_to(server);
	pthread_t stopper;

	(void)state;
	assert_int_equal(sem_init(&gate.entered, 0, 0), 0);
	assert_int_equal(sem_init(&gate.leave, 0, 0), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_int_equal(sem_wait(&gate.entered), 0);
	assert_int_equal(pthread_create(&stopper, NULL, free_server, server), 0);
	assert_int_equal(sem_post(&gate.leave), 0);
	assert_non_null(strstr(read_answer(fd), "after the wait"));
	assert_string_equal(read_answer(idle), "");
	assert_int_equal(pthread_join(stopper, NULL), 0);
}

static void the_socket_knows_who_is_there_and_the_network_does_not(void **state)
{
	const char *base = getenv("TMPDIR");
	char folder[80];
	char path[100];
	struct sl_http_server *server;
	struct sl_http_options options = { .listen = "127.0.0.1:0" };
	const char *request = "GET /whoami HTTP/1.1\r\n" END;
	char expected[32];
	int fd = -1;

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/sluice-http-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/s", folder);
	(void)snprintf(expected, sizeof(expected), "uid %u", (unsigned)getuid());
	assert_int_equal(sl_listen_unix(&options.unix_fd, path, 0600, NULL, NULL), SL_OK);
	server = start(options);
	assert_int_equal(sl_connect_unix(&fd, path, NULL, NULL), SL_OK);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_non_null(strstr(read_answer(fd), expected));
	fd = connect_to(server);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_non_null(strstr(read_answer(fd), "from afar"));
	sl_http_server_free(server);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_gives_its_segment_decoded_once),
		cmocka_unit_test(a_broken_escape_in_a_form_drops_the_field),
		cmocka_unit_test(every_answer_carries_the_security_headers),
		cmocka_unit_test(another_method_is_refused_with_the_right_one),
		cmocka_unit_test(a_doubled_length_is_refused),
		cmocka_unit_test(both_framings_are_refused),
		cmocka_unit_test(two_hosts_are_refused),
		cmocka_unit_test(a_header_name_that_is_no_token_is_refused),
		cmocka_unit_test(a_body_over_its_limit_is_refused),
		cmocka_unit_test(a_body_far_over_its_limit_is_refused_before_it_comes),
		cmocka_unit_test(a_form_field_is_decoded),
		cmocka_unit_test(an_error_becomes_json_with_its_status),
		cmocka_unit_test(a_taken_address_says_what_to_do),
		cmocka_unit_test(another_coding_than_chunked_is_refused),
		cmocka_unit_test(a_header_of_framing_that_is_folded_is_refused),
		cmocka_unit_test(a_malformed_request_is_answered_before_its_body),
		cmocka_unit_test(a_chunked_body_is_read),
		cmocka_unit_test(a_body_of_another_type_is_no_form),
		cmocka_unit_test(an_escaped_nul_cuts_no_path),
		cmocka_unit_test(an_escaped_slash_is_a_slash),
		cmocka_unit_test(head_gives_the_headers_alone),
		cmocka_unit_test(a_handler_may_set_what_every_answer_carries),
		cmocka_unit_test(a_refused_body_without_end_is_cut),
		cmocka_unit_test(a_body_that_trickles_is_cut_at_its_deadline),
		cmocka_unit_test(one_address_cannot_take_all_connections),
		cmocka_unit_test(stopping_lets_the_request_at_hand_be_answered_whole),
		cmocka_unit_test(the_socket_knows_who_is_there_and_the_network_does_not),
	};

	return cmocka_run_group_tests_name("http", tests, set_up, tear_down);
}
