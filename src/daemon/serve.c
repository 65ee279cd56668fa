/* `sluice serve`: start, wait for signals, reload, stop. */
#include "daemon.h"

#include "sluice/config/snapshot.h"
#include "sluice/core/alloc.h"
#include "sluice/core/hash.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/git/mirror.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/notify.h"
#include "sluice/sys/signals.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_LOOK_MS 2000

/* --- start ---------------------------------------------------------------------------------- */

static enum sl_code open_repo(void *ctx, const struct sl_world *world,
	const struct sl_project *project, struct sl_repo **out, struct sl_error *err)
{
	const struct sl_git_origin origin = { .url = project->repository };
	const struct sl_git_limits limits = { .blob_bytes = world->migration_bytes };

	(void)ctx;
	return sl_git_mirror_open(out, world->data, project->name, &origin, &limits, err);
}

/* What every replica signs with is in the store they share. */
static enum sl_code read_shared_key(struct daemon *daemon, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_rand *rand = sl_rand_system();
	char hex[2 * SL_AUTH_KEY_SIZE + 1];
	struct sl_store_first first = { .key = SL_STORE_SESSION_KEY };
	enum sl_code code;

	rand->fill(rand->ctx, daemon->key, sizeof(daemon->key));
	first.value = sl_hex(daemon->key, sizeof(daemon->key), hex);
	code = sl_store_first_meta(daemon->store, &first, arena, err);
	if (code == SL_OK &&
		(strlen(first.now) != sizeof(hex) - 1 ||
			!sl_unhex(first.now, daemon->key, sizeof(daemon->key))))
		code = sl_error_set(err, SL_EINVAL,
			"the store's session key is not %d bytes in hex", SL_AUTH_KEY_SIZE);
	return code;
}

/* Sessions and login links are signed with it; made once for an installation. */
static enum sl_code read_key(struct daemon *daemon, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *path = sl_path_join(arena, daemon->world->data, "session.key");
	sl_autofree char *text = NULL;
	const struct sl_rand *rand = sl_rand_system();
	size_t len;
	enum sl_code code;

	if (sl_store_is_shared(daemon->store))
		return read_shared_key(daemon, err);
	if (!sl_file_exists(path)) {
		rand->fill(rand->ctx, daemon->key, sizeof(daemon->key));
		return sl_file_write(path, daemon->key, sizeof(daemon->key), 0600, err);
	}
	code = sl_file_read(&text, &len, path, sizeof(daemon->key), err);
	if (code == SL_OK && len != sizeof(daemon->key))
		code = sl_error_set(err, SL_EINVAL, "%s: not %d bytes: remove it to make a new one",
			path, SL_AUTH_KEY_SIZE);
	if (code == SL_OK)
		memcpy(daemon->key, text, len);
	return code;
}

static enum sl_code make_auth(const struct daemon *daemon, const struct sl_world *world,
	struct sl_auth **out, struct sl_error *err)
{
	const struct sl_auth_options options = { .workspace = world->workspace,
		.clock = sl_clock_system(),
		.rand = sl_rand_system(),
		.key = daemon->key,
		.asserters = world->assert_users,
		.asserters_len = world->assert_users_len };

	return sl_auth_new(out, &options, err);
}

static enum sl_code open_data(struct daemon *daemon, struct sl_error *err)
{
	const struct sl_store_options options = { .url = daemon->world->store,
		.password = daemon->world->store_password,
		.data_folder = daemon->world->data,
		.rand = sl_rand_system() };
	unsigned swept = 0;
	enum sl_code code = sl_folder_make(daemon->world->data, 0750, err);

	if (code == SL_OK)
		code = sl_store_open(&daemon->store, &options, err);
	if (code == SL_OK)
		code = read_key(daemon, err);
	if (code == SL_OK)
		code = sl_git_mirrors_sweep(daemon->world->data, &swept, err);
	return code;
}

