#include "migrate_events.h"

#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES (16u << 20)

const char *migrate_did_name(enum sl_apply_did did)
{
	switch (did) {
	case SL_APPLY_WOULD_RUN:
		return "pending";
	case SL_APPLY_DID:
		return "applied";
	case SL_APPLY_DID_PART:
		return "partial";
	case SL_APPLY_DID_NOTHING:
		return "undone";
	case SL_APPLY_HAD_RUN:
		return "found done";
	}
	return "";
}

/* One line, whole, as soon as it is known; takes the reference. */
static void emit(struct migrate_events *events, json_t *event)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(LINE_MAX_BYTES);
	sl_auto_json json_t *owned = event;
	char at[SL_TIME_ISO_MAX];

	if (!events->json)
		return;
	json_object_set_new(owned, "at",
		json_string(sl_time_iso(sl_clock_wall(sl_cli_clock(events->cli)), at)));
	sl_json_canonical(owned, &line);
	sl_buf_addc(&line, '\n');
	sl_cli_write(events->cli, sl_buf_str(&line), line.len);
	(void)fflush(stdout);
}

void migrate_events_begin(struct migrate_events *events, struct sl_cli *cli, size_t databases)
{
	const char *format = sl_cli_value(cli, "format");

	*events = (struct migrate_events){ .cli = cli,
		.json = format && sl_str_eq(format, "json"),
		.databases = databases };
	(void)pthread_mutex_init(&events->lock, NULL);
	progress_begin(&events->progress, cli);
	emit(events,
		json_pack("{s:s, s:i, s:I}", "event", "started", "version", 1, "databases",
			(json_int_t)databases));
}

void migrate_events_end(struct migrate_events *events)
{
	progress_clear(&events->progress);
	(void)pthread_mutex_destroy(&events->lock);
}

/* With one database its statements, with several how many of them are through. */
static void show(struct migrate_teller *teller, const char *what, bool now)
{
	struct migrate_events *events = teller->events;

	if (events->databases == 1)
		progress_show(&events->progress, teller->done, teller->total, what, now);
	else
		progress_show(&events->progress, events->ended, events->databases, what, now);
}

static void on_phase(void *ctx, enum sl_apply_phase phase, unsigned done, unsigned total,
	const char *what)
{
	struct migrate_teller *teller = ctx;
	const char *name = sl_apply_phase_name(phase);

	(void)done;
	(void)total;
	(void)pthread_mutex_lock(&teller->events->lock);
	if (teller->phase != name) {
		teller->phase = name;
		emit(teller->events,
			json_pack("{s:s, s:s, s:s}", "event", "phase", "target", teller->url,
				"phase", name));
		show(teller, phase == SL_APPLY_EXECUTE ? what : name, true);
	}
	(void)pthread_mutex_unlock(&teller->events->lock);
}

static enum sl_code on_intent(void *ctx, const struct sl_apply_intent *intent, struct sl_error *err)
{
	struct migrate_teller *teller = ctx;

	(void)err;
	(void)pthread_mutex_lock(&teller->events->lock);
	teller->total = intent->steps_total;
	teller->done = 0;
	teller->path[0] = '\0';
	emit(teller->events,
		json_pack("{s:s, s:s, s:s, s:I, s:I}", "event", "run", "target", teller->url, "run",
			intent->run, "migrations", (json_int_t)intent->pending_len, "statements",
			(json_int_t)intent->steps_total));
	(void)pthread_mutex_unlock(&teller->events->lock);
	return SL_OK;
}

static void tell_migration(struct migrate_teller *teller, const char *path, const char *state)
{
	emit(teller->events,
		json_pack("{s:s, s:s, s:s, s:s}", "event", "migration", "target", teller->url,
			"path", path, "state", state));
}

