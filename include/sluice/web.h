/*
 * web: the pages, the API and what a machine asks a daemon: health, readiness, metrics, the push
 * hook.
 *
 * Each page is rendered from a view (control/people.h), and the same view is its twin under /api. A
 * page needs no script.  Who reads must be known (token, session) or be on the Unix socket, whose
 * permissions are the check; who acts must be a user.  Forms carry the session's CSRF token; under
 * /api nobody acts by a session, only by a token or the socket.
 *
 * Threading: handlers run on the server's threads; sl_web_set_auth() may be called at any time.
 */
#ifndef SLUICE_WEB_H
#define SLUICE_WEB_H

#include "sluice/auth.h"
#include "sluice/control/control.h"
#include "sluice/http.h"

struct sl_web;

struct sl_web_options {
	struct sl_control *control; /* borrowed */
	struct sl_store *store; /* borrowed: remembers used login links */
	const struct sl_clock *clock;
	const char *version; /* "0.1.0" */
};

struct sl_web *sl_web_new(const struct sl_web_options *options, struct sl_auth *auth)
	__attribute__((returns_nonnull, warn_unused_result));

/* No request may be under way.  Accepts NULL. */
void sl_web_free(struct sl_web *web);
SL_DEFINE_CLEANUP(struct sl_web, sl_web_free);

/* Takes over auth; the old one is freed when the last request that uses it has ended. */
void sl_web_set_auth(struct sl_web *web, struct sl_auth *auth);

/* Readiness: false from the moment a stop begins. */
void sl_web_set_ready(struct sl_web *web, bool ready);

/* The address that is served, for links when the configuration has none; copied. */
void sl_web_set_address(struct sl_web *web, const char *url);

/* The routes; their ctx is the struct sl_web. */
const struct sl_http_route *sl_web_routes(size_t *n);

#endif
