/* The checks of this machine: secrets, folders, store, socket, daemon, address. */
#include "doctor.h"

#include "client.h"

#include "sluice/config/secret.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/net.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB        ((uint64_t)1 << 20)
#define NAMES_MAX  100000
#define ROOM_LEAST (16 * MIB) /* a store that cannot write stops everything */
#define ROOM_GOOD  (256 * MIB)

/* --- secrets --------------------------------------------------------------------------------- */

static void check_file_of(struct doctor *d, const char *object, const char *reference)
{
	const char *path = reference + strlen("file:");
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)))
		doctor_say(d, DOCTOR_WARN, object,
			sl_arena_printf(d->arena, "chmod o= %s", sl_shell_word(d->arena, path)),
			"%s can be read by every account of this machine", reference);
	else
		doctor_say(d, DOCTOR_OK, object, "", "%s is read", reference);
}

static const char *remedy_of(const char *reference)
{
	if (sl_str_starts(reference, "env:"))
		return "set it where the daemon is started, and here";
	if (sl_str_starts(reference, "systemd:"))
		return "give it to the unit with LoadCredential=";
	return "write it into the file, and let the daemon's account read it";
}

bool doctor_is_the_units(const char *reference)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it */
	return sl_str_starts(reference, "systemd:") && !getenv("CREDENTIALS_DIRECTORY");
}

static void check_secret(struct doctor *d, const char *kind, const char *name,
	const char *reference)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(4096);
	const char *object = sl_arena_printf(d->arena, "%s %s", kind, name);
	struct sl_error err = SL_ERROR_INIT;

	if (!sl_secret_is_reference(reference))
		return;
	if (doctor_is_the_units(reference))
		doctor_say(d, DOCTOR_WARN, object,
			"as root, while the unit runs: "
			"CREDENTIALS_DIRECTORY=/run/credentials/sluice.service sluice doctor",
			"%s is given to the daemon's unit alone, so it cannot be looked at here",
			reference);
	else if (sl_secret_resolve(reference, &secret, &err) != SL_OK)
		doctor_say(d, DOCTOR_FAIL, object, remedy_of(reference), "%s", err.msg);
	else if (sl_str_starts(reference, "file:"))
		check_file_of(d, object, reference);
	else
		doctor_say(d, DOCTOR_OK, object, "", "%s is read", reference);
}

void doctor_secrets(struct doctor *d)
{
	const struct sl_workspace *w = d->world->workspace;

	check_secret(d, "store", d->world->store, d->world->store_password);
	for (size_t i = 0; i < w->targets_len; i++)
		check_secret(d, "target", w->targets[i].name, w->targets[i].password);
	for (size_t i = 0; i < w->users_len; i++)
		check_secret(d, "user", w->users[i].name, w->users[i].token);
	for (size_t i = 0; i < w->routes_len; i++) {
		check_secret(d, "route", w->routes[i].name, w->routes[i].url);
		check_secret(d, "route", w->routes[i].name, w->routes[i].secret);
	}
}

/* --- folders --------------------------------------------------------------------------------- */

static const char *folder_of(struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : sl_arena_strndup(d->arena, path, (size_t)(slash - path));
}

static void check_room(struct doctor *d, const char *path)
{
	struct statvfs fs;
	uint64_t room;

	if (statvfs(path, &fs) != 0) {
		doctor_say(d, DOCTOR_WARN, path, "", "how much room is left cannot be told");
		return;
	}
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	doctor_say(d,
		room < ROOM_LEAST        ? DOCTOR_FAIL :
			room < ROOM_GOOD ? DOCTOR_WARN :
					   DOCTOR_OK,
		path, room < ROOM_GOOD ? "make room on its disk" : "",
		"can be written, %" PRIu64 " MiB are free", room / MIB);
}

