/* Origins: what their URLs may be, and the one way to fetch from and push to them. */
#include "origin.h"

#include "sluice/core/alloc.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADS "refs/heads/"

static char *copy(const char *text)
{
	return text != NULL ? sl_xstrdup(text) : NULL;
}

/* user@host:path, but neither a URL nor a path. */
static bool is_scp_form(const char *url)
{
	static const char host[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@";
	size_t len = strspn(url, host);

	return len > 0 && url[len] == ':' && url[len + 1] != ':' &&
		strncmp(url + len, "://", 3) != 0;
}

static bool scheme_of(const char *url, enum sl_git_scheme *out)
{
	if (url[0] == '/' || sl_str_starts(url, "file:///"))
		*out = SL_GIT_LOCAL;
	else if (sl_str_starts(url, "https://") || sl_str_starts(url, "http://"))
		*out = SL_GIT_HTTP;
	else if (sl_str_starts(url, "ssh://") || is_scp_form(url))
		*out = SL_GIT_SSH;
	else
		return false;
	return true;
}

/* Whether "scheme://user:password@host" holds a password. */
static bool has_password(const char *url)
{
	const char *authority = strstr(url, "://");
	size_t len, colon;

	if (authority == NULL)
		return false;
	authority += 3;
	len = strcspn(authority, "/?#");
	colon = strcspn(authority, ":");
	return colon < len && memchr(authority + colon, '@', len - colon) != NULL;
}

/* The URL without "user@" and without a query. */
static char *shown(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *at;
	size_t head;

	if (authority == NULL)
		return sl_xstrdup(url);
	head = (size_t)(authority + 3 - url);
	at = memchr(url + head, '@', strcspn(url + head, "/?#"));
	at = at != NULL ? at + 1 : url + head;
	return sl_xasprintf("%.*s%.*s", (int)head, url, (int)strcspn(at, "?#"), at);
}

enum sl_code sl_git_peer_init(struct sl_git_peer *peer, const struct sl_git_origin *origin,
	struct sl_error *err)
{
	enum sl_git_scheme scheme = SL_GIT_LOCAL;

	if (has_password(origin->url))
		return sl_error_set(err, SL_EINVAL,
			"a repository's URL holds a password; name it as a secret of the host instead");
	if (!scheme_of(origin->url, &scheme))
		return sl_error_set(err, SL_EINVAL,
			"%.200s: a repository is an absolute path, file://, https://, http://, ssh:// "
			"or user@host:path",
			origin->url);
	*peer = (struct sl_git_peer){
		.scheme = scheme,
		.url = sl_xstrdup(origin->url),
		.shown = shown(origin->url),
		.token_user = copy(origin->token_user),
		.token = copy(origin->token),
		.ca_file = copy(origin->ca_file),
		.ssh_key = copy(origin->ssh_key),
		.known_hosts = copy(origin->known_hosts),
	};
	return SL_OK;
}

void sl_git_peer_done(struct sl_git_peer *peer)
{
	if (peer->token != NULL)
		explicit_bzero(peer->token, strlen(peer->token));
	free(peer->url);
	free(peer->shown);
	free(peer->token_user);
	free(peer->token);
	free(peer->ca_file);
	free(peer->ssh_key);
	free(peer->known_hosts);
}

int sl_git_talk_stop(struct sl_git_talk *talk, enum sl_code code, const struct sl_error *error)
{
	if (talk->code == SL_OK) {
		talk->code = code;
		talk->error = *error;
	}
	git_error_set_str(GIT_ERROR_CALLBACK, error->msg);
	return GIT_EUSER;
}

int sl_git_talk_check(struct sl_git_talk *talk)
{
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code = sl_cancel_check(talk->cancel, talk->peer->shown, &error);

	return code == SL_OK ? 0 : sl_git_talk_stop(talk, code, &error);
}

static int on_text(const char *text, int len, void *payload)
{
	(void)text;
	(void)len;
	return sl_git_talk_check(payload);
}

static int on_progress(const git_indexer_progress *progress, void *payload)
{
	struct sl_git_talk *talk = payload;
	struct sl_error error = SL_ERROR_INIT;

	if (progress->received_bytes <= (uint64_t)talk->bytes_max)
		return sl_git_talk_check(talk);
	(void)sl_error_set(&error, SL_ELIMIT, "%s: fetch: more than %lld bytes", talk->peer->shown,
		(long long)talk->bytes_max);
	return sl_git_talk_stop(talk, SL_ELIMIT, &error);
}

static int on_pack(int stage, uint32_t current, uint32_t total, void *payload)
{
	(void)stage;
	(void)current;
	(void)total;
	return sl_git_talk_check(payload);
}

static int on_ref_status(const char *name, const char *status, void *payload)
{
	struct sl_git_talk *talk = payload;
	struct sl_error error = SL_ERROR_INIT;
	enum sl_code code;

	if (status == NULL)
		return 0;
	code = strstr(status, "fast") != NULL || strstr(status, "lock") != NULL ||
			strstr(status, "fetch first") != NULL ?
		SL_ECONFLICT :
		SL_EDENIED;
	(void)sl_error_set(&error, code, "%s: push %s: refused: %.200s", talk->peer->shown, name,
		status);
	return sl_git_talk_stop(talk, code, &error);
}

static git_remote_callbacks callbacks_of(struct sl_git_talk *talk)
{
	git_remote_callbacks callbacks;

	(void)git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
	callbacks.sideband_progress = on_text;
	callbacks.transfer_progress = on_progress;
	callbacks.pack_progress = on_pack;
	callbacks.push_update_reference = on_ref_status;
	callbacks.payload = talk;
	if (talk->peer->scheme == SL_GIT_HTTP)
		callbacks.transport = sl_git_http_transport;
	if (talk->peer->scheme == SL_GIT_SSH)
		callbacks.transport = sl_git_ssh_transport;
	return callbacks;
}

/* What failed on our side is known better than libgit2 can say it. */
static enum sl_code talk_failed(const struct sl_git_talk *talk, int rc, const struct sl_repo *repo,
	const char *what, struct sl_error *err)
{
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = talk->code;

	if (code != SL_OK)
		return sl_error_set(err, code, "repository %s: %s: %s", repo->name, what,
			talk->error.msg);
	code = sl_git_fail(rc, talk->peer->shown, what, &cause);
	return sl_error_set(err, code == SL_EINTERNAL ? SL_EUNAVAIL : code, "repository %s: %s",
		repo->name, cause.msg + strlen("repository "));
}

/* libgit2 calls a folder that is not there an unsupported protocol. */
static int check_folder(struct sl_git_talk *talk)
{
	const char *path = talk->peer->url;
	struct sl_error error = SL_ERROR_INIT;

	if (sl_str_starts(path, "file://"))
		path += strlen("file://");
	if (strchr(path, '%') != NULL || access(path, R_OK | X_OK) == 0)
		return 0;
	return sl_git_talk_stop(talk, sl_os_error(&error, errno, "%s: open", path), &error);
}

static int connect_to(git_remote **out, struct sl_git_real *real, struct sl_git_talk *talk,
	git_direction direction)
{
	git_remote_callbacks callbacks = callbacks_of(talk);
	git_remote_connect_options options;
	git_remote_create_options create;
	int rc = sl_git_talk_check(talk);

	if (rc == 0 && talk->peer->scheme == SL_GIT_LOCAL)
		rc = check_folder(talk);
	if (rc == 0)
		rc = git_remote_create_options_init(&create, GIT_REMOTE_CREATE_OPTIONS_VERSION);
	if (rc != 0)
		return rc;
	/* Nobody's insteadOf applies to us, and looking for one leaks 20 KB in libgit2 1.5. */
	create.repository = real->git;
	create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
	rc = git_remote_create_with_opts(out, talk->peer->url, &create);
	if (rc == 0)
		rc = git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	if (rc != 0)
		return rc;
	options.callbacks = callbacks;
	return git_remote_connect_ext(*out, direction, &options);
}

static bool is_ours(const char *name)
{
	return sl_str_starts(name, HEADS) || sl_str_eq(name, SL_GIT_NOTES_REF);
}

/* Deletes branches that the origin does not have any more, and the notes if it has none. */
static int prune(struct sl_git_real *real, const struct sl_map *there)
{
	git_strarray names = { 0 };
	int rc = git_reference_list(&names, real->git);

	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		const char *name = names.strings[i];

		if (is_ours(name) && sl_map_get(there, name) == NULL)
			rc = git_reference_remove(real->git, name);
	}
	git_strarray_dispose(&names);
	return rc;
}