static void make_control(struct daemon *daemon)
{
	const struct sl_control_doors doors = { .clock = sl_clock_system(),
		.rand = sl_rand_system(),
		.store = daemon->store,
		.queue = sl_daemon_queue(daemon),
		.replica = daemon->replica,
		.tool = SL_VERSION_TOOL,
		.open_repo = open_repo,
		.alone = !sl_store_is_shared(daemon->store) };
	char host[40] = "";

	/* Containers may share a name and a number. */
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(daemon->replica, sizeof(daemon->replica), "%s:%d:%08x", host, (int)getpid(),
		(unsigned)sl_rand_u64(sl_rand_system()));
	daemon->control = sl_control_new(&doors, daemon->world);
}

static void hear(void *ctx, enum sl_news news, const char *key)
{
	struct daemon *daemon = ctx;

	sl_control_hear(daemon->control, news, key);
}

static enum sl_code start_all(struct daemon *daemon, struct sl_error *err)
{
	struct sl_web_options options = { .clock = sl_clock_system(), .version = SLUICE_VERSION };
	struct sl_auth *auth = NULL;
	enum sl_code code = open_data(daemon, err);

	if (code == SL_OK)
		code = make_auth(daemon, daemon->world, &auth, err);
	if (code == SL_OK)
		code = sl_daemon_workers(daemon, err);
	if (code != SL_OK) {
		sl_auth_free(auth);
		return code;
	}
	make_control(daemon);
	options.control = daemon->control;
	options.store = daemon->store;
	daemon->web = sl_web_new(&options, auth);
	sl_store_on_news(daemon->store, hear, daemon);
	code = sl_daemon_listen(daemon, err);
	if (code == SL_OK)
		code = sl_control_start(daemon->control, err);
	if (code != SL_OK)
		return code;
	sl_web_set_ready(daemon->web, true);
	(void)sl_service_notify("READY=1", NULL);
	return SL_OK;
}

enum sl_code sl_daemon_start(struct daemon *daemon, struct sl_error *err)
{
	enum sl_code code = sl_signals_open(&daemon->signals, err);

	if (code == SL_OK)
		code = start_all(daemon, err);
	if (code != SL_OK)
		sl_daemon_stop(daemon);
	return code;
}

/* --- running -------------------------------------------------------------------------------- */

static void tell_later(const char *key)
{
	sl_log(SL_LOG_WARNING, "reload.later", "key", key, "effect",
		"takes effect at the next start", NULL);
}

/* What a running daemon cannot change is said, never done by half. */
static void tell_what_waits(const struct daemon *daemon, const struct sl_world *world)
{
	const struct sl_world *now = daemon->world;

	const struct {
		const char *key, *old, *new;
	} fixed[] = {
		{ "server.listen", now->listen, world->listen },
		{ "server.socket", now->socket, world->socket },
		{ "server.socket_group", now->socket_group, world->socket_group },
		{ "server.data", now->data, world->data },
		{ "store", now->store, world->store },
		{ "store_password", now->store_password, world->store_password },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (!sl_str_eq(fixed[i].old, fixed[i].new))
			tell_later(fixed[i].key);
	}
	if (now->workers != world->workers || now->apply_workers != world->apply_workers)
		tell_later("server.workers, server.apply_workers");
	if (now->log_level != world->log_level)
		tell_later("log.level");
}

/* A bad file changes nothing and says so. */
static void reload(struct daemon *daemon)
{
	struct sl_error err = SL_ERROR_INIT;
	const struct sl_world *world = NULL;
	struct sl_auth *auth = NULL;
	enum sl_code code = sl_world_load(&world, daemon->config_path, NULL, &err);

	if (code == SL_OK)
		code = make_auth(daemon, world, &auth, &err);
	if (code != SL_OK) {
		sl_log(SL_LOG_ERROR, "reload.refused", "file", daemon->config_path, "error",
			err.msg, "effect", "nothing changed", NULL);
	} else {
		sl_web_set_auth(daemon->web, auth);
		sl_control_reload(daemon->control, world);
		sl_log(SL_LOG_INFO, "reloaded", "file", daemon->config_path, NULL);
		tell_what_waits(daemon, world);
	}
	sl_world_unref(world);
}

