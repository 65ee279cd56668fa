#include "postgres_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define CONNECT_TIMEOUT_US (10 * SL_SECOND_US)

/* Where Debian and its kin keep the certificates that the system trusts. */
static const char system_certificates[] = "/etc/ssl/certs/ca-certificates.crt";

enum sl_code sl_pg_wait(PGconn *pg, short events, const struct sl_conn_spec *spec, int64_t until,
	struct sl_error *err)
{
	struct pollfd ready = { .fd = PQsocket(pg), .events = events };

	for (;;) {
		enum sl_code code = sl_cancel_check(spec->cancel, "connect", err);
		int n;

		if (code != SL_OK)
			return code;
		n = poll(&ready, 1, sl_cancel_slice_ms(spec->cancel));
		if (n > 0 || (n < 0 && errno != EINTR))
			return SL_OK;
		if (until != 0 && sl_clock_mono(spec->clock) > until)
			return sl_error_set(err, SL_EUNAVAIL, "connect: no answer in time");
	}
}

/* Keywords and values for PQconnectStartParams. */
struct parameters {
	const char *keys[16];
	const char *values[16];
	size_t len;
};

static void add(struct parameters *p, const char *key, const char *value)
{
	if (!value || p->len + 1 >= sizeof(p->keys) / sizeof(p->keys[0]))
		return;
	p->keys[p->len] = key;
	p->values[p->len++] = value;
}

static void add_tls(struct parameters *p, const struct sl_engine_url *url, bool nearby)
{
	switch (url->tls) {
	case SL_TLS_AUTO:
		if (nearby) {
			add(p, "sslmode", "prefer");
			return;
		}
		break;
	case SL_TLS_REQUIRE:
		add(p, "sslmode", "require");
		return;
	case SL_TLS_OFF:
		add(p, "sslmode", "disable");
		return;
	case SL_TLS_VERIFY:
	case SL_TLS_COUNT:
		break;
	}
	add(p, "sslmode", "verify-full");
	add(p, "sslrootcert", url->root_cert ? url->root_cert : system_certificates);
}

/* libpq wants a host for each address: "db1,db1". */
static char *repeated(const char *host, size_t count)
{
	struct sl_buf text = SL_BUF_INIT((strlen(host) + 1) * (count + 1));

	for (size_t i = 0; i < count; i++)
		sl_buf_addf(&text, "%s%s", i > 0 ? "," : "", host);
	return sl_buf_take(&text);
}

/* libpq's own text: its first line, without the line end; never holds the password. */
static enum sl_code refused(const PGconn *pg, struct sl_error *err)
{
	const char *text = PQerrorMessage(pg);
	enum sl_code code = strstr(text, "unsupported startup parameter") ? SL_ECONFLICT :
									    SL_EUNAVAIL;

	return sl_error_set(err, code, "connect: %.*s", (int)strcspn(text, "\n"), text);
}

static enum sl_code finish(PGconn *pg, const struct sl_conn_spec *spec, int64_t until,
	struct sl_error *err)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (PQstatus(pg) == CONNECTION_BAD)
		return refused(pg, err);
	while (next != PGRES_POLLING_OK) {
		enum sl_code code = sl_pg_wait(pg, next == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			spec, until, err);

		if (code != SL_OK)
			return code;
		next = PQconnectPoll(pg);
		if (next == PGRES_POLLING_FAILED)
			return refused(pg, err);
	}
	return SL_OK;
}

static bool is_socket(const char *host)
{
	return !host || host[0] == '/' || host[0] == '@' || host[0] == '\0';
}

enum sl_code sl_pg_connect(PGconn **pg, const struct sl_conn_spec *spec, struct sl_error *err)
{
	int64_t wait = spec->connect_timeout_us > 0 ? spec->connect_timeout_us : CONNECT_TIMEOUT_US;
	int64_t until = sl_clock_mono(spec->clock) + wait;
	struct sl_pg_addresses addresses = { .list = NULL, .count = 0, .loopback = true };
	sl_autofree char *list = NULL, *hosts = NULL;
	struct parameters p = { .len = 0 };
	enum sl_code code;

	if (!is_socket(spec->url.host)) {
		code = sl_pg_resolve(&addresses, spec->url.host, spec, until, err);
		if (code != SL_OK)
			return code;
		list = addresses.list;
		hosts = repeated(spec->url.host, addresses.count);
		add(&p, "hostaddr", list);
	}
	add(&p, "host", hosts ? hosts : spec->url.host);
	add(&p, "port", spec->url.port);
	add(&p, "user", spec->url.user);
	add(&p, "dbname", spec->url.database);
	add(&p, "password", spec->password);
	add(&p, "application_name", spec->application ? spec->application : "sluice");
	add(&p, "client_encoding", "UTF8");
	add_tls(&p, &spec->url, addresses.loopback);
	*pg = PQconnectStartParams(p.keys, p.values, 0);
	if (!*pg)
		return sl_error_set(err, SL_EUNAVAIL, "connect: out of memory");
	code = finish(*pg, spec, until, err);
	if (code != SL_OK) {
		PQfinish(*pg);
		*pg = NULL;
	}
	return code;
}
