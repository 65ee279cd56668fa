/* The pages, and their twins under /api: one view each. */
#include "web.h"

#include "files.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/review/rule.h"

#include <stdio.h>
#include <string.h>

/* Makes the view of a request. */
typedef enum sl_code view_maker(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err);

static unsigned limit_of(struct sl_http_request *req)
{
	int64_t limit = sl_web_number(sl_http_query(req, "limit"), 50);

	return limit < 1 ? 1 : limit > 1000 ? 1000 : (unsigned)limit;
}

static enum sl_code make_changes(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_changes(control, sl_web_number(sl_http_query(req, "before"), 0),
		limit_of(req), out, err);
}

static enum sl_code make_change(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	const char *given = sl_http_param(req, "id");
	int64_t id = sl_web_number(given, 0);

	if (id == 0)
		return sl_error_set(err, SL_ENOTFOUND, "there is no change %.40s", given);
	return sl_view_change(control, id, out, err);
}

static enum sl_code make_commit(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_commit(control, sl_http_param(req, "id"), sl_http_query(req, "environment"),
		out, err);
}

static enum sl_code make_targets(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	(void)req;
	return sl_view_targets(control, out, err);
}

static enum sl_code make_target(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_target(control, sl_http_param(req, "name"), out, err);
}

/* Of the snapshots in a row that are alike, the newest; the first before it is the one to compare
 * with. */
static json_t *distinct(const json_t *snapshots)
{
	json_t *rows = json_array();
	const char *last = "";
	json_t *row;
	size_t i;

	json_array_foreach(snapshots, i, row) {
		const char *hash = sl_json_str(row, "hash", "");
		json_t *kept;

		if (sl_str_eq(hash, last))
			continue;
		kept = json_copy(row);
		if (json_array_size(rows) == 1)
			(void)json_object_set_new(kept, "earlier", json_true());
		(void)json_array_append_new(rows, kept);
		last = hash;
	}
	return rows;
}

static enum sl_code make_target_page(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	enum sl_code code = make_target(control, req, out, err);
	json_t *target = code == SL_OK ? json_object_get(*out, "target") : NULL;

	if (code != SL_OK)
		return code;
	(void)json_object_set_new(target, "snapshots",
		distinct(json_object_get(target, "snapshots")));
	(void)json_object_set_new(target, "events_any",
		json_boolean(json_array_size(json_object_get(target, "events")) > 0));
	(void)json_object_set_new(target, "history_any",
		json_boolean(json_array_size(json_object_get(target, "history")) > 0));
	return SL_OK;
}

static enum sl_code make_diff(struct sl_control *control, struct sl_http_request *req, json_t **out,
	struct sl_error *err)
{
	const char *from = sl_http_query(req, "from");
	const char *to = sl_http_query(req, "to");

	if (!from || !to)
		return sl_error_set(err, SL_EINVAL, "a difference needs from= and to=");
	return sl_view_diff(control, sl_http_param(req, "name"), from, to, out, err);
}

static enum sl_code make_drifts(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	(void)req;
	return sl_view_drifts(control, out, err);
}

static enum sl_code make_drift(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_drift(control, sl_http_param(req, "name"), out, err);
}

static enum sl_code make_status(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	(void)req;
	return sl_view_status(control, out, err);
}

static enum sl_code make_history(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_history(control, sl_http_query(req, "target"), limit_of(req), out, err);
}

static enum sl_code make_audit(struct sl_control *control, struct sl_http_request *req,
	json_t **out, struct sl_error *err)
{
	return sl_view_audit(control, sl_web_number(sl_http_query(req, "before"), 0), limit_of(req),
		out, err);
}

static void answer_data(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, view_maker *make)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_person who;
	sl_auto_json json_t *view = NULL;
	enum sl_code code = sl_web_may_ask(web, req, true, &who, &err);

	if (code == SL_OK)
		code = make(web->options.control, req, &view, &err);
	if (code == SL_OK)
		sl_http_json(res, 200, view);
	else
		sl_http_error(res, &err);
}