/* The origin's branches by name; stops above the limit. */
static int list_heads(struct sl_map *there, git_remote *remote, const struct sl_repo *repo,
	struct sl_git_talk *talk)
{
	static char present[] = "";
	const git_remote_head **heads;
	struct sl_error error = SL_ERROR_INIT;
	size_t n, branches = 0;
	int rc = git_remote_ls(&heads, &n, remote);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_ours(heads[i]->name))
			continue;
		branches += sl_str_starts(heads[i]->name, HEADS) ? 1 : 0;
		if (branches <= repo->limits.refs) {
			(void)sl_map_put(there, heads[i]->name, present);
			continue;
		}
		(void)sl_error_set(&error, SL_ELIMIT, "%s: more than %zu branches",
			talk->peer->shown, repo->limits.refs);
		rc = sl_git_talk_stop(talk, SL_ELIMIT, &error);
	}
	return rc;
}

static int fetch_all(struct sl_git_real *real, struct sl_git_talk *talk)
{
	static char heads_spec[] = "+refs/heads/*:refs/heads/*";
	static char notes_spec[] = "+" SL_GIT_NOTES_REF ":" SL_GIT_NOTES_REF;
	static char *specs[] = { heads_spec, notes_spec };
	sl_auto_git(git_remote_free) git_remote *remote = NULL;
	sl_auto(sl_map_free_p) struct sl_map *there = sl_map_new();
	git_strarray wanted = { specs, 1 };
	git_fetch_options options;
	int rc = connect_to(&remote, real, talk, GIT_DIRECTION_FETCH);

	if (rc == 0)
		rc = list_heads(there, remote, &real->base, talk);
	if (rc == 0)
		rc = git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	if (rc != 0)
		return rc;
	wanted.count = sl_map_get(there, SL_GIT_NOTES_REF) != NULL ? 2 : 1;
	options.callbacks = callbacks_of(talk);
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.update_fetchhead = 0;
	rc = git_remote_download(remote, &wanted, &options);
	if (rc == 0)
		rc = prune(real, there);
	if (rc == 0)
		rc = git_remote_update_tips(remote, &options.callbacks, 0,
			GIT_REMOTE_DOWNLOAD_TAGS_NONE, "fetch");
	return rc;
}