/* A file that another one follows has been committed. */
static void change_file(struct migrate_teller *teller, const char *path)
{
	if (sl_str_eq(teller->path, path))
		return;
	if (teller->path[0] != '\0')
		tell_migration(teller, teller->path, "applied");
	(void)snprintf(teller->path, sizeof(teller->path), "%s", path);
	tell_migration(teller, teller->path, "begun");
}

static json_t *step_json(const struct migrate_teller *teller, const struct sl_step *step,
	const char *state)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "event", "step", "target",
		teller->url, "path", step->path, "statement", (json_int_t)step->statement, "line",
		(json_int_t)step->line, "state", state);

	if (step->ended_at == 0)
		return event;
	json_object_set_new(event, "took_us", json_integer(step->ended_at - step->started_at));
	if (step->error[0] != '\0')
		json_object_set_new(event, "error", json_string(step->error));
	else if (step->rows >= 0)
		json_object_set_new(event, "rows", json_integer(step->rows));
	return event;
}

static enum sl_code on_step(void *ctx, const struct sl_step *step, struct sl_error *err)
{
	struct migrate_teller *teller = ctx;
	bool ended = step->ended_at != 0, failed = step->error[0] != '\0';
	char what[512];

	(void)err;
	(void)pthread_mutex_lock(&teller->events->lock);
	change_file(teller, step->path);
	teller->done += ended && !failed;
	emit(teller->events,
		step_json(teller, step, !ended ? "begun" : (failed ? "failed" : "done")));
	(void)snprintf(what, sizeof(what), "%s:%u", step->path, step->line);
	show(teller, what, false);
	(void)pthread_mutex_unlock(&teller->events->lock);
	return SL_OK;
}

static void on_waits(void *ctx, const struct sl_step *step, const char *what)
{
	struct migrate_teller *teller = ctx;
	char text[1024];
	json_t *event;

	(void)pthread_mutex_lock(&teller->events->lock);
	event = step_json(teller, step, "waits");
	json_object_set_new(event, "for", json_string(what));
	emit(teller->events, event);
	(void)snprintf(text, sizeof(text), "%s:%u waits for %s", step->path, step->line, what);
	show(teller, text, true);
	(void)pthread_mutex_unlock(&teller->events->lock);
}

void migrate_tell(struct migrate_teller *teller, struct migrate_events *events, const char *url,
	struct sl_apply_request *request)
{
	*teller = (struct migrate_teller){ .events = events,
		.url = url,
		.journal = { .intent = on_intent,
			.step = on_step,
			.waits = on_waits,
			.ctx = teller } };
	request->progress = on_phase;
	request->progress_ctx = teller;
	if (events->json || events->progress.cli)
		request->journal = &teller->journal;
}

void migrate_tell_blocked(struct migrate_teller *teller, const struct sl_apply_result *result,
	int64_t wait_us)
{
	(void)pthread_mutex_lock(&teller->events->lock);
	emit(teller->events,
		json_pack("{s:s, s:s, s:s, s:s, s:I}", "event", "blocked", "target", teller->url,
			"code", sl_code_name(result->code), "message", result->text, "try_again_us",
			(json_int_t)wait_us));
	progress_clear(&teller->events->progress);
	(void)pthread_mutex_unlock(&teller->events->lock);
}

void migrate_tell_ended(struct migrate_teller *teller, const struct sl_apply_result *result)
{
	(void)pthread_mutex_lock(&teller->events->lock);
	for (size_t i = 0; i < result->migrations_len; i++) {
		const struct sl_apply_migration *m = &result->migrations[i];

		if (sl_str_eq(m->migration->path, teller->path))
			tell_migration(teller, teller->path, migrate_did_name(m->did));
	}
	for (size_t i = 0; i < result->notices_len; i++)
		emit(teller->events,
			json_pack("{s:s, s:s, s:s}", "event", "notice", "target", teller->url,
				"text", result->notices[i]));
	teller->events->ended++;
	show(teller, teller->url, true);
	(void)pthread_mutex_unlock(&teller->events->lock);
}
