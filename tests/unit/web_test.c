/* The pages and the API over a real server, with a store in memory. */
#include "sluice/web.h"

#include "sluice/control/people.h"
#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/store/batch.h"
#include "sluice/store/store.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ANA   "slu_0123456789abcdef-ana"
#define DANA  "slu_0123456789abcdef-dana"
#define REPLY (512u << 10)

struct bench {
	char *folder, *socket;
	struct sl_user users[2];
	struct sl_role roles[2];
	struct sl_environment environments[1];
	struct sl_workspace workspace;
	const struct sl_world *world;
	unsigned char key[SL_AUTH_KEY_SIZE];
	struct sl_rand_seeded random;
	struct sl_store *store;
	struct sl_control *control;
	struct sl_web *web;
	struct sl_http_server *server;
	int64_t change;
	struct sl_error err;
	char reply[REPLY];
};

static const size_t developers[] = { 0 };
static const size_t dbas[] = { 1 };

static void queue(void *ctx, enum sl_work work, const char *key, int64_t due)
{
	(void)ctx;
	(void)work;
	(void)key;
	(void)due;
}

static enum sl_code no_repo(void *ctx, const struct sl_world *world,
	const struct sl_project *project, struct sl_repo **out, struct sl_error *err)
{
	(void)ctx;
	(void)world;
	(void)project;
	(void)out;
	return sl_error_set(err, SL_EUNAVAIL, "no repository here");
}

static void make_workspace(struct bench *bench)
{
	assert_int_equal(setenv("WEB_TEST_ANA", ANA, 1), 0);
	assert_int_equal(setenv("WEB_TEST_DANA", DANA, 1), 0);
	bench->users[0] = (struct sl_user){ "ana", "", "", "env:WEB_TEST_ANA" };
	bench->users[1] = (struct sl_user){ "dana", "", "", "env:WEB_TEST_DANA" };
	bench->roles[0] = (struct sl_role){ "developer", developers, 1 };
	bench->roles[1] = (struct sl_role){ "dba", dbas, 1 };
	bench->environments[0] = (struct sl_environment){ .name = "prod", .mode = SL_MODE_APPLY };
	bench->workspace = (struct sl_workspace){ .users = bench->users,
		.users_len = 2,
		.roles = bench->roles,
		.roles_len = 2,
		.environments = bench->environments,
		.environments_len = 1 };
	bench->world = sl_world_of(&bench->workspace, NULL);
}

static void make_change(struct bench *bench)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	int64_t id = sl_batch_add_change(batch,
		&(struct sl_change){ .project = "shop",
			.kind = SL_CHANGE_BRANCH,
			.state = SL_CHANGE_OPEN,
			.branch = "change/<b>orders</b>",
			.title = "<script>alert(1)</script>",
			.opened_at = 1000000 });

	assert_int_equal(sl_store_commit(bench->store, batch, &bench->err), SL_OK);
	bench->change = sl_batch_id(batch, id);
}

static void make_web(struct bench *bench)
{
	const struct sl_auth_options auth_options = { .workspace = &bench->workspace,
		.clock = sl_clock_system(),
		.rand = &bench->random.rand,
		.key = bench->key };
	const struct sl_web_options web_options = { .control = bench->control,
		.store = bench->store,
		.clock = sl_clock_system(),
		.version = "0.0.1" };
	struct sl_auth *auth = NULL;

	assert_int_equal(sl_auth_new(&auth, &auth_options, &bench->err), SL_OK);
	bench->web = sl_web_new(&web_options, auth);
	sl_web_set_address(bench->web, "http://here");
}

static void serve(struct bench *bench)
{
	struct sl_http_options options = { .listen = "127.0.0.1:0",
		.unix_fd = -1,
		.ctx = bench->web };

	options.routes = sl_web_routes(&options.n_routes);
	assert_int_equal(sl_listen_unix(&options.unix_fd, bench->socket, 0600, NULL, &bench->err),
		SL_OK);
	if (sl_http_server_new(&bench->server, &options, &bench->err) != SL_OK)
		fail_msg("%s", bench->err.msg);
}

