/* From a token to a browser: a link that works once, then a session in a cookie. */
#include "web.h"

#include "sluice/core/str.h"
#include "sluice/store/store.h"

static enum sl_code check_link(struct sl_web *web, const char *code_text, char user[SL_USER_LIMIT],
	char nonce[SL_ID_SIZE], struct sl_error *err)
{
	enum sl_code code;

	(void)pthread_rwlock_rdlock(&web->lock);
	code = sl_auth_link_check(web->auth, code_text ? code_text : "", user, nonce, err);
	(void)pthread_rwlock_unlock(&web->lock);
	return code;
}

/* Looking at the link does not use it up: chat programs and proxies look too. */
void sl_web_login(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;
	const char *code = sl_http_query(req, "code");
	char user[SL_USER_LIMIT];
	char nonce[SL_ID_SIZE];

	if (check_link(ctx, code, user, nonce, &err) != SL_OK) {
		sl_web_error_page(ctx, req, res, &err);
		return;
	}
	sl_web_page(ctx, req, res, "login.html", "Log in",
		json_pack("{s:s, s:s}", "user", user, "code", code));
}

/* On whichever replica it is used first. */
static enum sl_code use_once(struct sl_web *web, struct sl_arena *arena, const char *link,
	const char *nonce, struct sl_error *err)
{
	struct sl_store_first first = {
		.key = sl_store_meta_until(arena, sl_auth_expiry(link),
			sl_arena_printf(arena, "login.%s", nonce)),
		.value = "used",
	};
	enum sl_code code = sl_store_first_meta(web->options.store, &first, arena, err);

	if (code == SL_OK && !first.fresh)
		code = sl_error_set(err, SL_EUNAUTH,
			"the login link was used already: ask for a new one with `sluice login`");
	return code;
}

void sl_web_login_post(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_web *web = ctx;
	sl_auto(sl_world_unref_p)
		const struct sl_world *world = sl_control_world(web->options.control);
	struct sl_error err = SL_ERROR_INIT;
	char user[SL_USER_LIMIT];
	char nonce[SL_ID_SIZE];
	char session[SL_AUTH_TEXT_SIZE];
	enum sl_code code = sl_web_check_site(web, req, &err);

	if (code == SL_OK)
		code = check_link(web, sl_http_form(req, "code"), user, nonce, &err);
	if (code == SL_OK)
		code = use_once(web, sl_http_arena(req), sl_http_form(req, "code"), nonce, &err);
	if (code != SL_OK) {
		sl_web_error_page(ctx, req, res, &err);
		return;
	}
	(void)pthread_rwlock_rdlock(&web->lock);
	sl_auth_session(web->auth, user, session);
	(void)pthread_rwlock_unlock(&web->lock);
	sl_http_set(res, "Set-Cookie",
		sl_arena_printf(sl_http_arena(req),
			SL_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax%s", session,
			sl_str_starts(world->url, "https:") ? "; Secure" : ""));
	sl_http_redirect(res, "/changes");
}

void sl_web_logout(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;

	if (sl_web_check_form(ctx, req, &err) != SL_OK ||
		sl_web_end_session(ctx, req, &err) != SL_OK) {
		sl_web_error_page(ctx, req, res, &err);
		return;
	}
	sl_http_set(res, "Set-Cookie", SL_COOKIE "=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
	sl_http_redirect(res, "/changes");
}

void sl_api_login_link(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_web *web = ctx;
	sl_auto(sl_world_unref_p)
		const struct sl_world *world = sl_control_world(web->options.control);
	struct sl_error err = SL_ERROR_INIT;
	struct sl_person who;
	char code_text[SL_AUTH_TEXT_SIZE];
	const char *url;
	sl_auto_json json_t *view = NULL;
	enum sl_code code = sl_web_who(web, req, false, &who, &err);

	if (code == SL_OK && who.user[0] == '\0')
		code = sl_error_set(&err, SL_EUNAUTH, "nobody known is asking: set SLUICE_TOKEN");
	(void)pthread_rwlock_rdlock(&web->lock);
	if (code == SL_OK && world->url[0] == '\0' && web->address[0] == '\0')
		code = sl_error_set(&err, SL_ECONFLICT,
			"no pages are served: set server.listen, or server.url behind a proxy");
	(void)pthread_rwlock_unlock(&web->lock);
	if (code != SL_OK) {
		sl_http_error(res, &err);
		return;
	}
	(void)pthread_rwlock_rdlock(&web->lock);
	sl_auth_link(web->auth, who.user, code_text);
	url = sl_arena_printf(sl_http_arena(req), "%s/login?code=%s",
		world->url[0] ? world->url : web->address, code_text);
	(void)pthread_rwlock_unlock(&web->lock);
	view = json_pack("{s:s, s:s}", "url", url, "user", who.user);
	sl_http_json(res, 200, view);
}
