/* POST /api/changes: a change without a repository of one's own. */
#include "web.h"

#include "sluice/core/json.h"

#define WAIT_US (3 * SL_SECOND_US)

/* Until the change has its review, or as long as an answer is of use; *id 0 then. */
static enum sl_code wait_change(struct sl_web *web, const char *branch, const char *head,
	int64_t *id, struct sl_error *err)
{
	const int64_t until = sl_clock_mono(web->options.clock) + WAIT_US;
	enum sl_code code;

	for (;;) {
		code = sl_control_opened(web->options.control, branch, head, id, err);
		if (code != SL_OK || *id != 0 || sl_clock_mono(web->options.clock) >= until)
			return code;
		sl_control_wait_project(web->options.control, SL_SECOND_US / 10);
	}
}

static enum sl_code open_change(struct sl_web *web, struct sl_http_request *req, json_t **out,
	struct sl_error *err)
{
	struct sl_ask ask = { .reason = "" };
	size_t len;
	const char *text = sl_http_body(req, &len);
	sl_auto_json json_t *body = NULL;
	struct sl_opening opening;
	struct sl_opened opened = { 0 };
	int64_t id = 0;
	enum sl_code code = sl_web_may_ask(web, req, false, &ask.who, err);

	if (code == SL_OK)
		code = sl_json_load(&body, text, len, len, "request", err);
	if (code != SL_OK)
		return code;
	opening = (struct sl_opening){ .sql = sl_json_str(body, "sql", ""),
		.targets = sl_json_str(body, "targets", ""),
		.title = sl_json_str(body, "title", "") };
	code = sl_control_open_change(web->options.control, &ask, &opening, sl_http_arena(req),
		&opened, err);
	if (code == SL_OK)
		code = wait_change(web, opened.branch, opened.head, &id, err);
	if (code == SL_OK)
		*out = json_pack("{s:{s:I, s:s, s:s}}", "change", "id", (json_int_t)id, "branch",
			opened.branch, "head", opened.head);
	return code;
}

void sl_api_open(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;
	sl_auto_json json_t *answer = NULL;

	if (open_change(ctx, req, &answer, &err) == SL_OK)
		sl_http_json(res, 202, answer);
	else
		sl_http_error(res, &err);
}
