#include "web.h"

#include "template.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sl_web *sl_web_new(const struct sl_web_options *options, struct sl_auth *auth)
{
	struct sl_web *web = sl_xcalloc(1, sizeof(*web));

	web->options = *options;
	web->auth = auth;
	(void)pthread_rwlock_init(&web->lock, NULL);
	atomic_init(&web->ready, false);
	return web;
}

void sl_web_free(struct sl_web *web)
{
	if (!web)
		return;
	sl_auth_free(web->auth);
	(void)pthread_rwlock_destroy(&web->lock);
	free(web);
}

void sl_web_set_auth(struct sl_web *web, struct sl_auth *auth)
{
	struct sl_auth *old;

	(void)pthread_rwlock_wrlock(&web->lock);
	old = web->auth;
	web->auth = auth;
	(void)pthread_rwlock_unlock(&web->lock);
	sl_auth_free(old);
}

void sl_web_set_ready(struct sl_web *web, bool ready)
{
	atomic_store(&web->ready, ready);
}

void sl_web_set_address(struct sl_web *web, const char *url)
{
	(void)pthread_rwlock_wrlock(&web->lock);
	(void)snprintf(web->address, sizeof(web->address), "%s", url);
	(void)pthread_rwlock_unlock(&web->lock);
}

/* A header of another scheme is a claim too, and a false one: it must not fall back to the account
 * on the socket. */
static const char *bearer(struct sl_http_request *req)
{
	const char *header = sl_http_header(req, "Authorization");
	const size_t len = strlen("Bearer ");

	if (!header)
		return NULL;
	return strncasecmp(header, "Bearer ", len) == 0 ? header + len : "";
}

/* A session is its own proof, so that one which was ended has to be remembered. */
static const char *ended_key(struct sl_http_request *req, const char *session)
{
	const char *signature = strrchr(session, '.');

	return sl_store_meta_until(sl_http_arena(req), sl_auth_expiry(session),
		sl_arena_printf(sl_http_arena(req), "ended.%s",
			signature ? signature + 1 : session));
}

static enum sl_code check_not_ended(struct sl_web *web, struct sl_http_request *req,
	const char *session, struct sl_error *err)
{
	const char *ended;
	enum sl_code code = sl_store_meta(web->options.store, ended_key(req, session),
		sl_http_arena(req), &ended, err);

	if (code == SL_OK && ended)
		return sl_error_set(err, SL_EUNAUTH,
			"the session has ended: ask for a new login link");
	return code;
}

enum sl_code sl_web_end_session(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err)
{
	struct sl_person who;
	enum sl_code code = sl_web_who(web, req, true, &who, err);

	if (code != SL_OK)
		return code;
	return sl_store_set_meta(web->options.store, ended_key(req, sl_http_cookie(req, SL_COOKIE)),
		"ended", err);
}

enum sl_code sl_web_who(struct sl_web *web, struct sl_http_request *req, bool session,
	struct sl_person *out, struct sl_error *err)
{
	struct sl_auth_claim claim = { .token = bearer(req),
		.asserted = sl_http_header(req, "X-Sluice-User") };
	struct sl_person who;
	enum sl_code code;

	claim.local = sl_http_peer(req, &claim.uid);
	if (session)
		claim.session = sl_http_cookie(req, SL_COOKIE);
	(void)pthread_rwlock_rdlock(&web->lock);
	code = sl_auth_identify(web->auth, &claim, &who, err);
	(void)pthread_rwlock_unlock(&web->lock);
	if (code == SL_OK && sl_str_eq(who.via, "session"))
		code = check_not_ended(web, req, claim.session, err);
	if (code == SL_OK)
		*out = who;
	return code;
}

enum sl_code sl_web_may_ask(struct sl_web *web, struct sl_http_request *req, bool session,
	struct sl_person *out, struct sl_error *err)
{
	uid_t uid;
	enum sl_code code = sl_web_who(web, req, session, out, err);

	if (code == SL_OK && out->user[0] == '\0' && !sl_http_peer(req, &uid))
		return sl_error_set(err, SL_EUNAUTH,
			"log in first: `sluice login` prints a link; programs send a token");
	return code;
}