static int setup(void **state)
{
	struct bench *bench = sl_xcalloc(1, sizeof(*bench));
	const char *tmp = getenv("TMPDIR");
	struct sl_store_options store = { .url = "memory:", .rand = &bench->random.rand };
	struct sl_control_doors doors = { .clock = sl_clock_system(),
		.rand = &bench->random.rand,
		.queue = { .add = queue },
		.replica = "test",
		.tool = "sluice test",
		.open_repo = no_repo };

	bench->folder = sl_xasprintf("%s/web-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(bench->folder));
	bench->socket = sl_xasprintf("%s/s", bench->folder);
	sl_rand_seed(&bench->random, 11);
	make_workspace(bench);
	assert_int_equal(sl_store_open(&bench->store, &store, &bench->err), SL_OK);
	make_change(bench);
	doors.store = bench->store;
	bench->control = sl_control_new(&doors, bench->world);
	make_web(bench);
	serve(bench);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	sl_http_server_free(bench->server);
	sl_web_free(bench->web);
	sl_control_free(bench->control);
	sl_store_free(bench->store);
	sl_world_unref(bench->world);
	assert_int_equal(sl_tree_remove(bench->folder, NULL), SL_OK);
	free(bench->socket);
	free(bench->folder);
	free(bench);
	return 0;
}

/* --- a browser of a few lines ---------------------------------------------------------------- */

static int connect_tcp(const struct bench *bench)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)sl_http_server_port(bench->server)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int connect_local(const struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench->socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends one request and keeps the whole answer in bench->reply; returns its status. */
static int exchange(struct bench *bench, int fd, const char *request)
{
	size_t len = strlen(request);
	size_t got = 0;
	int64_t status = 0;
	char digits[4];

	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), len);
	for (;;) {
		ssize_t n = recv(fd, bench->reply + got, REPLY - 1 - got, 0);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	(void)close(fd);
	bench->reply[got] = '\0';
	assert_true(got > 12);
	(void)snprintf(digits, sizeof(digits), "%.3s", bench->reply + 9);
	assert_true(sl_parse_i64(digits, 100, 599, &status));
	return (int)status;
}

struct ask {
	const char *method, *path; /* GET unless said */
	const char *headers; /* each with its line end */
	const char *form; /* a body, urlencoded */
	const char *json; /* a body */
	bool local;
};

static int ask(struct bench *bench, const struct ask *what)
{
	const char *body = what->form ? what->form : what->json ? what->json : "";
	sl_autofree char *request = sl_xasprintf(
		"%s %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: %zu\r\n"
		"Content-Type: %s\r\n%s\r\n%s",
		what->method ? what->method : "GET", what->path, strlen(body),
		what->json ? "application/json" : "application/x-www-form-urlencoded",
		what->headers ? what->headers : "", body);

	return exchange(bench, what->local ? connect_local(bench) : connect_tcp(bench), request);
}

#define ASK(...) ask(bench, &(struct ask){ __VA_ARGS__ })

/* What stands between before and after in the last answer, after the first before; "" when nothing
 * does. */
static char *between(const struct bench *bench, const char *before, const char *after)
{
	const char *start = strstr(bench->reply, before);
	const char *end = start ? strstr(start + strlen(before), after) : NULL;

	if (!end)
		return sl_xstrdup("");
	start += strlen(before);
	return sl_xasprintf("%.*s", (int)(end - start), start);
}

static char *login_code(struct bench *bench, const char *token)
{
	sl_autofree char *headers = sl_xasprintf("Authorization: Bearer %s\r\n", token);

	assert_int_equal(
		ASK(.method = "POST", .path = "/api/login-link", .json = "{}", .headers = headers),
		200);
	return between(bench, "code=", "\"");
}

/* A Cookie header of a fresh session. */
static char *log_in(struct bench *bench, const char *token)
{
	sl_autofree char *code = login_code(bench, token);
	sl_autofree char *form = sl_xasprintf("code=%s", code);
	sl_autofree char *session = NULL;

	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 303);
	session = between(bench, "sluice=", ";");
	assert_true(strlen(session) > 40);
	return sl_xasprintf("Cookie: sluice=%s\r\n", session);
}

static char *csrf_of(struct bench *bench, const char *cookie)
{
	assert_int_equal(ASK(.path = "/changes/1", .headers = cookie), 200);
	return between(bench, "name=\"csrf\" value=\"", "\"");
}

static bool says(const struct bench *bench, const char *text)
{
	return strstr(bench->reply, text) != NULL;
}

static bool is_held(struct bench *bench)
{
	sl_auto_json json_t *view = NULL;

	assert_int_equal(sl_view_change(bench->control, bench->change, &view, &bench->err), SL_OK);
	return json_is_true(json_object_get(json_object_get(view, "change"), "held"));
}

static size_t audit_rows(struct bench *bench)
{
	sl_auto_json json_t *view = NULL;

	assert_int_equal(sl_view_audit(bench->control, 0, 100, &view, &bench->err), SL_OK);
	return json_array_size(json_object_get(view, "audit"));
}

/* --- reading --------------------------------------------------------------------------------- */

