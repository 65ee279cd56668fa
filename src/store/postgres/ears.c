#include "postgres/ears.h"

#include "sluice/core/alloc.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_MS 1000

struct listener {
	pthread_t thread;
	pthread_mutex_t lock; /* of ears; held while they hear */
	struct ears ears;
	struct link *link; /* owned; NULL while the server is away */
	const struct link_place *place;
	char origin[SL_ID_SIZE];
	int stop; /* eventfd */
};

#define SERVED "hashtext('sluice store served')"

static enum sl_code try_lock(struct link *link, const char *sql, const char *refusal,
	struct sl_error *err)
{
	int64_t got = 0;
	enum sl_code code = store_link_number(link, sql, 0, &got, err);

	if (code == SL_OK && !got)
		code = sl_error_set(err, SL_ECONFLICT, "%s: %s", link->place->shown, refusal);
	return code;
}

enum sl_code store_ears_prepare(struct link *link, struct sl_error *err)
{
	enum sl_code code = try_lock(link,
		"SELECT pg_try_advisory_lock_shared(1936483957, " SERVED ")::int",
		"is being filled by a restore: start when it is done", err);

	return code == SL_OK ? store_link_exec(link, "LISTEN " CHANNEL, "listen", err) : code;
}

enum sl_code store_ears_keep_out(struct link *link, struct sl_error *err)
{
	return try_lock(link, "SELECT pg_try_advisory_lock(1936483957, " SERVED ")::int",
		"a Sluice works with it: stop every replica first", err);
}

static void hear(struct listener *listener, enum sl_news news, const char *key)
{
	(void)pthread_mutex_lock(&listener->lock);
	if (listener->ears.hear)
		listener->ears.hear(listener->ears.ctx, news, key);
	(void)pthread_mutex_unlock(&listener->lock);
}

/* "ORIGIN\nC 12\nT 34\nP shop\n" */
static void hear_lines(struct listener *listener, char *text)
{
	static const struct {
		char letter;
		enum sl_news news;
	} letters[] = { { 'C', SL_NEWS_CHANGE }, { 'T', SL_NEWS_TASK }, { 'P', SL_NEWS_PROJECT },
		{ 'A', SL_NEWS_ALL } };

	char *save = NULL;
	const char *origin = strtok_r(text, "\n", &save);

	if (!origin || sl_str_eq(origin, listener->origin))
		return;
	for (char *line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
			if (line[0] == letters[i].letter && line[1] == ' ')
				hear(listener, letters[i].news, line + 2);
		}
	}
}

static bool take_notices(struct listener *listener)
{
	PGconn *pg = listener->link->pg;
	PGnotify *notice;

	if (!PQconsumeInput(pg) || PQstatus(pg) != CONNECTION_OK)
		return false;
	while ((notice = PQnotifies(pg))) {
		hear_lines(listener, notice->extra);
		PQfreemem(notice);
	}
	return true;
}

/* Whether it goes on: false when it is to stop. */
static bool wait_ready(const struct listener *listener, int timeout_ms)
{
	struct pollfd ready[2] = { { .fd = listener->stop, .events = POLLIN },
		{ .fd = listener->link ? PQsocket(listener->link->pg) : -1, .events = POLLIN } };

	while (poll(ready, 2, timeout_ms) < 0 && errno == EINTR)
		;
	return (ready[0].revents & POLLIN) == 0;
}

static void reconnect(struct listener *listener)
{
	struct sl_error err = SL_ERROR_INIT;
	struct link *link = NULL;
	enum sl_code code = store_link_open(&link, listener->place, &err);

	if (code == SL_OK)
		code = store_ears_prepare(link, &err);
	if (code != SL_OK) {
		store_link_free(link);
		return;
	}
	listener->link = link;
	sl_log(SL_LOG_INFO, "store.back", "store", listener->place->shown, NULL);
	hear(listener, SL_NEWS_ALL, "");
}

static void lose(struct listener *listener)
{
	sl_log(SL_LOG_WARNING, "store.away", "store", listener->place->shown, "effect",
		"nothing moves until it is back", NULL);
	store_link_free(listener->link);
	listener->link = NULL;
}

static void *listen_on(void *ctx)
{
	struct listener *listener = ctx;

	while (wait_ready(listener, listener->link ? -1 : RETRY_MS)) {
		if (!listener->link)
			reconnect(listener);
		else if (!take_notices(listener))
			lose(listener);
	}
	return NULL;
}

enum sl_code store_ears_start(struct listener **out, struct link *link, const char *origin,
	struct sl_error *err)
{
	struct listener *listener = sl_xcalloc(1, sizeof(*listener));

	listener->link = link;
	listener->place = link->place;
	memcpy(listener->origin, origin, SL_ID_SIZE);
	(void)pthread_mutex_init(&listener->lock, NULL);
	listener->stop = eventfd(0, EFD_CLOEXEC);
	if (listener->stop >= 0 &&
		pthread_create(&listener->thread, NULL, listen_on, listener) == 0) {
		*out = listener;
		return SL_OK;
	}
	if (listener->stop >= 0)
		(void)close(listener->stop);
	(void)pthread_mutex_destroy(&listener->lock);
	store_link_free(link);
	free(listener);
	return sl_error_set(err, SL_EUNAVAIL, "store: no thread that listens");
}

void store_ears_set(struct listener *listener, const struct ears *ears)
{
	(void)pthread_mutex_lock(&listener->lock);
	listener->ears = *ears;
	(void)pthread_mutex_unlock(&listener->lock);
}

void store_ears_stop(struct listener *listener)
{
	const uint64_t one = 1;

	if (!listener)
		return;
	if (write(listener->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		(void)pthread_join(listener->thread, NULL);
	(void)close(listener->stop);
	store_link_free(listener->link);
	(void)pthread_mutex_destroy(&listener->lock);
	free(listener);
}