/* The running statements end; a second signal, or the end of the grace, cancels them. */
static void drain(struct daemon *daemon)
{
	const int64_t until = sl_clock_mono(sl_clock_system()) + daemon->world->grace_us;
	int signal_number = 0;

	sl_web_set_ready(daemon->web, false);
	(void)sl_service_notify("STOPPING=1", NULL);
	sl_log(SL_LOG_INFO, "stopping", "effect", "the statements at hand are finished", NULL);
	sl_control_drain(daemon->control);
	sl_sched_stop(daemon->sched);
	sl_pool_close(daemon->pool);
	while (!sl_pool_join(daemon->pool, SL_SECOND_US / 10)) {
		if (sl_signals_wait(daemon->signals, 0, &signal_number, NULL) != SL_OK)
			break;
		if (signal_number == SIGTERM || signal_number == SIGINT ||
			sl_clock_mono(sl_clock_system()) > until)
			break;
		(void)sl_service_notify("WATCHDOG=1", NULL);
	}
	sl_control_cancel_runs(daemon->control);
	sl_pool_cancel(daemon->pool);
	(void)sl_pool_join(daemon->pool, 0);
}

void sl_daemon_wait(struct daemon *daemon)
{
	struct sl_error err = SL_ERROR_INIT;
	const int64_t watchdog = sl_service_watchdog_us();
	const int beat = watchdog > 0 ? (int)(watchdog / 2000) : SOCKET_LOOK_MS;
	const int timeout = beat < SOCKET_LOOK_MS ? beat : SOCKET_LOOK_MS;
	int signal_number = 0;

	while (signal_number != SIGTERM && signal_number != SIGINT) {
		if (sl_signals_wait(daemon->signals, timeout, &signal_number, &err) != SL_OK) {
			sl_log(SL_LOG_ERROR, "signals", "error", err.msg, NULL);
			break;
		}
		if (signal_number == SIGHUP)
			reload(daemon);
		if (signal_number != 0)
			continue;
		(void)sl_service_notify("WATCHDOG=1", NULL);
		sl_daemon_look_at_socket(daemon);
	}
	drain(daemon);
}

/* In the reverse order of the start; takes what a failed start left. */
void sl_daemon_stop(struct daemon *daemon)
{
	if (daemon->store)
		sl_store_on_news(daemon->store, NULL, NULL);
	sl_http_server_free(daemon->server);
	sl_sched_free(daemon->sched);
	sl_pool_free(daemon->pool);
	sl_web_free(daemon->web);
	sl_control_free(daemon->control);
	sl_store_free(daemon->store);
	if (daemon->signals >= 0)
		(void)close(daemon->signals);
	sl_daemon_leave_socket(daemon);
}

/* --- the command ---------------------------------------------------------------------------- */

static enum sl_code run_serve(struct sl_cli *cli, struct sl_error *err)
{
	struct daemon daemon = { .config_path = sl_cli_config_path(cli), .signals = -1 };
	enum sl_code code;

	if (!daemon.config_path)
		return sl_error_set(err, SL_EINVAL,
			"serve: no configuration: give -c FILE, or start in a folder with a sluice.yaml");
	code = sl_world_load(&daemon.world, daemon.config_path, NULL, err);
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code != SL_OK)
		return code;
	sl_log_init((enum sl_log_level)daemon.world->log_level, STDERR_FILENO, sl_clock_system());
	code = sl_daemon_start(&daemon, err);
	/* What a start does not find is named by the configuration: a secret, a folder. */
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code == SL_OK) {
		sl_daemon_wait(&daemon);
		sl_daemon_stop(&daemon);
		sl_log(SL_LOG_INFO, "stopped", NULL);
	}
	sl_world_unref(daemon.world);
	return code;
}

const struct sl_command sl_command_serve = {
	.name = "serve",
	.group = SL_CLI_START,
	.summary = "the daemon: watches, reviews, applies",
	.arguments = "",
	.run = run_serve,
};
