/* Every address that is served. */
#include "web.h"

static const struct sl_http_route routes[] = {
	{ "GET", "/", sl_web_home, 0, "to the changes" },
	{ "GET", "/changes", sl_web_changes, 0, "list of changes" },
	{ "GET", "/changes/{id}", sl_web_change, 0, "one change" },
	{ "POST", "/changes/{id}/approve", sl_form_approve, 0, "approve a stage" },
	{ "POST", "/changes/{id}/hold", sl_form_hold, 0, "hold a change" },
	{ "POST", "/changes/{id}/resume", sl_form_resume, 0, "resume a change" },
	{ "POST", "/tasks/{id}/retry", sl_form_retry, 0, "try a task again" },
	{ "GET", "/targets", sl_web_targets, 0, "list of targets" },
	{ "GET", "/targets/{name}", sl_web_target, 0, "history and schema of a target" },
	{ "GET", "/targets/{name}/diff", sl_web_diff, 0, "difference of two snapshots" },
	{ "GET", "/rules/{id}", sl_web_rule, 0, "one review rule" },
	{ "GET", "/login", sl_web_login, 0, "a login link" },
	{ "POST", "/login", sl_web_login_post, 0, "uses a login link" },
	{ "POST", "/logout", sl_web_logout, 0, "ends the session" },
	{ "GET", "/style.css", sl_web_static, 0, "the style sheet" },
	{ "GET", "/icon.svg", sl_web_static, 0, "the icon" },
	{ "GET", "/api/status", sl_api_status, 0, "what needs somebody" },
	{ "GET", "/api/changes", sl_api_changes, 0, "list of changes" },
	{ "GET", "/api/changes/{id}", sl_api_change, 0, "one change" },
	{ "GET", "/api/commits/{id}", sl_api_commit, 0, "the changes that a commit holds" },
	{ "POST", "/api/changes", sl_api_open, SL_OPEN_BODY_MAX,
		"open a change without a repository" },
	{ "POST", "/api/changes/{id}/merge", sl_api_merge, 0, "merge such a change" },
	{ "POST", "/api/changes/{id}/approve", sl_api_approve, 0, "approve a stage" },
	{ "POST", "/api/changes/{id}/revoke", sl_api_revoke, 0, "take an approval back" },
	{ "POST", "/api/changes/{id}/hold", sl_api_hold, 0, "hold a change" },
	{ "POST", "/api/changes/{id}/resume", sl_api_resume, 0, "resume a change" },
	{ "POST", "/api/changes/{id}/waive", sl_api_waive, 0, "accept a finding" },
	{ "POST", "/api/tasks/{id}/retry", sl_api_retry, 0, "try a task again" },
	{ "POST", "/api/tasks/{id}/skip", sl_api_skip, 0, "skip a task" },
	{ "POST", "/api/tasks/{id}/cancel", sl_api_cancel, 0, "cancel before the next statement" },
	{ "POST", "/api/tasks/{id}/resolve", sl_api_resolve, 0, "say what a task did" },
	{ "GET", "/api/targets", sl_api_targets, 0, "list of targets" },
	{ "GET", "/api/targets/{name}", sl_api_target, 0, "history and schema of a target" },
	{ "POST", "/api/targets/{name}/adopt", sl_api_adopt, 0, "take a target over" },
	{ "GET", "/api/targets/{name}/diff", sl_api_diff, 0, "difference of two snapshots" },
	{ "GET", "/api/history", sl_api_history, 0, "runs, newest first" },
	{ "GET", "/api/audit", sl_api_audit, 0, "who asked for what" },
	{ "GET", "/api/whoami", sl_api_whoami, 0, "who is asking" },
	{ "POST", "/api/login-link", sl_api_login_link, 0, "a link that logs a browser in" },
	{ "POST", SL_HOOK_ROUTE, sl_web_push, SL_HOOK_BODY_MAX, "the push hook" },
	{ "GET", "/healthz", sl_web_healthz, 0, "the process lives" },
	{ "GET", "/readyz", sl_web_readyz, 0, "the store answers, nothing is stopping" },
	{ "GET", "/metrics", sl_web_metrics, 0, "Prometheus metrics" },
};

const struct sl_http_route *sl_web_routes(size_t *n)
{
	*n = sizeof(routes) / sizeof(routes[0]);
	return routes;
}
