/* What has to be asked for, by many threads at once: a host that hangs costs its own time only. */
#include "doctor.h"

#include "sluice/config/secret.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/pool.h"
#include "sluice/sys/sock.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define THREADS 16

/* --- one thread each ------------------------------------------------------------------------- */

static enum sl_code resolve(const char *reference, const char **out, struct sl_arena *arena,
	struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(4096);
	enum sl_code code = SL_OK;

	*out = NULL;
	if (reference[0] != '\0')
		code = sl_secret_resolve(reference, &secret, err);
	if (code == SL_OK && secret.len > 0)
		*out = sl_arena_strndup(arena, sl_buf_str(&secret), secret.len);
	return code;
}

static void look_at_target(void *ctx, struct sl_cancel *cancel)
{
	struct doctor_target *t = ctx;
	struct sl_conn_spec spec = { .clock = sl_cli_clock(t->doctor->cli),
		.cancel = cancel,
		.connect_timeout_us = t->doctor->timeout_us };

	t->code = sl_engine_url_parse(&spec.url, t->arena, t->target->url, &t->err);
	if (t->code == SL_OK)
		t->code = resolve(t->target->password, &spec.password, t->arena, &t->err);
	if (t->code == SL_OK)
		t->code = sl_apply_examine(&spec, &t->facts, t->arena, &t->err);
}

static void look_at_project(void *ctx, struct sl_cancel *cancel)
{
	struct doctor_project *p = ctx;

	p->code = sl_control_examine_project(p->doctor->world, p->project, cancel, &p->facts,
		p->arena, &p->err);
}

/* "hooks.example.com" of https://hooks.example.com:8443/in, whatever else the URL holds. */
static const char *host_of(struct sl_arena *arena, const char *url)
{
	const char *start = url ? strstr(url, "://") : NULL, *end, *at;

	if (!start)
		return "";
	start += strlen("://");
	end = start + strcspn(start, "/?#");
	at = end == start ? NULL : memchr(start, '@', (size_t)(end - start));
	start = at ? at + 1 : start;
	if (*start == '[')
		return sl_arena_strndup(arena, start + 1, strcspn(start + 1, "]"));
	return sl_arena_strndup(arena, start, strcspn(start, ":/?#"));
}

static void look_at_route(void *ctx, struct sl_cancel *cancel)
{
	struct doctor_route *r = ctx;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *url = r->route->url;
	int trouble;

	(void)cancel;
	if (sl_secret_is_reference(url))
		r->code = resolve(url, &url, r->arena, &r->err);
	if (r->code != SL_OK)
		return;
	r->host = host_of(r->arena, url);
	trouble = r->host[0] == '\0' ? EAI_NONAME : getaddrinfo(r->host, NULL, &hints, &found);
	if (trouble != 0)
		r->code = sl_error_set(&r->err, SL_EUNAVAIL, "%s", gai_strerror(trouble));
	else
		freeaddrinfo(found);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void submit(struct doctor *d, struct sl_pool *pool, const char *kind, const char *name,
	void (*run)(void *, struct sl_cancel *), void *ctx)
{
	const struct sl_job job = { .key = sl_arena_printf(d->arena, "%s/%s", kind, name),
		.run = run,
		.ctx = ctx,
		.timeout_us = d->timeout_us };

	(void)sl_pool_submit(pool, 0, &job, NULL);
}

static struct sl_arena *own_arena(struct doctor *d)
{
	return *sl_vec_add_in(d->arena, &d->arenas) = sl_arena_new();
}

static void submit_all(struct doctor *d, struct sl_pool *pool)
{
	const struct sl_workspace *w = d->world->workspace;

	d->targets = sl_arena_calloc(d->arena, w->targets_len + 1, sizeof(*d->targets));
	for (size_t i = 0; i < w->targets_len; i++) {
		d->targets[i] = (struct doctor_target){ .doctor = d,
			.target = &w->targets[i],
			.arena = own_arena(d) };
		submit(d, pool, "target", w->targets[i].name, look_at_target, &d->targets[i]);
	}
	d->projects = sl_arena_calloc(d->arena, w->projects_len + 1, sizeof(*d->projects));
	for (size_t i = 0; i < w->projects_len; i++) {
		d->projects[i] = (struct doctor_project){ .doctor = d,
			.project = &w->projects[i],
			.arena = own_arena(d) };
		submit(d, pool, "project", w->projects[i].name, look_at_project, &d->projects[i]);
	}
	d->routes = sl_arena_calloc(d->arena, w->routes_len + 1, sizeof(*d->routes));
	for (size_t i = 0; i < w->routes_len; i++) {
		d->routes[i] = (struct doctor_route){ .doctor = d,
			.route = &w->routes[i],
			.arena = own_arena(d),
			.host = "" };
		submit(d, pool, "route", w->routes[i].name, look_at_route, &d->routes[i]);
	}
}

static size_t jobs(const struct doctor *d)
{
	const struct sl_workspace *w = d->world->workspace;

	return w->targets_len + w->projects_len + w->routes_len + 1;
}

/* --- at once --------------------------------------------------------------------------------- */

static void look_for_daemon(struct doctor *d)
{
	sl_auto(sl_cancel_free_p) struct sl_cancel *cancel = sl_cancel_new(sl_cli_clock(d->cli),
		sl_cli_cancel(d->cli), d->timeout_us);
	sl_auto(sl_fd_closep) int fd = -1;
	struct sl_peer peer;

	if (d->world->socket[0] == '\0')
		return;
	if (sl_connect_unix(&fd, d->world->socket, cancel, NULL) == SL_OK &&
		sl_peer_of(fd, &peer, NULL) == SL_OK)
		d->daemon = (long)peer.pid;
}

static void look_for_installation(struct doctor *d)
{
	char *text = NULL;
	size_t len;

	d->installation = "";
	if (sl_file_read(&text, &len, sl_path_join(d->arena, d->world->data, "installation"), 100,
		    NULL) == SL_OK)
		d->installation = sl_arena_strndup(d->arena, text, strcspn(text, "\n"));
	free(text);
}

static void look_at_store(struct doctor *d)
{
	const struct sl_store_options options = { .url = d->world->store,
		.password = d->world->store_password,
		.clock = sl_cli_clock(d->cli) };

	d->store_code = sl_store_examine(&options, &d->store, &d->store_err);
}

enum sl_code doctor_look(struct doctor *d, struct sl_error *err)
{
	sl_auto(sl_pool_free_p) struct sl_pool *pool = NULL;
	const struct sl_pool_lane lane = { "sluice-doctor", THREADS, jobs(d) };
	enum sl_code code = sl_pool_new(&pool, sl_cli_clock(d->cli), &lane, 1, err);

	if (code != SL_OK)
		return code;
	submit_all(d, pool);
	look_for_daemon(d);
	look_for_installation(d);
	look_at_store(d);
	while (!sl_pool_join(pool, SL_SECOND_US / 10))
		if (sl_cancel_asked(sl_cli_cancel(d->cli)))
			return sl_error_set(err, SL_ECANCELED, "doctor: canceled");
	return SL_OK;
}

void doctor_done(struct doctor *d)
{
	for (size_t i = 0; i < d->arenas.len; i++)
		sl_arena_free(d->arenas.at[i]);
}
