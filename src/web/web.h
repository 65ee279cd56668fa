/* What the handlers share. */
#ifndef SLUICE_WEB_WEB_INT_H
#define SLUICE_WEB_WEB_INT_H

#include "sluice/web.h"

#include "sluice/control/people.h"

#include <pthread.h>
#include <stdatomic.h>

#define SL_COOKIE        "sluice"
#define SL_OPEN_BODY_MAX (16u << 20) /* of a change that is opened with its SQL */

struct sl_web {
	struct sl_web_options options;
	pthread_rwlock_t lock; /* over auth and address */
	struct sl_auth *auth; /* owned */
	char address[256];
	atomic_bool ready;
};

/* Who asks: token, then session (where it counts), then the account on the socket. */
enum sl_code sl_web_who(struct sl_web *web, struct sl_http_request *req, bool session,
	struct sl_person *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Whether the request may read, and be told why it may not act: somebody known, or anybody on the
 * socket. */
enum sl_code sl_web_may_ask(struct sl_web *web, struct sl_http_request *req, bool session,
	struct sl_person *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Whether a page of this session sent the form; says nothing of whether the session still holds. */
enum sl_code sl_web_check_form(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Ends the request's session, wherever its cookie went; check the form first. */
enum sl_code sl_web_end_session(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err) __attribute__((warn_unused_result));

/* SL_EDENIED when a browser says that another site's page sent the form. */
enum sl_code sl_web_check_site(struct sl_web *web, struct sl_http_request *req,
	struct sl_error *err) __attribute__((warn_unused_result));

/* A page: the view gets title, version, me and csrf on top.  Takes over view. */
void sl_web_page(struct sl_web *web, struct sl_http_request *req, struct sl_http_response *res,
	const char *template, const char *title, json_t *view);

/* The page of an error. */
void sl_web_error_page(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, const struct sl_error *err);

/* A whole number of the path or the query; fallback when absent or wrong. */
int64_t sl_web_number(const char *text, int64_t fallback);

/* The handlers, each file's own; sl_web_routes() lists them. */
typedef void sl_web_handler(void *ctx, struct sl_http_request *req, struct sl_http_response *res);

sl_web_handler sl_web_home, sl_web_changes, sl_web_change, sl_web_targets, sl_web_target,
	sl_web_diff, sl_web_rule, sl_web_static;
sl_web_handler sl_api_changes, sl_api_change, sl_api_commit, sl_api_targets, sl_api_target,
	sl_api_diff, sl_api_status, sl_api_drifts, sl_api_drift, sl_api_history, sl_api_audit,
	sl_api_whoami;
sl_web_handler sl_form_approve, sl_form_hold, sl_form_resume, sl_form_retry, sl_form_skip_stage,
	sl_form_accept_drift, sl_form_check_drift;
sl_web_handler sl_api_approve, sl_api_revoke, sl_api_hold, sl_api_resume, sl_api_waive,
	sl_api_retry, sl_api_skip, sl_api_skip_stage, sl_api_cancel, sl_api_resolve, sl_api_merge,
	sl_api_open, sl_api_adopt, sl_api_accept_drift, sl_api_check_drift;
sl_web_handler sl_web_login, sl_web_login_post, sl_web_logout, sl_api_login_link;
sl_web_handler sl_web_healthz, sl_web_readyz, sl_web_metrics, sl_web_push;

#endif
