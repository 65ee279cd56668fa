/*
 * http: the server, libmicrohttpd behind a gate.
 *
 * A server listens on a TCP address, on a Unix socket, or on both, and serves one table of routes.
 * It knows nothing of the domain.  Before a handler sees a request the gate has refused what
 * proxies and servers read differently: a doubled Content-Length, Transfer-Encoding or Host, both
 * framings, a coding that is not "chunked", a header name that is no token.  Such a request is
 * answered 400 and its connection closed, since nobody can say where it ends.  Bodies are limited
 * per route; every answer carries the security headers unless its handler set its own.
 *
 * Threading: handlers run on the server's threads, several at once; a request and its response
 * belong to one call of a handler.  On the Unix socket each connection has a thread of its own, so
 * that a waiting push never keeps a page waiting.
 * Lifetime: what a getter returns is valid until the handler returns.
 */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SL_HTTP_BODY_DEFAULT (64u << 10)

struct sl_http_request;
struct sl_http_response;
struct sl_http_server;

struct sl_http_route {
	const char *method; /* "GET" (serves HEAD too) or "POST" */
	const char *pattern; /* "/changes/{id}": a {name} is one segment */
	void (*handler)(void *ctx, struct sl_http_request *req, struct sl_http_response *res);
	size_t body_max; /* bytes; 0: SL_HTTP_BODY_DEFAULT */
	const char *doc; /* one line */
};

struct sl_http_options {
	const char *listen; /* "127.0.0.1:8617", "[::1]:0", or NULL; port 0 picks a free one */
	int unix_fd; /* a listening Unix socket, owned by the server from now on; -1 none */
	const struct sl_http_route *routes; /* borrowed while the server lives */
	size_t n_routes;
	void *ctx; /* for the handlers */
	unsigned threads; /* of the TCP side; 0: 4 */
	unsigned connections; /* most at once; 0: 256 */
	unsigned per_address; /* most at once from one address over TCP; 0: half of connections */
	unsigned idle_seconds; /* a silent connection is closed; 0: 30 */
	unsigned body_seconds; /* a request whose body takes longer is cut; 0: 60 */
	const struct sl_clock *clock; /* NULL: the system's */
};

/* Starts to serve.  SL_EUNAVAIL when the address is taken (the remedy is in the message). */
enum sl_code sl_http_server_new(struct sl_http_server **out, const struct sl_http_options *options,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Listens on another Unix socket (owned from now on, even on failure) in place of one whose name is
 * gone: what is connected to that one is served on.  Not while another call of it or _free runs. */
enum sl_code sl_http_server_listen_unix(struct sl_http_server *server, int unix_fd,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The TCP port in use, 0 when there is none. */
unsigned sl_http_server_port(const struct sl_http_server *server);

/* Stops to listen and gives the requests at hand up to 5 s to be answered whole, then frees.
 * Accepts NULL. */
void sl_http_server_free(struct sl_http_server *server);
SL_DEFINE_CLEANUP(struct sl_http_server, sl_http_server_free);

/* --- a request ----------------------------------------------------------------------------- */

const char *sl_http_method(const struct sl_http_request *req);
const char *sl_http_path(const struct sl_http_request *req);

/* A {name} of the pattern, decoded; "" when the pattern has none of that name. */
const char *sl_http_param(const struct sl_http_request *req, const char *name);

/* NULL when absent. */
const char *sl_http_query(const struct sl_http_request *req, const char *name);
const char *sl_http_header(const struct sl_http_request *req, const char *name);
const char *sl_http_cookie(const struct sl_http_request *req, const char *name);

/* A field of an urlencoded body (first of its name), or NULL; at most 256 fields are read. */
const char *sl_http_form(struct sl_http_request *req, const char *name);

/* Terminated; *len may be NULL. */
const char *sl_http_body(const struct sl_http_request *req, size_t *len);

/* True on the Unix socket; then *uid is the peer's, from the kernel. */
bool sl_http_peer(const struct sl_http_request *req, uid_t *uid);

struct sl_arena *sl_http_arena(struct sl_http_request *req);

/* --- a response ---------------------------------------------------------------------------- */

/* 200 and text/plain until set otherwise. */
void sl_http_status(struct sl_http_response *res, unsigned status);
void sl_http_type(struct sl_http_response *res, const char *content_type);

/* value without line breaks, else the header is left out. */
void sl_http_set(struct sl_http_response *res, const char *name, const char *value);

/* At most 16 MiB; an overflowing body becomes status 500. */
struct sl_buf *sl_http_out(struct sl_http_response *res);

/* Status, type and body in one. */
void sl_http_json(struct sl_http_response *res, unsigned status, const json_t *json);
void sl_http_redirect(struct sl_http_response *res, const char *location);

/* {"error":{"code":"conflict","message":"..."}} with the code's own status. */
void sl_http_error(struct sl_http_response *res, const struct sl_error *err);

#endif
