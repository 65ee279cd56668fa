#include "mysql_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/sock.h"

#include <errmsg.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_US (10 * SL_SECOND_US)
#define DEFAULT_PORT       3306

/* The calls of the library run on a stack of their own, TLS included. */
#define ASYNC_STACK ((size_t)256 * 1024)

/* Where Debian and its kin keep the certificates that the system trusts. */
static const char system_certificates[] = "/etc/ssl/certs/ca-certificates.crt";

static char *copied(const char *text)
{
	return text && text[0] != '\0' ? sl_xstrdup(text) : NULL;
}

/* The socket itself, or the folder that has it under the server's usual name. */
static char *socket_path(const char *host)
{
	struct stat st;

	if (stat(host, &st) == 0 && S_ISDIR(st.st_mode))
		return sl_xasprintf("%s/mysqld.sock", host);
	return sl_xstrdup(host);
}

struct sl_my_where *sl_my_where_new(const struct sl_conn_spec *spec)
{
	struct sl_my_where *where = sl_xcalloc(1, sizeof(*where));
	const struct sl_engine_url *url = &spec->url;
	int64_t port = DEFAULT_PORT;

	atomic_init(&where->holders, 1);
	atomic_init(&where->killers, 0);
	if (url->host && url->host[0] == '/')
		where->socket = socket_path(url->host);
	else
		where->host = copied(url->host);
	where->tcp = where->host != NULL;
	if (url->port && !sl_parse_i64(url->port, 1, UINT16_MAX, &port))
		port = DEFAULT_PORT;
	where->port = (unsigned)port;
	where->user = copied(url->user);
	where->password = copied(spec->password);
	where->database = copied(url->database);
	where->root_cert = copied(url->root_cert);
	where->tls = url->tls;
	where->timeout_us = spec->connect_timeout_us > 0 ? spec->connect_timeout_us :
							   CONNECT_TIMEOUT_US;
	if (!spec->password)
		sl_my_defaults(where);
	return where;
}

/* For another session at the same place. */
struct sl_my_where *sl_my_where_copy(const struct sl_my_where *from)
{
	struct sl_my_where *where = sl_xcalloc(1, sizeof(*where));

	atomic_init(&where->holders, 1);
	atomic_init(&where->killers, 0);
	where->host = copied(from->host);
	where->socket = copied(from->socket);
	where->user = copied(from->user);
	where->password = copied(from->password);
	where->database = copied(from->database);
	where->root_cert = copied(from->root_cert);
	where->port = from->port;
	where->tls = from->tls;
	where->tcp = from->tcp;
	where->timeout_us = from->timeout_us;
	return where;
}

void sl_my_where_drop(struct sl_my_where *where)
{
	if (!where || atomic_fetch_sub(&where->holders, 1) > 1)
		return;
	if (where->password)
		explicit_bzero(where->password, strlen(where->password));
	free(where->password);
	free(where->host);
	free(where->socket);
	free(where->user);
	free(where->database);
	free(where->root_cert);
	free(where);
}

/* Whether all addresses of the name are this machine's. */
static bool all_loopback(const struct addrinfo *found)
{
	for (; found; found = found->ai_next)
		if (!sl_address_is_loopback(found->ai_addr))
			return false;
	return true;
}

/* Ways to log in that do not send the password in clear: the only ones allowed until we know who
 * answers.  MySQL has no other than caching_sha2_password, which may ask for it under a key that it
 * sends itself. */
static const char careful_logins[] =
	"mysql_native_password,client_ed25519,caching_sha2_password,unix_socket,auth_socket";

static bool wants_tls(const struct sl_my_where *where, bool nearby)
{
	return where->tls == SL_TLS_VERIFY || where->tls == SL_TLS_REQUIRE ||
		(where->tls == SL_TLS_AUTO && !nearby);
}

/* The library goes on without TLS where the server has none, unless it is to verify. */
static void set_tls(MYSQL *my, const struct sl_my_where *where, bool nearby)
{
	my_bool enforce = wants_tls(where, nearby);
	my_bool verify = enforce && where->tls != SL_TLS_REQUIRE;

	if (enforce)
		(void)mysql_options(my, MYSQL_OPT_SSL_ENFORCE, &enforce);
	(void)mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (verify)
		(void)mysql_options(my, MYSQL_OPT_SSL_CA,
			where->root_cert ? where->root_cert : system_certificates);
	else
		(void)mysql_options(my, MARIADB_OPT_RESTRICTED_AUTH, careful_logins);
}

/* The library counts in whole seconds: it gives up after the one that waits for it has. */
static void set_options(MYSQL *my, const struct sl_my_where *where, bool nearby)
{
	unsigned seconds = (unsigned)(where->timeout_us / SL_SECOND_US) + 2;
	unsigned protocol = where->tcp ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	unsigned no = 0;
	my_bool off = 0;

	(void)mysql_options(my, MYSQL_OPT_NONBLOCK, &(size_t){ ASYNC_STACK });
	(void)mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	(void)mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &seconds);
	(void)mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	(void)mysql_options(my, MYSQL_OPT_PROTOCOL, &protocol);
	(void)mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &no);
	(void)mysql_options(my, MYSQL_OPT_RECONNECT, &off);
	(void)mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_options4(my, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "sluice");
	set_tls(my, where, nearby);
}

/* The library's own text, which never holds the password. */
static enum sl_code refused(MYSQL *my, struct sl_error *err)
{
	unsigned number = mysql_errno(my);
	enum sl_code code = sl_my_code(number);

	return sl_error_set(err, code == SL_EDENIED ? SL_EDENIED : SL_EUNAVAIL,
		"connect: %.*s (%u)", (int)strcspn(mysql_error(my), "\n"), mysql_error(my), number);
}

