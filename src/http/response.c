#include "request.h"

#include <string.h>

void sl_http_status(struct sl_http_response *res, unsigned status)
{
	res->status = status;
}

void sl_http_type(struct sl_http_response *res, const char *content_type)
{
	res->type = content_type;
}

void sl_http_set(struct sl_http_response *res, const char *name, const char *value)
{
	struct sl_http_pair *pair;

	if (res->n_headers == sizeof(res->headers) / sizeof(res->headers[0]))
		return;
	if (strpbrk(value, "\r\n"))
		return;
	pair = &res->headers[res->n_headers++];
	pair->name = sl_arena_strdup(res->arena, name);
	pair->value = sl_arena_strdup(res->arena, value);
}

struct sl_buf *sl_http_out(struct sl_http_response *res)
{
	return &res->out;
}

void sl_http_json(struct sl_http_response *res, unsigned status, const json_t *json)
{
	res->status = status;
	res->type = "application/json";
	sl_buf_clear(&res->out);
	sl_json_pretty(json, &res->out);
	sl_buf_addc(&res->out, '\n');
}

void sl_http_redirect(struct sl_http_response *res, const char *location)
{
	res->status = MHD_HTTP_SEE_OTHER;
	sl_http_set(res, MHD_HTTP_HEADER_LOCATION, location);
}

void sl_http_error(struct sl_http_response *res, const struct sl_error *err)
{
	sl_auto_json json_t *json = json_pack("{s:{s:s, s:s}}", "error", "code",
		sl_code_name(err->code), "message", err->msg);

	if (json) {
		sl_http_json(res, sl_code_http_status(err->code), json);
		return;
	}
	res->status = sl_code_http_status(err->code);
	sl_buf_clear(&res->out);
	sl_buf_adds(&res->out, "the message is not valid UTF-8\n");
}
