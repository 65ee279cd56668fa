/*
 * net: the HTTP client, libcurl behind a door.
 *
 * sl_net_call() sends a request and takes the whole answer, with a maximum; sl_net_open() and
 * sl_net_read() hand the body on as it comes, for transports.  Only https and http are spoken, TLS
 * is verified, redirects stay with the scheme and the host's credentials stay with the host.
 * Addresses of private networks and of this machine are refused, after the name was resolved and
 * for every redirect, unless the request allows them: those are for peers that the operator
 * configured, the others may come from a user.
 *
 * Threading: a stream belongs to one worker; calls are independent of each other.
 * Failures: SL_EUNAVAIL when nothing can have been sent (name, connection, TLS) or the request was
 * a GET; SL_ETIMEOUT when a deadline passes; SL_EUNKNOWN when the connection broke behind a
 * request that may have been done; SL_ECANCELED; SL_EDENIED for a refused address; SL_ELIMIT for a
 * larger answer.  A status of 400 or more is an answer, not a failure:
 * sl_net_status_code() maps it for those who want a code.
 * Messages hold scheme, host and path; never a query, a user part, a header or a body.
 */
#ifndef SLUICE_NET_H
#define SLUICE_NET_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_NET_ANSWER_DEFAULT (4u << 20)

struct sl_cancel; /* sluice/sys/cancel.h */
struct sl_net_stream;

struct sl_net_header {
	const char *name, *value;
};

struct sl_net_request {
	const char *method; /* "GET", "POST", ...; NULL: GET, or POST when there is a body */
	const char *url;
	const struct sl_net_header *headers;
	size_t n_headers;
	const char *user, *password; /* basic authentication; NULL none */
	const void *body; /* borrowed until the call ends; NULL none */
	size_t body_len;
	const char *unix_socket; /* connect there instead of to the URL's host; NULL none */
	const char *ca_file; /* trusted instead of the system's; NULL: the system's */
	bool allow_private; /* addresses of private networks and of this machine are fine, and the
			     * proxy of the environment may be used */
	unsigned redirects; /* most followed; 0 none */
	int64_t connect_us; /* until connected, TLS included; 0: 10 s */
	int64_t total_us; /* until the answer is whole; 0: 30 s, of a stream: none */
	size_t answer_max; /* bytes of the body; 0: SL_NET_ANSWER_DEFAULT, of a stream: any */
};

struct sl_net_answer {
	unsigned status;
	const struct sl_net_header *headers; /* names in lower case */
	size_t n_headers;
	const char *body; /* terminated, beside body_len */
	size_t body_len;
	const char *url; /* after redirects, without a user part */
};

/* The answer lives in the arena.  cancel may be NULL; its deadline counts beside total_us. */
enum sl_code sl_net_call(const struct sl_net_request *request, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_net_answer *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* NULL when absent; name in lower case. */
const char *sl_net_header(const struct sl_net_answer *answer, const char *name);

/* Sends the request and waits for the status and the headers; out->body stays NULL.  The caller
 * owns *stream; request, cancel and arena must outlive it. */
enum sl_code sl_net_open(struct sl_net_stream **stream, const struct sl_net_request *request,
	const struct sl_cancel *cancel, struct sl_arena *arena, struct sl_net_answer *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* At least one byte of the body unless it has ended: then *got is 0. */
enum sl_code sl_net_read(struct sl_net_stream *stream, void *data, size_t size, size_t *got,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL; an unfinished answer is dropped with its connection. */
void sl_net_close(struct sl_net_stream *stream);
SL_DEFINE_CLEANUP(struct sl_net_stream, sl_net_close);

/* A TCP connection to a host that the operator configured (private addresses are fine), in *fd,
 * non-blocking and owned by the caller.  For protocols that are not HTTP.  cancel may be NULL. */
enum sl_code sl_net_dial(int *fd, const char *host, unsigned port, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* SL_OK below 400; 401 SL_EUNAUTH, 403 SL_EDENIED, 404 and 410 SL_ENOTFOUND, 409 and 412
 * SL_ECONFLICT, 413 SL_ELIMIT, 429 SL_EBUSY, 5xx SL_EUNAVAIL, the rest SL_EINVAL. */
enum sl_code sl_net_status_code(unsigned status);

/* How long a peer that answered 429 or 503 asks to wait (Retry-After in seconds or as a date, or
 * an exhausted X-RateLimit-Reset), at most an hour; 0 when it does not say. */
int64_t sl_net_retry_after(const struct sl_net_answer *answer, int64_t wall_us);

/* The n-th pause (from 1) of one who tries again: doubles from base_us, at most 64 times it, and is
 * spread by a quarter either way; jitter is any random number. */
int64_t sl_net_backoff(unsigned n, int64_t base_us, uint64_t jitter);

/* --- rate budget ----------------------------------------------------------------------------- */

/* Calls that may be made of one host: a bucket that refills.  One owner, not thread-safe. */
struct sl_net_budget {
	uint32_t per_minute, burst;
	int64_t tokens_micro; /* calls left, in millionths */
	int64_t at; /* mono microseconds of the last refill */
};

void sl_net_budget_init(struct sl_net_budget *budget, uint32_t per_minute, uint32_t burst,
	int64_t mono_us);

/* 0 and one call less, or the microseconds until there is one. */
int64_t sl_net_budget_take(struct sl_net_budget *budget, int64_t mono_us);

/* Scheme, host, port and path of a URL for a message; the rest is left out. */
void sl_net_redact(const char *url, struct sl_buf *out);

/* Whether an address must not be reached on behalf of a user: loopback, link-local, private,
 * shared, multicast, unspecified, documentation, and IPv4 written as IPv6.  family is AF_INET (4
 * bytes) or AF_INET6 (16). */
bool sl_net_is_private(int family, const unsigned char *address);

#endif