/* What another account left there, most often root that tried the daemon once, or NULL. */
static const char *shut_in(struct doctor *d, const char *folder)
{
	struct sl_names names;

	if (sl_folder_list(&names, d->arena, folder, NAMES_MAX, NULL) != SL_OK)
		return folder;
	for (size_t i = 0; i < names.len; i++) {
		const char *path = sl_path_join(d->arena, folder, names.at[i]);

		if (access(path, sl_file_is_folder(path) ? R_OK | W_OK | X_OK : R_OK | W_OK) != 0 &&
			errno == EACCES)
			return path;
	}
	return NULL;
}

static void check_inside(struct doctor *d, const char *path)
{
	const char *mirrors = sl_path_join(d->arena, path, "mirrors");
	const char *shut = shut_in(d, path);

	if (!shut && sl_file_is_folder(mirrors))
		shut = shut_in(d, mirrors);
	if (shut)
		doctor_say(d, DOCTOR_FAIL, path,
			sl_arena_printf(d->arena, "as root: chown -R --reference=%s %s",
				sl_shell_word(d->arena, path), sl_shell_word(d->arena, path)),
			"%s belongs to another account, and the daemon will not read or write it",
			shut);
	else
		check_room(d, path);
}

/* The folder above that is there. */
static const char *nearest(struct doctor *d, const char *path)
{
	while (access(path, F_OK) != 0 && !sl_str_eq(path, ".") && !sl_str_eq(path, "/"))
		path = folder_of(d, path);
	return path;
}

void doctor_data(struct doctor *d)
{
	const char *path = d->world->data;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (access(path, W_OK | X_OK) == 0)
			check_inside(d, path);
		else
			doctor_say(d, DOCTOR_FAIL, path,
				"let the daemon's account write it, or name another with server.data",
				"cannot be written by this account");
		return;
	}
	if (access(nearest(d, path), W_OK | X_OK) == 0 && access(path, F_OK) != 0)
		doctor_say(d, DOCTOR_OK, path, "", "will be made at the first start");
	else
		doctor_say(d, DOCTOR_FAIL, path,
			sl_arena_printf(d->arena,
				"mkdir -p %s, owned by the daemon's account, or name another with "
				"server.data",
				sl_shell_word(d->arena, path)),
			"is no folder, and cannot be made by this account");
}

/* --- the store ------------------------------------------------------------------------------- */

static void say_newer(struct doctor *d)
{
	doctor_say(d, DOCTOR_FAIL, d->world->store, "start the newer version that made it",
		"has schema %d, and this Sluice knows %d", d->store.version, d->store.known);
}

/* The URL's own words; where it has no login, the client library's default is the account. */
static const char *store_grant(struct doctor *d)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1000);
	struct sl_engine_url url;

	if (sl_engine_url_parse(&url, d->arena, d->world->store, NULL) != SL_OK || !url.user)
		return "let its login make a schema in the database";
	sl_buf_adds(&text, "GRANT CREATE ON DATABASE ");
	sl_escape_ident(&text, url.database ? url.database : url.user, '"');
	sl_buf_adds(&text, " TO ");
	sl_escape_ident(&text, url.user, '"');
	sl_buf_addc(&text, ';');
	return sl_arena_strdup(d->arena, sl_buf_str(&text));
}

static void check_server_store(struct doctor *d)
{
	const struct sl_store_facts *store = &d->store;

	if (!store->exists && !store->may_be_made)
		doctor_say(d, DOCTOR_FAIL, d->world->store, store_grant(d),
			"is not there yet, and the login may not make its schema");
	else if (!store->exists)
		doctor_say(d, DOCTOR_OK, d->world->store, "", "will be made at the first start");
	else if (store->version > store->known)
		say_newer(d);
	else
		doctor_say(d, DOCTOR_OK, d->world->store, "", "answers, schema %d", store->version);
}

