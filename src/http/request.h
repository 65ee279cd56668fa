/* One request on its way through the server: gate, route, body, handler, answer. */
#ifndef SLUICE_HTTP_REQUEST_H
#define SLUICE_HTTP_REQUEST_H

#include "sluice/http.h"

#include <microhttpd.h>

#define SL_HTTP_PARAMS_MAX 8
#define SL_HTTP_FIELDS_MAX 256
#define SL_HTTP_OUT_MAX    (16u << 20)

struct sl_http_pair {
	const char *name;
	const char *value;
};

struct sl_http_response {
	unsigned status;
	const char *type;
	struct sl_buf out;
	struct sl_http_pair headers[16]; /* in the request's arena */
	size_t n_headers;
	struct sl_arena *arena; /* the request's */
};

struct sl_http_request {
	struct MHD_Connection *connection;
	struct sl_arena *arena; /* owned */
	const char *method;
	const char *path;
	const struct sl_http_route *route;
	struct sl_http_pair params[SL_HTTP_PARAMS_MAX];
	size_t n_params;
	struct sl_buf body;
	struct sl_http_pair *fields; /* NULL until the form is first asked for */
	size_t n_fields;
	size_t taken; /* bytes of the body that came */
	int64_t until; /* monotonic: the body must have come */
	bool local; /* came over the Unix socket */
	unsigned refused; /* the status that the gate or the router decided on; 0 while none */
	const char *allow; /* for 405 */
};

/* 0, or the status to refuse the request with: 400 for what the gate does not let through. */
unsigned sl_http_gate(struct MHD_Connection *connection, const char *version);

/* Sets route and params, or refused to 404 or 405. */
void sl_http_match(struct sl_http_request *req, const struct sl_http_route *routes, size_t n);

/* Decodes %XX in place, as libmicrohttpd asks for; a broken escape or one of a NUL byte stays as it
 * stands.  Returns the new length. */
size_t sl_http_unescape(void *ctx, struct MHD_Connection *connection, char *text);

/* Decodes %XX and '+' of a form into the arena; NULL for a broken escape or a NUL byte. */
char *sl_http_decode(struct sl_arena *arena, const char *text, size_t len);

#endif