enum sl_code sl_git_peer_fetch(struct sl_git_real *real, const struct sl_git_peer *peer,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_git_talk talk = {
		.peer = peer,
		.cancel = cancel,
		.bytes_max = real->base.limits.fetch_bytes,
	};
	int rc = fetch_all(real, &talk);

	return rc == 0 ? SL_OK : talk_failed(&talk, rc, &real->base, "fetch", err);
}

static int push_all(struct sl_git_real *real, struct sl_git_talk *talk)
{
	static char spec[] = SL_GIT_NOTES_REF ":" SL_GIT_NOTES_REF;
	static char *specs[] = { spec };
	sl_auto_git(git_remote_free) git_remote *remote = NULL;
	const git_strarray sent = { specs, 1 };
	git_push_options options;
	int rc = connect_to(&remote, real, talk, GIT_DIRECTION_PUSH);

	if (rc == 0)
		rc = git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
	if (rc != 0)
		return rc;
	options.callbacks = callbacks_of(talk);
	options.pb_parallelism = 1;
	return git_remote_push(remote, &sent, &options);
}

enum sl_code sl_git_peer_push_notes(struct sl_git_real *real, const struct sl_git_peer *peer,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_git_talk talk = {
		.peer = peer,
		.cancel = cancel,
		.bytes_max = real->base.limits.fetch_bytes,
	};
	int rc = push_all(real, &talk);

	return rc == 0 ? SL_OK : talk_failed(&talk, rc, &real->base, "push the notes", err);
}
