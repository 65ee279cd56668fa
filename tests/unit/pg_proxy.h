/*
 * A wire to the test server that can be cut at one place: before a COMMIT reaches the server, or
 * after the server has answered it and before its client hears.  A session's first COMMIT travels
 * as text; drop the old sessions to make the next one a first.
 */
#ifndef TESTS_UNIT_PG_PROXY_H
#define TESTS_UNIT_PG_PROXY_H

#include "unit/pg_database.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum pg_cut { PG_CUT_NOTHING, PG_CUT_BEFORE_COMMIT, PG_CUT_AFTER_COMMIT };

#define PG_WIRES_MAX 32

struct pg_wire {
	int client, server; /* -1: free */
	bool cut_at_answer;
};

struct pg_proxy {
	pthread_t thread;
	int listener;
	unsigned port;
	atomic_int cut; /* once; PG_CUT_NOTHING when it was made */
	atomic_bool away; /* who connects is hung up on */
	atomic_bool drop, stop;
	struct pg_wire wires[PG_WIRES_MAX];
};

static inline int pg_dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(pg_setting("SLUICE_TEST_PG_PORT"), NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, pg_setting("SLUICE_TEST_PG_HOST"), &to.sin_addr), 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to, sizeof(to)), 0);
	return fd;
}

static inline void pg_wire_close(struct pg_wire *wire)
{
	if (wire->client >= 0)
		(void)close(wire->client);
	if (wire->server >= 0)
		(void)close(wire->server);
	*wire = (struct pg_wire){ -1, -1, false };
}

static inline void pg_wire_send(struct pg_wire *wire, int to, const char *data, ssize_t len)
{
	while (len > 0) {
		ssize_t sent = send(to, data, (size_t)len, MSG_NOSIGNAL);

		if (sent <= 0) {
			pg_wire_close(wire);
			return;
		}
		data += sent;
		len -= sent;
	}
}

static inline void pg_from_client(struct pg_proxy *proxy, struct pg_wire *wire)
{
	char data[65536];
	ssize_t len = read(wire->client, data, sizeof(data));
	int cut = atomic_load(&proxy->cut);

	if (len <= 0) {
		pg_wire_close(wire);
		return;
	}
	if (cut != PG_CUT_NOTHING && memmem(data, (size_t)len, "COMMIT", 6)) {
		atomic_store(&proxy->cut, PG_CUT_NOTHING);
		wire->cut_at_answer = cut == PG_CUT_AFTER_COMMIT;
		if (cut == PG_CUT_BEFORE_COMMIT) {
			pg_wire_close(wire);
			return;
		}
	}
	pg_wire_send(wire, wire->server, data, len);
}

static inline void pg_from_server(struct pg_wire *wire)
{
	char data[65536];
	ssize_t len = read(wire->server, data, sizeof(data));

	if (len <= 0 || wire->cut_at_answer)
		pg_wire_close(wire);
	else
		pg_wire_send(wire, wire->client, data, len);
}

static inline void pg_accept(struct pg_proxy *proxy)
{
	int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
	size_t i = 0;

	if (client < 0)
		return;
	while (i < PG_WIRES_MAX && proxy->wires[i].client >= 0)
		i++;
	assert_true(i < PG_WIRES_MAX);
	if (atomic_load(&proxy->away))
		(void)close(client);
	else
		proxy->wires[i] = (struct pg_wire){ client, pg_dial(), false };
}

static inline void pg_proxy_round(struct pg_proxy *proxy)
{
	struct pollfd ready[1 + 2 * PG_WIRES_MAX] = { { .fd = proxy->listener, .events = POLLIN } };

	for (size_t i = 0; i < PG_WIRES_MAX; i++) {
		ready[1 + 2 * i] = (struct pollfd){ .fd = proxy->wires[i].client,
			.events = POLLIN };
		ready[2 + 2 * i] = (struct pollfd){ .fd = proxy->wires[i].server,
			.events = POLLIN };
	}
	(void)poll(ready, 1 + 2 * PG_WIRES_MAX, 5);
	for (size_t i = 0; i < PG_WIRES_MAX; i++) {
		struct pg_wire *wire = &proxy->wires[i];

		if (ready[1 + 2 * i].revents && wire->client == ready[1 + 2 * i].fd)
			pg_from_client(proxy, wire);
		if (ready[2 + 2 * i].revents && wire->server >= 0 &&
			wire->server == ready[2 + 2 * i].fd)
			pg_from_server(wire);
	}
	if (ready[0].revents)
		pg_accept(proxy);
}

static inline void *pg_proxy_run(void *arg)
{
	struct pg_proxy *proxy = arg;

	while (!atomic_load(&proxy->stop)) {
		if (atomic_load(&proxy->drop)) {
			for (size_t i = 0; i < PG_WIRES_MAX; i++)
				pg_wire_close(&proxy->wires[i]);
			atomic_store(&proxy->drop, false);
		}
		pg_proxy_round(proxy);
	}
	for (size_t i = 0; i < PG_WIRES_MAX; i++)
		pg_wire_close(&proxy->wires[i]);
	return NULL;
}

static inline void pg_proxy_start(struct pg_proxy *proxy)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	memset(proxy, 0, sizeof(*proxy));
	for (size_t i = 0; i < PG_WIRES_MAX; i++)
		proxy->wires[i] = (struct pg_wire){ -1, -1, false };
	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(proxy->listener, (struct sockaddr *)(void *)&at, sizeof(at)), 0);
	assert_int_equal(listen(proxy->listener, 32), 0);
	assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)(void *)&at, &len), 0);
	proxy->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&proxy->thread, NULL, pg_proxy_run, proxy), 0);
}

static inline void pg_proxy_drop_all(struct pg_proxy *proxy)
{
	atomic_store(&proxy->drop, true);
	while (atomic_load(&proxy->drop))
		(void)poll(NULL, 0, 1);
}

static inline void pg_proxy_stop(struct pg_proxy *proxy)
{
	atomic_store(&proxy->stop, true);
	assert_int_equal(pthread_join(proxy->thread, NULL), 0);
	(void)close(proxy->listener);
}

/* The URL of the database by way of the proxy; owned by the caller. */
static inline char *pg_proxy_url(const struct pg_proxy *proxy, const char *database)
{
	return sl_xasprintf("postgres://%s@127.0.0.1:%u%s", pg_setting("SLUICE_TEST_PG_USER"),
		proxy->port, strrchr(database, '/'));
}

#endif
