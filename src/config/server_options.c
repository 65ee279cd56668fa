/* The rows that belong to no room above: the server, its store, its log, its limits. */
#include "sluice/config/option.h"

#include "sluice/core/str.h"

#include <string.h>

static enum sl_code check_listen(const char *text, struct sl_error *err)
{
	const char *colon = strrchr(text, ':');
	int64_t port = 0;

	if (!colon || colon == text || !sl_parse_i64(colon + 1, 0, UINT16_MAX, &port))
		return sl_error_set(err, SL_EINVAL, "an address is 127.0.0.1:8617 or [::1]:8617");
	return SL_OK;
}

static const char *const web_schemes[] = { "https", "http", NULL };
static const char *const store_schemes[] = { "sqlite", "postgres", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };

#define MS INT64_C(1000)

static const struct sl_option rows[] = {
	{ .path = "server",
		.type = SL_OPTION_SECTION,
		.doc = "The daemon: where it listens, where it keeps its data, how hard it works." },
	{ .path = "server.listen",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_RESTART,
		.fallback = "127.0.0.1:8617",
		.check = check_listen,
		.doc = "Address and port of the pages and the API; port 0 takes a free one." },
	{ .path = "server.url",
		.type = SL_OPTION_URL,
		.names = web_schemes,
		.doc = "How people reach this server; links in comments and messages start with it." },
	{ .path = "server.socket",
		.type = SL_OPTION_PATH,
		.flags = SL_OPTION_RESTART,
		.fallback = "/run/sluice/sluice.sock",
		.doc = "Socket for the command line and the push hook of this machine." },
	{ .path = "server.socket_group",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_RESTART,
		.doc = "Group whose accounts may use the socket; without it only the daemon's own "
		       "account and root." },
	{ .path = "server.assert_users[]",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_UNIQUE,
		.doc = "Unix accounts that may say over the socket for whom they act, such as the Git "
		       "server's." },
	{ .path = "server.data",
		.type = SL_OPTION_PATH,
		.flags = SL_OPTION_RESTART,
		.fallback = "/var/lib/sluice",
		.doc = "Folder of the mirrors, the installation's id and the lock." },
	{ .path = "server.own_repository",
		.type = SL_OPTION_PATH,
		.flags = SL_OPTION_RESTART,
		.doc = "Bare repository for changes without one of their own; several replicas need one "
		       "that all of them reach. Without it own.git in server.data." },
	{ .path = "server.grace",
		.type = SL_OPTION_DURATION,
		.fallback = "180s",
		.max = INT64_MAX,
		.doc = "How long a stop waits for the statements at hand before it cancels them." },
	{ .path = "server.poll",
		.type = SL_OPTION_DURATION,
		.fallback = "60s",
		.min = 10 * MS,
		.max = INT64_MAX,
		.doc = "How often repositories are read again when no hook said that they changed." },
	{ .path = "server.lease",
		.type = SL_OPTION_DURATION,
		.fallback = "30s",
		.min = 1000 * MS,
		.max = 3600 * 1000 * MS,
		.doc = "How long a replica's work stays its own without a sign of life; the same for "
		       "every replica." },
	{ .path = "server.workers",
		.type = SL_OPTION_INT,
		.flags = SL_OPTION_RESTART,
		.fallback = "4",
		.min = 1,
		.max = 256,
		.doc = "Threads that fetch and review." },
	{ .path = "server.apply_workers",
		.type = SL_OPTION_INT,
		.flags = SL_OPTION_RESTART,
		.fallback = "8",
		.min = 1,
		.max = 1024,
		.doc = "Targets that are worked on at the same time." },
	{ .path = "store",
		.type = SL_OPTION_URL,
		.flags = SL_OPTION_RESTART,
		.fallback = "sqlite:/var/lib/sluice/store.db",
		.names = store_schemes,
		.doc = "Where Sluice keeps its own data: sqlite:PATH, or postgres://USER@HOST/DB for "
		       "several replicas." },
	{ .path = "store_password",
		.type = SL_OPTION_SECRET,
		.flags = SL_OPTION_RESTART,
		.doc = "Password of the store's PostgreSQL; read again at each connect." },
	{ .path = "log.level",
		.type = SL_OPTION_ENUM,
		.fallback = "info",
		.names = log_levels,
		.doc = "The least important kind of line that is written." },
	{ .path = "limits",
		.type = SL_OPTION_SECTION,
		.doc = "How much of other people's work is read before it is refused." },
	{ .path = "limits.migration_bytes",
		.type = SL_OPTION_SIZE,
		.fallback = "64MiB",
		.min = 1024,
		.max = INT64_C(1) << 30,
		.doc = "The largest migration file." },
	{ .path = "limits.file_count",
		.type = SL_OPTION_INT,
		.fallback = "10000",
		.min = 1,
		.max = 1000000,
		.doc = "The most migration files in one repository." },
	{ .path = "limits.findings",
		.type = SL_OPTION_INT,
		.fallback = "500",
		.min = 1,
		.max = 100000,
		.doc = "Findings kept of one file; more are only counted." },
};

const struct sl_option_table sl_config_server_options = {
	.rows = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
};
