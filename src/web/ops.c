/* What machines ask: health, readiness, metrics, and the push hook. */
#include "web.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"

#include <string.h>

void sl_web_healthz(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	(void)ctx;
	(void)req;
	sl_buf_adds(sl_http_out(res), "ok\n");
}

void sl_web_readyz(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_web *web = ctx;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto_json json_t *view = NULL;

	(void)req;
	if (!atomic_load(&web->ready)) {
		sl_http_status(res, 503);
		sl_buf_adds(sl_http_out(res), "starting or stopping\n");
	} else if (sl_view_status(web->options.control, &view, &err) != SL_OK) {
		sl_http_status(res, 503);
		sl_buf_adds(sl_http_out(res), "the store does not answer\n");
		sl_log(SL_LOG_WARNING, "not.ready", "error", err.msg, NULL);
	} else {
		sl_buf_adds(sl_http_out(res), "ready\n");
	}
}

/* A metric of the status view, with its help. */
static const struct {
	const char *name, *key, *help;
} gauges[] = {
	{ "sluice_changes_open", "open", "Changes that are open or at work." },
	{ "sluice_runs_running", "running", "Runs at work in this process." },
	{ "sluice_targets", "targets", "Configured targets." },
	{ "sluice_targets_drifted", "drifted",
		"Targets whose structure is not the one that is meant to be there." },
	{ "sluice_targets_drift_unknown", "drift_unknown",
		"Targets that were not compared yet, or cannot be seen whole." },
};

void sl_web_metrics(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_web *web = ctx;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto_json json_t *view = NULL;
	struct sl_buf *out = sl_http_out(res);

	(void)req;
	if (sl_view_status(web->options.control, &view, &err) != SL_OK) {
		sl_http_error(res, &err);
		return;
	}
	sl_http_type(res, "text/plain; version=0.0.4; charset=utf-8");
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		sl_buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %lld\n", gauges[i].name,
			gauges[i].help, gauges[i].name, gauges[i].name,
			(long long)sl_json_i64(json_object_get(view, "status"), gauges[i].key, 0));
}

/* Waits as long as an answer is of use to the pusher. */
static enum sl_code wait_answer(struct sl_web *web, const char *project,
	const struct sl_hook_request *push, struct sl_arena *arena, struct sl_hook_answer *out,
	struct sl_error *err)
{
	const int64_t until = sl_clock_mono(web->options.clock) +
		push->wait_ms * (SL_SECOND_US / 1000);
	enum sl_code code;

	for (;;) {
		int64_t left = until - sl_clock_mono(web->options.clock);

		code = sl_control_push_answer(web->options.control, project, push, arena, out, err);
		if (code != SL_OK || out->done != SL_HOOK_LATER || left <= 0)
			return code;
		sl_control_wait_project(web->options.control,
			left < SL_SECOND_US / 4 ? left : SL_SECOND_US / 4);
	}
}

static enum sl_code take_push(struct sl_web *web, struct sl_http_request *req,
	struct sl_hook_answer *out, struct sl_error *err)
{
	struct sl_arena *arena = sl_http_arena(req);
	struct sl_hook_request push;
	const char *project = NULL;
	struct sl_person who;
	size_t len;
	const char *body = sl_http_body(req, &len);
	enum sl_code code = sl_web_may_ask(web, req, false, &who, err);

	if (code == SL_OK)
		code = sl_hook_request_decode(arena, body, len, &push, err);
	if (code == SL_OK)
		code = sl_control_pushed(web->options.control, &who, &push, &project, err);
	if (code != SL_OK)
		return code;
	*out = (struct sl_hook_answer){ .done = SL_HOOK_IGNORED };
	return project ? wait_answer(web, project, &push, arena, out, err) : SL_OK;
}

void sl_web_push(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_hook_answer answer;

	if (take_push(ctx, req, &answer, &err) != SL_OK) {
		sl_http_error(res, &err);
		return;
	}
	sl_hook_answer_encode(&answer, sl_http_out(res));
}