static const char *const readable[] = { "/changes", "/changes/1", "/targets", "/api/status",
	"/api/changes", "/api/changes/1", "/api/targets", "/api/history", "/api/audit",
	"/api/whoami" };

static void nobody_reads_over_tcp(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		assert_int_equal(ASK(.path = readable[i]), 401);
		assert_false(says(bench, "orders"));
	}
}

static void whoever_may_open_the_socket_reads(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		assert_int_equal(ASK(.path = readable[i], .local = true), 200);
}

static void a_token_reads_over_tcp(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		assert_int_equal(
			ASK(.path = readable[i], .headers = "Authorization: Bearer " ANA "\r\n"),
			200);
}

static void a_false_token_is_refused_on_the_socket_too(void **state)
{
	struct bench *bench = *state;
	const char *const wrong[] = { "Authorization: Bearer nonsense-nonsense\r\n",
		"Authorization: Bearer \r\n", "Authorization: Basic " ANA "\r\n",
		"Authorization: " ANA "\r\n" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ASK(.path = "/api/whoami", .headers = wrong[i], .local = true),
			401);
	assert_int_equal(ASK(.path = "/api/whoami", .headers = "Authorization: bearer " ANA "\r\n",
				 .local = true),
		200);
	assert_true(says(bench, "\"ana\""));
}

static void what_a_pusher_wrote_is_inert_on_the_page(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/changes/1", .local = true), 200);
	assert_true(says(bench, "&lt;script&gt;alert(1)"));
	assert_false(says(bench, "<script"));
	assert_false(says(bench, "<b>orders"));
}

static void each_page_names_its_data(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/changes?before=7", .local = true), 200);
	assert_true(says(bench, "href=\"/api/changes?before=7\""));
	assert_int_equal(ASK(.path = "/rules/nonsense", .local = true), 404);
	assert_false(says(bench, "href=\"/api"));
}

static void an_unknown_change_is_a_page_of_its_own(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/changes/4711", .local = true), 404);
	assert_true(says(bench, "text/html"));
	assert_int_equal(ASK(.path = "/changes/nonsense", .local = true), 404);
	assert_int_equal(ASK(.path = "/api/changes/4711", .local = true), 404);
	assert_true(says(bench, "\"not-found\"") || says(bench, "\"code\""));
}

static void health_readiness_and_metrics_need_nobody(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/healthz"), 200);
	assert_int_equal(ASK(.path = "/readyz"), 503);
	sl_web_set_ready(bench->web, true);
	assert_int_equal(ASK(.path = "/readyz"), 200);
	assert_int_equal(ASK(.path = "/metrics"), 200);
	assert_true(says(bench, "\nsluice_changes_open 1\n"));
}

/* --- the login link -------------------------------------------------------------------------- */

static void a_login_link_works_once(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *code = login_code(bench, DANA);
	sl_autofree char *form = sl_xasprintf("code=%s", code);

	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 303);
	assert_true(says(bench, "HttpOnly; SameSite=Lax"));
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 401);
	assert_true(says(bench, "used already"));
	assert_false(says(bench, "Set-Cookie"));
}

static void looking_at_a_login_link_does_not_use_it_up(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *code = login_code(bench, DANA);
	sl_autofree char *path = sl_xasprintf("/login?code=%s", code);
	sl_autofree char *form = sl_xasprintf("code=%s", code);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(ASK(.path = path), 200);
		assert_false(says(bench, "Set-Cookie"));
		assert_true(says(bench, "dana"));
	}
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 303);
}

static void a_made_up_login_link_is_refused(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/login"), 401);
	assert_int_equal(ASK(.path = "/login?code=link.64616e61.9999999999.00.00"), 401);
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = "code="), 401);
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = ""), 401);
}

static void another_sites_form_logs_nobody_in_or_out(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *code = login_code(bench, DANA);
	sl_autofree char *form = sl_xasprintf("code=%s", code);
	sl_autofree char *cookie = log_in(bench, ANA);
	const char *const others[] = { "Origin: http://elsewhere\r\n", "Origin: null\r\n",
		"Origin: http://x.elsewhere\r\n", "Origin: http://elsewhere/x\r\n",
		"Referer: http://elsewhere/x/\r\n", "Referer: \r\n" };

	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form,
				 .headers = "Sec-Fetch-Site: cross-site\r\n"),
		403);
	assert_int_equal(ASK(.method = "POST", .path = "/logout", .form = "", .headers = cookie),
		403);
	assert_false(says(bench, "Set-Cookie"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(
			ASK(.method = "POST", .path = "/login", .form = form, .headers = others[i]),
			403);
		assert_false(says(bench, "Set-Cookie"));
	}
	assert_int_equal(
		ASK(.method = "POST", .path = "/login", .form = form,
			.headers = "Origin: http://HERE\r\nReferer: http://elsewhere/\r\n"),
		303);
	assert_int_equal(ASK(.method = "POST", .path = "/logout", .form = ""), 401);
	assert_false(says(bench, "Set-Cookie"));
}

