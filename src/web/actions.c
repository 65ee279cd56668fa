/* What people do: forms of the pages (session and CSRF token), and the same verbs under /api (token
 * or socket). */
#include "web.h"

#include "sluice/core/escape.h"
#include "sluice/core/json.h"

/* One verb's call: what came with it, wherever it stood. */
struct call {
	struct sl_web *web;
	struct sl_ask ask;
	int64_t id;
	const char *environment, *digest, *finding; /* NULL when absent */
	const char *target, *live, *until;
	const char *resolution;
	int64_t statement;
	bool dry_run;
	json_t *more; /* owned by who answers: what the verb found, or NULL */
};

typedef enum sl_code verb(struct call *call, struct sl_error *err);

static enum sl_code do_approve(struct call *call, struct sl_error *err)
{
	return sl_control_approve(call->web->options.control, &call->ask, call->id,
		call->environment, call->digest, err);
}

static enum sl_code do_revoke(struct call *call, struct sl_error *err)
{
	return sl_control_revoke(call->web->options.control, &call->ask, call->id,
		call->environment, err);
}

static enum sl_code do_hold(struct call *call, struct sl_error *err)
{
	return sl_control_hold(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_resume(struct call *call, struct sl_error *err)
{
	return sl_control_resume(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_waive(struct call *call, struct sl_error *err)
{
	if (!call->finding)
		return sl_error_set(err, SL_EINVAL, "a waiver names a rule or a fingerprint");
	return sl_control_waive(call->web->options.control, &call->ask, call->id,
		&(struct sl_waiving){ call->finding, call->until }, err);
}

static enum sl_code do_retry(struct call *call, struct sl_error *err)
{
	return sl_control_retry(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_skip(struct call *call, struct sl_error *err)
{
	return sl_control_skip(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_skip_stage(struct call *call, struct sl_error *err)
{
	return sl_control_skip_stage(call->web->options.control, &call->ask, call->id,
		call->environment, err);
}

static enum sl_code do_cancel(struct call *call, struct sl_error *err)
{
	return sl_control_cancel(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_resolve(struct call *call, struct sl_error *err)
{
	struct sl_resolving wanted = { 0 };

	if (!call->resolution || !sl_resolution_parse(&wanted.is, call->resolution))
		return sl_error_set(err, SL_EINVAL,
			"resolution: applied, not-applied, file-applied or file-not-applied");
	if (call->statement < 0 || call->statement > UINT32_MAX)
		return sl_error_set(err, SL_EINVAL, "statement: a number from 1 on");
	wanted.statement = (unsigned)call->statement;
	return sl_control_resolve(call->web->options.control, &call->ask, call->id, &wanted,
		&call->more, err);
}

static enum sl_code do_merge(struct call *call, struct sl_error *err)
{
	return sl_control_merge(call->web->options.control, &call->ask, call->id, err);
}

static enum sl_code do_adopt(struct call *call, struct sl_error *err)
{
	return sl_control_adopt(call->web->options.control, &call->ask, call->target, call->dry_run,
		&call->more, err);
}

static enum sl_code do_accept_drift(struct call *call, struct sl_error *err)
{
	return sl_control_accept_drift(call->web->options.control, &call->ask, call->target,
		call->live, err);
}

static enum sl_code do_check_drift(struct call *call, struct sl_error *err)
{
	return sl_control_check_drift(call->web->options.control, &call->ask, call->target, err);
}

/* --- forms ---------------------------------------------------------------------------------- */

/* After a form its browser looks at the page again. */
static void answer_form(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, verb *run, const char *page)
{
	struct sl_error err = SL_ERROR_INIT;
	const char *reason = sl_http_form(req, "reason");
	struct call call = { .web = web,
		.ask = { .reason = reason ? reason : "" },
		.id = sl_web_number(sl_http_param(req, "id"), 0),
		.environment = sl_http_form(req, "environment"),
		.digest = sl_http_form(req, "digest"),
		.target = sl_http_param(req, "name"),
		.live = sl_http_form(req, "live") };
	enum sl_code code = sl_web_check_form(web, req, &err);

	if (code == SL_OK)
		code = sl_web_who(web, req, true, &call.ask.who, &err);
	if (code == SL_OK)
		code = run(&call, &err);
	if (code != SL_OK)
		sl_web_error_page(web, req, res, &err);
	else
		sl_http_redirect(res, page);
}

static const char *change_page(struct sl_http_request *req, const char *id)
{
	return sl_arena_printf(sl_http_arena(req), "/changes/%lld",
		(long long)sl_web_number(id, 0));
}

static const char *target_page(struct sl_http_request *req)
{
	sl_auto_buf struct sl_buf page = SL_BUF_INIT(1000);

	sl_buf_adds(&page, "/targets/");
	sl_escape_url(&page, sl_http_param(req, "name"));
	return sl_arena_strdup(sl_http_arena(req), sl_buf_str(&page));
}

void sl_form_approve(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_approve, change_page(req, sl_http_param(req, "id")));
}

void sl_form_hold(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_hold, change_page(req, sl_http_param(req, "id")));
}

void sl_form_resume(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_resume, change_page(req, sl_http_param(req, "id")));
}

void sl_form_skip_stage(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_skip_stage, change_page(req, sl_http_param(req, "id")));
}

void sl_form_retry(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_retry, change_page(req, sl_http_form(req, "change")));
}

void sl_form_accept_drift(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_accept_drift, target_page(req));
}

void sl_form_check_drift(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_form(ctx, req, res, do_check_drift, target_page(req));
}

/* --- the API -------------------------------------------------------------------------------- */

static const char *member(const json_t *body, const char *key)
{
	return json_string_value(json_object_get(body, key));
}

static void answer_api(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, verb *run)
{
	struct sl_error err = SL_ERROR_INIT;
	size_t len;
	const char *text = sl_http_body(req, &len);
	sl_auto_json json_t *body = NULL;
	sl_auto_json json_t *done = json_pack("{s:s}", "result", "done");
	struct call call = { .web = web,
		.id = sl_web_number(sl_http_param(req, "id"), 0),
		.target = sl_http_param(req, "name") };
	enum sl_code code = SL_OK;

	if (len > 0)
		code = sl_json_load(&body, text, len, SL_HTTP_BODY_DEFAULT, "request", &err);
	call.ask.reason = sl_json_str(body, "reason", "");
	call.environment = member(body, "environment");
	call.digest = member(body, "digest");
	call.finding = member(body, "finding");
	call.live = member(body, "live");
	call.until = member(body, "until");
	call.resolution = member(body, "resolution");
	call.statement = sl_json_i64(body, "statement", 0);
	call.dry_run = sl_json_bool(body, "dry_run", false);
	/* Before the verb: a refusal there is kept for good, which no stranger may cause. */
	if (code == SL_OK)
		code = sl_web_may_ask(web, req, false, &call.ask.who, &err);
	if (code == SL_OK)
		code = run(&call, &err);
	if (code == SL_OK && call.more)
		json_object_update_missing(done, call.more);
	json_decref(call.more);
	if (code == SL_OK)
		sl_http_json(res, 200, done);
	else
		sl_http_error(res, &err);
}

void sl_api_approve(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_approve);
}

void sl_api_revoke(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_revoke);
}

void sl_api_hold(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_hold);
}

void sl_api_resume(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_resume);
}

void sl_api_waive(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_waive);
}

void sl_api_retry(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_retry);
}

void sl_api_skip(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_skip);
}

void sl_api_skip_stage(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_skip_stage);
}

void sl_api_cancel(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_cancel);
}

void sl_api_resolve(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_resolve);
}

void sl_api_merge(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_merge);
}

void sl_api_adopt(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_adopt);
}

void sl_api_accept_drift(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_accept_drift);
}

void sl_api_check_drift(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_api(ctx, req, res, do_check_drift);
}