bool doctor_is_store(const struct doctor *d, const struct sl_target *target)
{
	struct stat store, other;
	struct sl_engine_url url;

	return d->store.embedded && target->dialect == SL_DIALECT_SQLITE &&
		sl_engine_url_parse(&url, d->arena, target->url, NULL) == SL_OK &&
		stat(d->store.path, &store) == 0 && stat(url.path, &other) == 0 &&
		store.st_dev == other.st_dev && store.st_ino == other.st_ino;
}

static const struct sl_target *target_in_store(const struct doctor *d)
{
	const struct sl_workspace *w = d->world->workspace;

	for (size_t i = 0; i < w->targets_len; i++)
		if (doctor_is_store(d, &w->targets[i]))
			return &w->targets[i];
	return NULL;
}

static const char *link_remedy(struct doctor *d)
{
	const char *word = sl_shell_word(d->arena, d->store.path);

	return sl_arena_printf(d->arena,
		"stop the daemon, then remove the other name, or: cp -p %s %s.own && mv %s.own %s",
		word, word, word, word);
}

void doctor_store(struct doctor *d)
{
	const struct sl_store_facts *store = &d->store;
	const struct sl_target *target = target_in_store(d);

	if (target)
		doctor_say(d, DOCTOR_FAIL, d->world->store,
			"name a file of its own with `store`, or mend the target's url",
			"is the database of the target %s too", target->name);
	else if (doctor_is_the_units(d->world->store_password))
		doctor_say(d, DOCTOR_WARN, d->world->store, "see secrets",
			"without its password it was not looked at");
	else if (d->store_code != SL_OK)
		doctor_say(d, DOCTOR_FAIL, d->world->store,
			store->embedded ? "let the daemon's account read it" :
					  "start its server, or mend `store` and `store_password`",
			"%s", d->store_err.msg);
	else if (!store->embedded)
		check_server_store(d);
	else if (!store->exists && access(folder_of(d, store->path), W_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, d->world->store,
			"make the folder, writable by the daemon's account, or mend `store`",
			"is not there yet, and its folder %s cannot be written: %s",
			folder_of(d, store->path), errno == ENOENT ? "it is missing" : "denied");
	else if (!store->exists)
		doctor_say(d, DOCTOR_OK, d->world->store, "", "will be made at the first start");
	else if (!store->ours)
		doctor_say(d, DOCTOR_FAIL, d->world->store, "name a file of its own with `store`",
			"is a file of something else");
	else if (store->version > store->known)
		doctor_say(d, DOCTOR_FAIL, d->world->store, "start the newer version that made it",
			"has schema %d, and this Sluice knows %d", store->version, store->known);
	else if (store->linked)
		doctor_say(d, DOCTOR_FAIL, d->world->store, link_remedy(d),
			"has another name too (a hard link), by which a second daemon would get in");
	else if (access(store->path, W_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, d->world->store, "let the daemon's account write it",
			"cannot be written by this account");
	else if (store->holder != 0)
		doctor_say(d, DOCTOR_OK, d->world->store, "", "open in process %ld", store->holder);
	else
		doctor_say(d, DOCTOR_OK, d->world->store, "", "free, schema %d", store->version);
}

/* --- the daemon ------------------------------------------------------------------------------ */

static bool group_is_there(const char *name)
{
	struct group group, *found = NULL;
	char text[1 << 16];

	return getgrnam_r(name, &group, text, sizeof(text), &found) == 0 && found;
}

static bool path_is_good(struct doctor *d, const char *socket)
{
	struct sl_error err = SL_ERROR_INIT;
	enum sl_code code = sl_unix_path_check(socket, &err);

	if (code != SL_OK)
		doctor_say(d, DOCTOR_FAIL, socket,
			code == SL_ECONFLICT ?
				"take that file away, or name another path with server.socket" :
				"name a shorter path with server.socket",
			"%s", err.msg);
	return code == SL_OK;
}

void doctor_socket(struct doctor *d)
{
	const char *socket = d->world->socket, *group = d->world->socket_group;
	const char *folder = folder_of(d, socket);

	if (socket[0] == '\0' || !path_is_good(d, socket))
		return;
	if (group[0] != '\0' && !group_is_there(group))
		doctor_say(d, DOCTOR_FAIL, socket,
			sl_arena_printf(d->arena, "groupadd %s, or mend server.socket_group",
				group),
			"there is no group %s", group);
	if (access(folder, F_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, socket,
			sl_arena_printf(d->arena,
				"mkdir -p %s, owned by the daemon's account (the unit does it with "
				"RuntimeDirectory=)",
				sl_shell_word(d->arena, folder)),
			"its folder %s is missing", folder);
	else if (access(folder, W_OK | X_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, socket, "let the daemon's account write it",
			"its folder %s cannot be written by this account", folder);
	else if (group[0] == '\0' || group_is_there(group))
		doctor_say(d, DOCTOR_OK, socket, "", "%s",
			d->daemon != 0 ? "a daemon listens" : "its folder is there");
}

static bool lists_target(const json_t *targets, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(targets, i, row)
		if (sl_str_eq(sl_json_str(row, "name", ""), name))
			return true;
	return false;
}

/* Whether the daemon knows the same targets; what it does not tell is taken as the same. */
static bool daemon_agrees(struct doctor *d)
{
	const struct sl_workspace *w = d->world->workspace;
	struct sl_net_request request = { .method = "GET",
		.url = "http://localhost/api/targets",
		.unix_socket = d->world->socket,
		.allow_private = true,
		.total_us = d->timeout_us,
		.answer_max = 16u << 20 };
	sl_auto_json json_t *body = NULL;
	struct sl_net_answer answer;
	const json_t *targets;

	if (sl_net_call(&request, sl_cli_cancel(d->cli), d->arena, &answer, NULL) != SL_OK ||
		answer.status != 200 ||
		sl_json_load(&body, answer.body, answer.body_len, 16u << 20, "answer", NULL) !=
			SL_OK)
		return true;
	targets = json_object_get(body, "targets");
	if (json_array_size(targets) != w->targets_len)
		return false;
	for (size_t i = 0; i < w->targets_len; i++)
		if (!lists_target(targets, w->targets[i].name))
			return false;
	return true;
}

void doctor_daemon(struct doctor *d)
{
	const char *remedy = sl_arena_printf(d->arena, "kill -HUP %ld", d->daemon);

	if (d->daemon == 0 && d->store.holder != 0)
		doctor_say(d, DOCTOR_WARN, d->world->socket,
			"restart it with this configuration, or mend server.socket",
			"nobody answers here, and process %ld has the store open", d->store.holder);
	else if (d->daemon == 0)
		doctor_say(d, DOCTOR_OK, d->world->socket, "",
			"none runs: `sluice serve -c %s` starts it",
			sl_shell_word(d->arena, d->config));
	else if (!daemon_agrees(d))
		doctor_say(d, DOCTOR_WARN, d->world->socket, remedy,
			"process %ld works with other targets than this file names", d->daemon);
	else
		doctor_say(d, DOCTOR_OK, d->world->socket, "", "process %ld answers", d->daemon);
}

void doctor_listen(struct doctor *d)
{
	const char *address = d->world->listen;
	struct sl_error err = SL_ERROR_INIT;
	uint16_t port;
	int fd = -1;

	if (address[0] == '\0')
		return;
	if (sl_listen_tcp(&fd, address, &port, &err) == SL_OK) {
		(void)close(fd);
		doctor_say(d, DOCTOR_OK, address, "", "is free");
	} else if (d->daemon != 0) {
		doctor_say(d, DOCTOR_OK, address, "", "is the daemon's");
	} else {
		doctor_say(d, DOCTOR_FAIL, address,
			"stop what has it, or name another with server.listen", "%s", err.msg);
	}
}