static void logging_out_ends_that_session_alone(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *cookie = log_in(bench, ANA);
	sl_autofree char *other = log_in(bench, ANA);
	sl_autofree char *csrf = csrf_of(bench, cookie);
	sl_autofree char *form = sl_xasprintf("csrf=%s", csrf);

	assert_int_equal(ASK(.method = "POST", .path = "/logout", .form = form, .headers = cookie),
		303);
	assert_true(says(bench, "Max-Age=0"));
	assert_int_equal(ASK(.path = "/changes", .headers = cookie), 401);
	assert_int_equal(ASK(.path = "/changes", .headers = other), 200);
}

/* Whether what is kept in the store says so still after a sweep at that moment from now. */
static void sweep(struct bench *bench, int64_t later)
{
	int64_t now = sl_clock_wall(sl_clock_system());

	assert_int_equal(sl_store_sweep_meta(bench->store, now + later, &bench->err), SL_OK);
}

static void what_ended_is_remembered_for_as_long_as_it_would_have_held(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *code = login_code(bench, DANA);
	sl_autofree char *form = sl_xasprintf("code=%s", code);
	sl_autofree char *cookie = log_in(bench, ANA);
	sl_autofree char *csrf = csrf_of(bench, cookie);
	sl_autofree char *ended = sl_xasprintf("csrf=%s", csrf);

	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 303);
	assert_int_equal(ASK(.method = "POST", .path = "/logout", .form = ended, .headers = cookie),
		303);
	sweep(bench, 0);
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 401);
	assert_int_equal(ASK(.path = "/changes", .headers = cookie), 401);
	sweep(bench, 602 * SL_SECOND_US); /* a link holds for ten minutes */
	assert_int_equal(ASK(.method = "POST", .path = "/login", .form = form), 303);
	assert_int_equal(ASK(.path = "/changes", .headers = cookie), 401);
	sweep(bench, (12 * 3600 + 2) * SL_SECOND_US);
	assert_int_equal(ASK(.path = "/changes", .headers = cookie), 200);
}

static void a_session_asks_for_no_login_link(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *cookie = log_in(bench, DANA);

	assert_int_equal(
		ASK(.method = "POST", .path = "/api/login-link", .json = "{}", .headers = cookie),
		401);
}

/* --- acting ---------------------------------------------------------------------------------- */

static void a_form_acts_with_its_sessions_token_and_leads_back_to_the_change(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *cookie = log_in(bench, DANA);
	sl_autofree char *csrf = csrf_of(bench, cookie);
	sl_autofree char *form = sl_xasprintf("csrf=%s&reason=freeze%%20of+today", csrf);
	sl_autofree char *headers = sl_xasprintf(
		"%sOrigin: http://here\r\nReferer: https://evil.example/x://y//evil.example/\r\n",
		cookie);

	assert_int_equal(
		ASK(.method = "POST", .path = "/changes/1/hold", .form = form, .headers = headers),
		303);
	assert_true(says(bench, "Location: /changes/1\r\n"));
	assert_true(is_held(bench));
	assert_int_equal(ASK(.path = "/changes/1", .headers = cookie), 200);
	assert_true(says(bench, "freeze of today"));
}

static void a_form_without_its_sessions_token_does_nothing(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *ana = log_in(bench, ANA);
	sl_autofree char *dana = log_in(bench, DANA);
	sl_autofree char *csrf = csrf_of(bench, ana);
	sl_autofree char *others = sl_xasprintf("csrf=%s&reason=x", csrf);
	const char *const forms[] = { "reason=x", "csrf=&reason=x", "csrf=0000&reason=x", others };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_int_equal(ASK(.method = "POST", .path = "/changes/1/hold", .form = forms[i],
					 .headers = dana),
			403);
	assert_int_equal(ASK(.method = "POST", .path = "/changes/1/hold", .form = "reason=x"), 401);
	assert_false(is_held(bench));
}

static void a_form_from_another_site_does_nothing_even_with_the_token(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *cookie = log_in(bench, DANA);
	sl_autofree char *csrf = csrf_of(bench, cookie);
	sl_autofree char *form = sl_xasprintf("csrf=%s&reason=x", csrf);
	const char *const signs[] = { "Sec-Fetch-Site: cross-site", "Origin: https://elsewhere",
		"Origin: null", "Referer: https://elsewhere/here" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		sl_autofree char *headers = sl_xasprintf("%s%s\r\n", cookie, signs[i]);

		assert_int_equal(ASK(.method = "POST", .path = "/changes/1/hold", .form = form,
					 .headers = headers),
			403);
	}
	assert_false(is_held(bench));
}