/* Whether the URL is of that host and port; its scheme may end at a proxy before us. */
static bool is_of(const char *url, const char *authority)
{
	const char *slashes = strstr(url, "://");
	size_t len;

	if (!slashes || !authority || authority[0] == '\0')
		return false;
	slashes += strlen("://");
	len = strcspn(slashes, "/?#");
	return len == strlen(authority) && strncasecmp(slashes, authority, len) == 0;
}

static bool is_ours(struct sl_web *web, struct sl_http_request *req, const char *url)
{
	sl_auto(sl_world_unref_p)
		const struct sl_world *world = sl_control_world(web->options.control);
	const char *own = strstr(world->url, "://");
	const char *authority = own ? own + strlen("://") : "";

	return is_of(url, sl_http_header(req, "Host")) ||
		is_of(url,
			sl_arena_strndup(sl_http_arena(req), authority, strcspn(authority, "/")));
}

/* Browsers say where a form is from, each in the way that it has; programs say nothing. */
enum sl_code sl_web_check_site(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err)
{
	const char *site = sl_http_header(req, "Sec-Fetch-Site");
	const char *origin = sl_http_header(req, "Origin");
	bool ours = true;

	if (site)
		ours = sl_str_eq(site, "same-origin") || sl_str_eq(site, "none");
	else if (origin || (origin = sl_http_header(req, "Referer")))
		ours = is_ours(web, req, origin);
	return ours ? SL_OK : sl_error_set(err, SL_EDENIED, "the form is from another site");
}

enum sl_code sl_web_check_form(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err)
{
	const char *session = sl_http_cookie(req, SL_COOKIE);
	const char *csrf = sl_http_form(req, "csrf");
	bool ok;

	if (!session)
		return sl_error_set(err, SL_EUNAUTH, "log in first: `sluice login` prints a link");
	(void)pthread_rwlock_rdlock(&web->lock);
	ok = sl_auth_csrf_ok(web->auth, session, csrf ? csrf : "");
	(void)pthread_rwlock_unlock(&web->lock);
	if (!ok)
		return sl_error_set(err, SL_EDENIED,
			"the form is not from this session: load the page again");
	return sl_web_check_site(web, req, err);
}

static void add_me(struct sl_web *web, struct sl_http_request *req, json_t *view)
{
	const char *session = sl_http_cookie(req, SL_COOKIE);
	struct sl_person who;
	char csrf[SL_AUTH_CSRF_SIZE];

	if (!session || sl_web_who(web, req, true, &who, NULL) != SL_OK || who.user[0] == '\0')
		return;
	(void)pthread_rwlock_rdlock(&web->lock);
	sl_auth_csrf(web->auth, session, csrf);
	(void)pthread_rwlock_unlock(&web->lock);
	(void)json_object_set_new(view, "me", json_string(who.user));
	(void)json_object_set_new(view, "csrf", json_string(csrf));
	(void)json_object_set_new(view, "can_act", json_true());
}

void sl_web_page(struct sl_web *web, struct sl_http_request *req, struct sl_http_response *res,
	const char *template, const char *title, json_t *view)
{
	(void)json_object_set_new(view, "title", json_string(title));
	(void)json_object_set_new(view, "sluice_version", json_string(web->options.version));
	add_me(web, req, view);
	sl_http_type(res, "text/html; charset=utf-8");
	sl_template_render(template, view, sl_http_out(res));
	json_decref(view);
}

static const char *title_of(enum sl_code code)
{
	switch (code) {
	case SL_EUNAUTH:
		return "Not logged in";
	case SL_EDENIED:
		return "Not allowed";
	case SL_ENOTFOUND:
		return "Not found";
	case SL_ECONFLICT:
		return "Not now";
	default:
		return "That did not work";
	}
}

void sl_web_error_page(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, const struct sl_error *err)
{
	json_t *view = json_object();

	(void)json_object_set_new(view, "log_in", json_boolean(err->code == SL_EUNAUTH));
	(void)json_object_set_new(view, "message", json_string(err->msg));
	sl_web_page(web, req, res, "error.html", title_of(err->code), view);
	sl_http_status(res, sl_code_http_status(err->code));
}

int64_t sl_web_number(const char *text, int64_t fallback)
{
	int64_t number = fallback;

	if (text && !sl_parse_i64(text, 0, INT64_MAX, &number))
		return fallback;
	return number;
}
