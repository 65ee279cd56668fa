#include "sluice/http.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
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

static const struct sl_http_route routes[] = {
	{ "GET", "/hello/{name}", hello, 0, "greets" },
	{ "POST", "/form", form, 64, "reads a field" },
	{ "GET", "/refusal", refusal, 0, "always refuses" },
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

/* Sends the bytes as they are and returns the whole answer. */
static const char *ask(void **state, const char *raw)
{
	static char answer[8192];
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)sl_http_server_port(*state)) };
	size_t len = 0;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, raw, strlen(raw)), strlen(raw));
	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	(void)close(fd);
	return answer;
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
		cmocka_unit_test(a_form_field_is_decoded),
		cmocka_unit_test(an_error_becomes_json_with_its_status),
		cmocka_unit_test(a_taken_address_says_what_to_do),
	};

	return cmocka_run_group_tests_name("http", tests, set_up, tear_down);
}