static void a_session_does_not_act_under_api(void **state)
{
	struct bench *bench = *state;
	sl_autofree char *cookie = log_in(bench, DANA);
	sl_autofree char *csrf = csrf_of(bench, cookie);
	sl_autofree char *json = sl_xasprintf("{\"reason\": \"x\", \"csrf\": \"%s\"}", csrf);

	assert_int_equal(ASK(.method = "POST", .path = "/api/changes/1/hold", .json = json,
				 .headers = cookie),
		401);
	assert_false(is_held(bench));
}

static void a_token_acts_under_api(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.method = "POST", .path = "/api/changes/1/hold",
				 .json = "{\"reason\": \"x\"}",
				 .headers = "Authorization: Bearer " DANA "\r\n"),
		200);
	assert_true(is_held(bench));
}

static void a_name_in_a_header_does_not_overrule_a_token(void **state)
{
	struct bench *bench = *state;
	const char *const headers = "Authorization: Bearer " ANA "\r\nX-Sluice-User: dana\r\n";

	assert_int_equal(ASK(.path = "/api/whoami", .headers = headers, .local = true), 200);
	assert_true(says(bench, "\"ana\""));
	assert_false(says(bench, "dana"));
	assert_int_equal(ASK(.path = "/api/whoami", .headers = headers), 200);
	assert_true(says(bench, "\"ana\""));
}

static void a_name_in_a_header_alone_is_worth_nothing(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ASK(.path = "/api/whoami", .headers = "X-Sluice-User: dana\r\n"), 401);
	assert_int_equal(
		ASK(.path = "/api/whoami", .headers = "X-Sluice-User: dana\r\n", .local = true),
		401);
	assert_true(says(bench, "server.assert_users"));
}

static void a_stranger_leaves_no_trace_in_the_audit_but_a_refused_user_does(void **state)
{
	struct bench *bench = *state;
	size_t before = audit_rows(bench);

	for (int i = 0; i < 5; i++)
		assert_int_equal(ASK(.method = "POST", .path = "/api/changes/1/hold",
					 .json = "{\"reason\": \"x\"}"),
			401);
	assert_int_equal(audit_rows(bench), before);
	assert_int_equal(ASK(.method = "POST", .path = "/api/changes/1/resume", .json = "{}",
				 .headers = "Authorization: Bearer " ANA "\r\n"),
		403);
	assert_int_equal(audit_rows(bench), before + 1);
}

static void a_broken_body_is_a_clear_refusal(void **state)
{
	struct bench *bench = *state;
	const char *const bodies[] = { "{", "[]", "\"x\"", "{\"reason\": 5}" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int status = ASK(.method = "POST", .path = "/api/changes/1/waive",
			.json = bodies[i], .headers = "Authorization: Bearer " DANA "\r\n");

		assert_int_equal(status, 400);
		assert_true(says(bench, "\"message\""));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_reads_over_tcp),
		TEST(whoever_may_open_the_socket_reads),
		TEST(a_token_reads_over_tcp),
		TEST(a_false_token_is_refused_on_the_socket_too),
		TEST(what_a_pusher_wrote_is_inert_on_the_page),
		TEST(each_page_names_its_data),
		TEST(an_unknown_change_is_a_page_of_its_own),
		TEST(health_readiness_and_metrics_need_nobody),
		TEST(a_login_link_works_once),
		TEST(looking_at_a_login_link_does_not_use_it_up),
		TEST(a_made_up_login_link_is_refused),
		TEST(another_sites_form_logs_nobody_in_or_out),
		TEST(logging_out_ends_that_session_alone),
		TEST(what_ended_is_remembered_for_as_long_as_it_would_have_held),
		TEST(a_session_asks_for_no_login_link),
		TEST(a_form_acts_with_its_sessions_token_and_leads_back_to_the_change),
		TEST(a_form_without_its_sessions_token_does_nothing),
		TEST(a_form_from_another_site_does_nothing_even_with_the_token),
		TEST(a_session_does_not_act_under_api),
		TEST(a_token_acts_under_api),
		TEST(a_name_in_a_header_does_not_overrule_a_token),
		TEST(a_name_in_a_header_alone_is_worth_nothing),
		TEST(a_stranger_leaves_no_trace_in_the_audit_but_a_refused_user_does),
		TEST(a_broken_body_is_a_clear_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
