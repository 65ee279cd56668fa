#include "request.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <string.h>

/* The byte that "%XX" at text stands for; -1 when it is broken or NUL. */
static int escaped_byte(const char *text, size_t len)
{
	int high = len > 2 ? sl_hex_digit(text[1]) : -1;
	int low = len > 2 ? sl_hex_digit(text[2]) : -1;

	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

size_t sl_http_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
	size_t len = strlen(text);
	size_t n = 0;

	(void)ctx;
	(void)connection;
	for (size_t i = 0; i < len; i++) {
		int byte = text[i] == '%' ? escaped_byte(text + i, len - i) : -1;

		if (byte >= 0)
			i += 2;
		text[n++] = byte >= 0 ? (char)byte : text[i];
	}
	text[n] = '\0';
	return n;
}

char *sl_http_decode(struct sl_arena *arena, const char *text, size_t len)
{
	char *out = sl_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%') {
			int byte = escaped_byte(text + i, len - i);

			if (byte < 0)
				return NULL;
			out[n++] = (char)byte;
			i += 2;
		} else {
			out[n++] = text[i] == '+' ? ' ' : text[i];
		}
	}
	out[n] = '\0';
	return out;
}

/* Matches one "{name}" segment and keeps its value, which libmicrohttpd has decoded: once is right.
 */
static bool take_param(struct sl_http_request *req, const char *name, size_t name_len,
	const char *value, size_t len)
{
	if (len == 0 || req->n_params == SL_HTTP_PARAMS_MAX)
		return false;
	req->params[req->n_params].name = sl_arena_strndup(req->arena, name, name_len);
	req->params[req->n_params].value = sl_arena_strndup(req->arena, value, len);
	req->n_params++;
	return true;
}

static bool match(struct sl_http_request *req, const char *pattern)
{
	const char *path = req->path;

	req->n_params = 0;
	while (*pattern != '\0') {
		if (*pattern == '{') {
			size_t name_len = strcspn(pattern, "}");
			size_t len = strcspn(path, "/");

			if (!take_param(req, pattern + 1, name_len - 1, path, len))
				return false;
			pattern += name_len + 1;
			path += len;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

void sl_http_match(struct sl_http_request *req, const struct sl_http_route *routes, size_t n)
{
	const char *method = sl_str_eq(req->method, "HEAD") ? "GET" : req->method;

	req->refused = MHD_HTTP_NOT_FOUND;
	for (size_t i = 0; i < n; i++) {
		if (!match(req, routes[i].pattern))
			continue;
		if (sl_str_eq(method, routes[i].method)) {
			req->route = &routes[i];
			req->refused = 0;
			return;
		}
		req->refused = MHD_HTTP_METHOD_NOT_ALLOWED;
		req->allow = routes[i].method;
	}
}