/* Where a page's data is: its own address under /api. */
static void add_twin(struct sl_http_request *req, json_t *view)
{
	static const char *const asked[] = { "before", "limit", "from", "to" };
	sl_auto_buf struct sl_buf url = SL_BUF_INIT(4096);
	const char *path = sl_http_path(req);
	char before = '?';

	sl_buf_adds(&url, "/api");
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		sl_buf_addc(&url, '/');
		sl_escape_url(&url, sl_arena_strndup(sl_http_arena(req), path + 1, len));
		path += 1 + len;
	}
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const char *value = sl_http_query(req, asked[i]);

		if (!value)
			continue;
		sl_buf_addf(&url, "%c%s=", before, asked[i]);
		sl_escape_url(&url, value);
		before = '&';
	}
	(void)json_object_set_new(view, "twin", json_string(sl_buf_str(&url)));
}

struct page {
	view_maker *make;
	const char *template;
	const char *title;
};

static void answer_page(struct sl_web *web, struct sl_http_request *req,
	struct sl_http_response *res, const struct page *page)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_person who;
	json_t *view = NULL;
	enum sl_code code = sl_web_may_ask(web, req, true, &who, &err);

	if (code == SL_OK)
		code = page->make(web->options.control, req, &view, &err);
	if (code == SL_OK)
		add_twin(req, view);
	if (code == SL_OK)
		sl_web_page(web, req, res, page->template, page->title, view);
	else
		sl_web_error_page(web, req, res, &err);
}

void sl_web_home(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	(void)ctx;
	(void)req;
	sl_http_redirect(res, "/changes");
}

void sl_web_changes(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_page(ctx, req, res, &(struct page){ make_changes, "changes.html", "Changes" });
}

void sl_web_change(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	char title[64];

	(void)snprintf(title, sizeof(title), "Change %.20s", sl_http_param(req, "id"));
	answer_page(ctx, req, res, &(struct page){ make_change, "change.html", title });
}

void sl_web_targets(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_page(ctx, req, res, &(struct page){ make_targets, "targets.html", "Targets" });
}

void sl_web_target(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_page(ctx, req, res,
		&(struct page){ make_target_page, "target.html", sl_http_param(req, "name") });
}

void sl_web_diff(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_page(ctx, req, res, &(struct page){ make_diff, "diff.html", "Schema difference" });
}

void sl_api_changes(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_changes);
}

void sl_api_change(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_change);
}

void sl_api_commit(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_commit);
}

void sl_api_targets(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_targets);
}

void sl_api_target(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_target);
}

void sl_api_diff(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_diff);
}

void sl_api_status(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_status);
}

void sl_api_drifts(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_drifts);
}

void sl_api_drift(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_drift);
}

void sl_api_history(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_history);
}

void sl_api_audit(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	answer_data(ctx, req, res, make_audit);
}

void sl_api_whoami(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_person who;
	sl_auto_json json_t *view = NULL;

	if (sl_web_may_ask(ctx, req, true, &who, &err) != SL_OK) {
		sl_http_error(res, &err);
		return;
	}
	view = json_pack("{s:{s:s, s:s, s:s}}", "whoami", "user", who.user, "account", who.account,
		"via", who.via);
	sl_http_json(res, 200, view);
}

/* --- rules and files ------------------------------------------------------------------------- */

static const char *engines_of(struct sl_http_request *req, const struct sl_rule *rule)
{
	const char *text = "";

	for (int i = 0; i < SL_DIALECT_COUNT; i++) {
		if (rule->dialects & (1u << i))
			text = sl_arena_printf(sl_http_arena(req), "%s%s%s", text,
				text[0] ? ", " : "", sl_dialect_name((enum sl_dialect)i));
	}
	return text;
}

void sl_web_rule(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	const struct sl_rule *rule = sl_rule_find(sl_http_param(req, "id"));
	struct sl_error err = SL_ERROR_INIT;

	if (!rule) {
		(void)sl_error_set(&err, SL_ENOTFOUND, "there is no such rule");
		sl_web_error_page(ctx, req, res, &err);
		return;
	}
	sl_web_page(ctx, req, res, "rule.html", rule->id,
		json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "rule", "id", rule->id, "title",
			rule->title, "engines", engines_of(req, rule), "severity",
			sl_severity_name(rule->severity), "why", rule->why, "safe", rule->instead));
}

void sl_web_static(void *ctx, struct sl_http_request *req, struct sl_http_response *res)
{
	const char *name = sl_http_path(req) + 1;

	(void)ctx;
	sl_http_set(res, "Cache-Control", "public, max-age=3600");
	sl_http_type(res, sl_str_ends(name, ".css") ? "text/css; charset=utf-8" : "image/svg+xml");
	sl_buf_adds(sl_http_out(res), sl_web_file(name));
}