static pthread_once_t library = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
	(void)mysql_library_init(0, NULL, NULL);
}

static enum sl_code connect_to(MYSQL **out, const struct sl_my_where *where, const char *host,
	bool nearby, struct sl_error *err)
{
	MYSQL *my = mysql_init(NULL);

	if (!my)
		return sl_error_set(err, SL_EUNAVAIL, "connect: out of memory");
	set_options(my, where, nearby);
	if (!mysql_real_connect(my, host, where->user, where->password, where->database,
		    where->port, where->socket, 0)) {
		enum sl_code code = refused(my, err);

		mysql_close(my);
		return code;
	}
	if (wants_tls(where, nearby) && !mysql_get_ssl_cipher(my)) {
		mysql_close(my);
		return sl_error_set(err, SL_EUNAVAIL,
			"connect: the server does not offer TLS; switch it on there, or say "
			"sslmode=disable where the network may be trusted");
	}
	*out = my;
	return SL_OK;
}

/* By their numbers, so that nobody is asked about the name once more after the question of TLS was
 * settled by it. */
static enum sl_code connect_nearby(MYSQL **out, const struct sl_my_where *where,
	const struct addrinfo *found, struct sl_error *err)
{
	char number[NI_MAXHOST];
	enum sl_code code = SL_EUNAVAIL;

	for (; found && code == SL_EUNAVAIL; found = found->ai_next)
		if (getnameinfo(found->ai_addr, found->ai_addrlen, number, sizeof(number), NULL, 0,
			    NI_NUMERICHOST) == 0)
			code = connect_to(out, where, number, true, err);
	return code;
}

enum sl_code sl_my_connect_here(MYSQL **out, const struct sl_my_where *where, struct sl_error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	enum sl_code code;
	int status;

	(void)pthread_once(&library, begin_library);
	if (!where->tcp)
		return connect_to(out, where, NULL, true, err);
	status = getaddrinfo(where->host, NULL, &hints, &found);
	if (status != 0)
		return sl_error_set(err, SL_EUNAVAIL, "connect: %s: %s", where->host,
			gai_strerror(status));
	if (where->tls == SL_TLS_AUTO && all_loopback(found))
		code = connect_nearby(out, where, found, err);
	else
		code = connect_to(out, where, where->host, false, err);
	freeaddrinfo(found);
	return code;
}

/* --- on a thread of its own ----------------------------------------------------------------- */

/* Shared by the asker and the thread that connects; the last one frees it. */
struct attempt {
	atomic_int holders;
	int done; /* eventfd, readable once the answer stands below */
	struct sl_my_where *where; /* a share */
	MYSQL *my; /* owned until taken */
	enum sl_code code;
	struct sl_error err;
};

static void drop(struct attempt *attempt)
{
	if (!attempt || atomic_fetch_sub(&attempt->holders, 1) > 1)
		return;
	if (attempt->my)
		mysql_close(attempt->my);
	if (attempt->done >= 0)
		(void)close(attempt->done);
	sl_my_where_drop(attempt->where);
	free(attempt);
}

SL_DEFINE_CLEANUP(struct attempt, drop);

static void *try_to_connect(void *ctx)
{
	struct attempt *attempt = ctx;
	const uint64_t one = 1;

	attempt->code = sl_my_connect_here(&attempt->my, attempt->where, &attempt->err);
	if (write(attempt->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		attempt->code = SL_EUNAVAIL;
	drop(attempt);
	mysql_thread_end();
	return NULL;
}

static enum sl_code start(struct attempt *attempt, pthread_t *thread, struct sl_error *err)
{
	if (attempt->done < 0)
		return sl_error_set(err, SL_EUNAVAIL, "connect: no descriptor to wait on");
	atomic_fetch_add(&attempt->holders, 1);
	if (pthread_create(thread, NULL, try_to_connect, attempt) == 0)
		return SL_OK;
	atomic_fetch_sub(&attempt->holders, 1);
	return sl_error_set(err, SL_EUNAVAIL, "connect: no thread to connect on");
}

static enum sl_code await(const struct attempt *attempt, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	int64_t until = sl_clock_mono(spec->clock) + attempt->where->timeout_us;
	struct pollfd ready = { .fd = attempt->done, .events = POLLIN };

	for (;;) {
		enum sl_code code = sl_cancel_check(spec->cancel, "connect", err);

		if (code != SL_OK)
			return code;
		if (poll(&ready, 1, sl_cancel_slice_ms(spec->cancel)) == 1)
			return SL_OK;
		if (sl_clock_mono(spec->clock) > until)
			return sl_error_set(err, SL_EUNAVAIL, "connect: no answer in time");
	}
}

enum sl_code sl_my_connect(MYSQL **my, struct sl_my_where *where, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct attempt *attempt sl_auto(drop_p) = sl_xcalloc(1, sizeof(*attempt));
	pthread_t thread = 0;
	enum sl_code code;

	atomic_init(&attempt->holders, 1);
	atomic_fetch_add(&where->holders, 1);
	attempt->where = where;
	attempt->done = eventfd(0, EFD_CLOEXEC);
	code = start(attempt, &thread, err);
	if (code != SL_OK)
		return code;
	code = await(attempt, spec, err);
	if (code != SL_OK) {
		(void)pthread_detach(thread);
		return code;
	}
	(void)pthread_join(thread, NULL); /* it has nothing left to do but to end */
	if (attempt->code != SL_OK) {
		if (err)
			*err = attempt->err;
		return attempt->code;
	}
	*my = sl_steal(attempt->my);
	return SL_OK;
}
