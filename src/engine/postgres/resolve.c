#include "postgres_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/cleanup.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <poll.h>

#define ADDRESSES_MAX 16

/* Shared by the asker and the thread that asks the name server; the last one frees it. */
struct lookup {
	atomic_int holders;
	int done; /* eventfd, readable once the answer stands below */
	char *host; /* owned */
	int status;
	struct addrinfo *found;
};

static void drop(struct lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->holders, 1) > 1)
		return;
	if (lookup->found)
		freeaddrinfo(lookup->found);
	if (lookup->done >= 0)
		(void)close(lookup->done);
	free(lookup->host);
	free(lookup);
}

SL_DEFINE_CLEANUP(struct lookup, drop);

static void ask(struct lookup *lookup, int flags)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags };

	lookup->status = getaddrinfo(lookup->host, NULL, &hints, &lookup->found);
}

static void *look_up(void *ctx)
{
	struct lookup *lookup = ctx;
	const uint64_t one = 1;

	ask(lookup, 0);
	if (write(lookup->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		lookup->status = EAI_SYSTEM;
	drop(lookup);
	return NULL;
}

static enum sl_code start(struct lookup *lookup, struct sl_error *err)
{
	pthread_attr_t attr;
	pthread_t thread;
	int status;

	lookup->done = eventfd(0, EFD_CLOEXEC);
	if (lookup->done < 0)
		return sl_error_set(err, SL_EUNAVAIL, "connect: no descriptor for a name lookup");
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&lookup->holders, 1);
	status = pthread_create(&thread, &attr, look_up, lookup);
	(void)pthread_attr_destroy(&attr);
	if (status == 0)
		return SL_OK;
	atomic_fetch_sub(&lookup->holders, 1);
	return sl_error_set(err, SL_EUNAVAIL, "connect: no thread for a name lookup");
}

static enum sl_code await(const struct lookup *lookup, const struct sl_conn_spec *spec,
	int64_t until, struct sl_error *err)
{
	struct pollfd ready = { .fd = lookup->done, .events = POLLIN };

	for (;;) {
		enum sl_code code = sl_cancel_check(spec->cancel, "connect", err);

		if (code != SL_OK)
			return code;
		if (poll(&ready, 1, sl_cancel_slice_ms(spec->cancel)) == 1) {
			eventfd_t answered;

			(void)eventfd_read(lookup->done, &answered);
			return SL_OK;
		}
		if (sl_clock_mono(spec->clock) > until)
			return sl_error_set(err, SL_EUNAVAIL,
				"connect: no answer about the name %s in time", lookup->host);
	}
}

enum sl_code sl_pg_resolve(struct sl_pg_addresses *out, const char *host,
	const struct sl_conn_spec *spec, int64_t until, struct sl_error *err)
{
	struct lookup *lookup sl_auto(drop_p) = sl_xcalloc(1, sizeof(*lookup));
	struct sl_buf text = SL_BUF_INIT((size_t)ADDRESSES_MAX * (NI_MAXHOST + 1));
	char number[NI_MAXHOST];
	enum sl_code code = SL_OK;

	atomic_init(&lookup->holders, 1);
	lookup->done = -1;
	lookup->host = sl_xstrdup(host);
	ask(lookup, AI_NUMERICHOST); /* an address needs nobody who may not answer */
	if (lookup->status != 0) {
		code = start(lookup, err);
		if (code == SL_OK)
			code = await(lookup, spec, until, err);
	}
	if (code != SL_OK)
		return code;
	if (lookup->status != 0)
		return sl_error_set(err, SL_EUNAVAIL, "connect: %s: %s", host,
			gai_strerror(lookup->status));
	out->count = 0;
	out->loopback = true;
	for (const struct addrinfo *a = lookup->found; a && out->count < ADDRESSES_MAX;
		a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, number, sizeof(number), NULL, 0,
			    NI_NUMERICHOST) != 0)
			continue;
		sl_buf_addf(&text, "%s%s", out->count > 0 ? "," : "", number);
		out->loopback = out->loopback && sl_address_is_loopback(a->ai_addr);
		out->count++;
	}
	out->list = sl_buf_take(&text);
	return SL_OK;
}
