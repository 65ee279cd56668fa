/* `sluice wait`: until every change that a commit holds is applied in an environment. */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <poll.h>
#include <string.h>

#define TIMEOUT_US     (30 * 60 * SL_SECOND_US)
#define PAUSE_FIRST_US (SL_SECOND_US / 10)
#define PAUSE_MOST_US  (5 * SL_SECOND_US)

/* A push reaches the daemon by polling at the latest; until then its commit is unknown. */
#define UNKNOWN_US (30 * SL_SECOND_US)

static const struct sl_cli_option wait_options[] = {
	{ "commit", 0, "SHA", "the commit, or at least 7 digits of it", false },
	{ "environment", 'e', "NAME", "where its changes have to be applied", false },
	{ "timeout", 0, "DURATION", "how long to wait (default 30m)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* How a change stands in the environment, from the best to the worst. */
enum standing { NOTHING, APPLIED, GOES_ON, NEEDS_HUMAN, FAILED };

static const char *const standing_names[] = {
	[NOTHING] = "nothing",
	[APPLIED] = "applied",
	[GOES_ON] = "waiting",
	[NEEDS_HUMAN] = "needs_human",
	[FAILED] = "failed",
};

struct verdict {
	enum standing standing;
	const char *why; /* in the call's arena; "" */
};

struct waiting {
	struct sl_cli *cli;
	const char *commit, *environment;
	int64_t timeout_us, began;
	const char *told; /* the last sentence */
	bool reached; /* the daemon has answered */
	bool known; /* it knows the commit */
};

static struct verdict say(struct sl_cli *cli, enum standing standing, const json_t *change,
	const char *why)
{
	return (struct verdict){ standing,
		sl_arena_printf(sl_cli_arena(cli), "change %lld (%s)%s%s",
			(long long)sl_json_i64(change, "id", 0),
			sl_client_text(cli, change, "title"), why[0] != '\0' ? ": " : "", why) };
}

static const json_t *task_in(const json_t *stage, const char *state)
{
	const json_t *task;
	size_t i;

	json_array_foreach(json_object_get(stage, "tasks"), i, task)
		if (sl_str_eq(sl_json_str(task, "state", ""), state))
			return task;
	return NULL;
}

/* What stops it in a stage on the way there: "prod: the statement failed". */
static bool is_stuck(struct waiting *w, const json_t *change, const json_t *stage,
	struct verdict *out)
{
	static const struct {
		const char *state;
		enum standing standing;
	} rows[] = { { "failed", FAILED }, { "canceled", FAILED }, { "needs_human", NEEDS_HUMAN } };

	const char *state = sl_json_str(stage, "state", "");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *task = task_in(stage, rows[i].state);

		if (!task && !sl_str_eq(state, rows[i].state))
			continue;
		*out = say(w->cli, rows[i].standing, change,
			sl_arena_printf(sl_cli_arena(w->cli), "%s in %s%s%s",
				rows[i].standing == FAILED ? rows[i].state : "needs somebody",
				sl_client_text(w->cli, stage, "environment"), task ? ": " : "",
				task ? sl_client_text(w->cli, task, "sentence") : ""));
		return true;
	}
	return false;
}

/* Sluice goes no further there: the team's own tool may, where the mode is gate. */
static struct verdict judge_left(struct waiting *w, const json_t *change, const json_t *stage)
{
	const char *left = sl_client_text(w->cli, stage, "left");

	if (!sl_str_eq(sl_json_str(stage, "mode", ""), "gate"))
		return say(w->cli, NEEDS_HUMAN, change, left);
	if (sl_json_bool(stage, "seen_applied", false))
		return say(w->cli, APPLIED, change, "");
	return say(w->cli, GOES_ON, change, left);
}

static bool is_settled(struct waiting *w, const json_t *change, const json_t *stage,
	struct verdict *out)
{
	const char *state = sl_json_str(stage, "state", "");

	if (sl_str_eq(state, "left")) {
		*out = judge_left(w, change, stage);
		return true;
	}
	if (sl_str_eq(state, "skipped")) {
		*out = say(w->cli, NEEDS_HUMAN, change, sl_client_text(w->cli, stage, "left"));
		return true;
	}
	if (sl_str_eq(state, "elsewhere")) {
		*out = say(w->cli, APPLIED, change, sl_client_text(w->cli, stage, "left"));
		return true;
	}
	if (!sl_str_eq(state, "done") && !sl_str_eq(state, "nothing"))
		return false;
	*out = say(w->cli, sl_str_eq(state, "done") ? APPLIED : NOTHING, change, "");
	return true;
}

static struct verdict judge(struct waiting *w, const json_t *change)
{
	const char *state = sl_json_str(change, "state", "");
	const json_t *stages = json_object_get(change, "stages"), *stage;
	struct verdict verdict;
	bool there = false;
	size_t i;

	if (sl_str_eq(state, "open"))
		return say(w->cli, GOES_ON, change, "it is not merged yet");
	json_array_foreach(stages, i, stage) {
		there = sl_str_eq(sl_json_str(stage, "environment", ""), w->environment);
		if (there && is_settled(w, change, stage, &verdict))
			return verdict;
		if (is_stuck(w, change, stage, &verdict))
			return verdict;
		if (there)
			break;
	}
	if (!there && (json_array_size(stages) > 0 || !sl_str_eq(state, "merged")))
		return say(w->cli, NOTHING, change, "");
	if (sl_json_bool(change, "held", false))
		return say(w->cli, NEEDS_HUMAN, change,
			sl_arena_printf(sl_cli_arena(w->cli), "held by %s: %s",
				sl_client_text(w->cli, change, "hold_by"),
				sl_client_text(w->cli, change, "hold_reason")));
	return say(w->cli, GOES_ON, change, sl_client_text(w->cli, change, "waits_for"));
}

/* The worst of all; a commit that is still to be looked at goes on. */
static struct verdict judge_all(struct waiting *w, const json_t *commit)
{
	struct verdict worst = { NOTHING, "" };
	bool arrived = sl_json_bool(commit, "worked_off", false);
	const json_t *change;
	size_t i;

	json_array_foreach(json_object_get(commit, "changes"), i, change) {
		struct verdict verdict = judge(w, change);

		arrived = arrived ||
			sl_str_eq(sl_json_str(change, "head", ""), sl_json_str(commit, "id", ""));
		if (verdict.standing > worst.standing)
			worst = verdict;
	}
	if (!arrived && worst.standing < GOES_ON)
		worst = (struct verdict){ GOES_ON, "it is not on its project's branch yet" };
	return worst;
}

static enum sl_code print_end(struct waiting *w, json_t *answer, const struct verdict *verdict)
{
	json_t *commit = json_object_get(answer, "commit");
	const char *id = sl_json_str(commit, "id", w->commit);

	if (sl_cli_json(w->cli)) {
		json_object_set_new(commit, "environment", json_string(w->environment));
		json_object_set_new(commit, "outcome",
			json_string(standing_names[verdict->standing]));
		sl_client_print_json(w->cli, answer);
	} else if (verdict->standing == APPLIED) {
		sl_cli_print(w->cli, "commit %.10s: applied in %s\n", id, w->environment);
	} else if (verdict->standing == NOTHING) {
		sl_cli_print(w->cli, "commit %.10s: nothing to do in %s\n", id, w->environment);
	}
	return SL_OK;
}

static enum sl_code end(struct waiting *w, json_t *answer, const struct verdict *verdict,
	struct sl_error *err)
{
	(void)print_end(w, answer, verdict);
	if (verdict->standing == FAILED) {
		sl_cli_exit(w->cli, 8);
		return sl_error_set(err, SL_EINVAL, "commit %.10s: %s", w->commit, verdict->why);
	}
	if (verdict->standing == NEEDS_HUMAN)
		return sl_error_set(err, SL_EHUMAN, "commit %.10s: %s", w->commit, verdict->why);
	return SL_OK;
}

/* Each sentence once. */
static void tell(struct waiting *w, const char *sentence)
{
	if (sentence[0] == '\0' || (w->told && sl_str_eq(w->told, sentence)))
		return;
	w->told = sentence;
	sl_cli_note(w->cli, "commit %.10s: %s", w->commit, sentence);
}

static enum sl_code ask(struct waiting *w, json_t **out, struct sl_error *err)
{
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(4000);

	sl_buf_adds(&path, "/api/commits/");
	sl_escape_url(&path, w->commit);
	sl_buf_adds(&path, "?environment=");
	sl_escape_url(&path, w->environment);
	return sl_client_call(w->cli, sl_buf_str(&path), NULL, out, err);
}

/* A daemon that is started anew is waited for, and so is a push that it has not seen. */
static bool is_passing(struct waiting *w, enum sl_code code, const struct sl_error *err,
	int64_t waited)
{
	if (code == SL_EUNAVAIL || code == SL_EBUSY) {
		tell(w, "the daemon does not answer");
		return w->reached;
	}
	w->reached = true;
	if (code != SL_ENOTFOUND || !sl_str_starts(err->msg, "commit"))
		return false;
	return w->known || waited < UNKNOWN_US;
}

static void pause_for(const struct waiting *w, int64_t us)
{
	struct sl_cancel *cancel = sl_cli_cancel(w->cli);
	const struct sl_clock *clock = sl_cli_clock(w->cli);
	int64_t until = sl_clock_mono(clock) + us, left;

	while ((left = until - sl_clock_mono(clock)) > 0 &&
		sl_cancel_check(cancel, "", NULL) == SL_OK) {
		int64_t ms = left / 1000 + 1;

		(void)poll(NULL, 0, ms < SL_CANCEL_SLICE_MS ? (int)ms : SL_CANCEL_SLICE_MS);
	}
}

/* Asked until it is over, less often as time goes by. */
static enum sl_code wait_for(struct waiting *w, struct sl_error *err)
{
	const struct sl_clock *clock = sl_cli_clock(w->cli);
	int64_t pause = PAUSE_FIRST_US;

	for (;;) {
		sl_auto_json json_t *answer = NULL;
		struct verdict verdict = { GOES_ON, "" };
		enum sl_code code = ask(w, &answer, err);
		int64_t waited = sl_clock_mono(clock) - w->began;

		if (code == SL_OK) {
			w->reached = w->known = true;
			verdict = judge_all(w, json_object_get(answer, "commit"));
			if (verdict.standing != GOES_ON)
				return end(w, answer, &verdict, err);
			tell(w, verdict.why);
		} else if (!is_passing(w, code, err, waited)) {
			return code;
		}
		if (waited >= w->timeout_us && code != SL_OK)
			return code;
		if (waited >= w->timeout_us)
			return sl_error_set(err, SL_ETIMEOUT,
				"commit %.10s: not applied in %s within the time: %s", w->commit,
				w->environment, verdict.why);
		if (pause > w->timeout_us - waited)
			pause = w->timeout_us - waited;
		pause_for(w, pause);
		code = sl_cancel_check(sl_cli_cancel(w->cli), "wait", err);
		if (code != SL_OK)
			return code;
		pause = pause * 3 / 2 < PAUSE_MOST_US ? pause * 3 / 2 : PAUSE_MOST_US;
		if (pause < PAUSE_FIRST_US)
			pause = PAUSE_FIRST_US;
	}
}

static enum sl_code run_wait(struct sl_cli *cli, struct sl_error *err)
{
	struct waiting w = { .cli = cli,
		.commit = sl_cli_value(cli, "commit"),
		.environment = sl_cli_value(cli, "environment"),
		.timeout_us = TIMEOUT_US,
		.began = sl_clock_mono(sl_cli_clock(cli)) };
	const char *timeout = sl_cli_value(cli, "timeout");

	if (!w.commit)
		return sl_error_set(err, SL_EINVAL, "which commit? say it with --commit");
	if (!w.environment)
		return sl_error_set(err, SL_EINVAL,
			"in which environment? say it with --environment");
	if (timeout && !sl_parse_duration(timeout, &w.timeout_us))
		return sl_error_set(err, SL_EINVAL,
			"--timeout: '%.40s' is no duration (60s, 5m, 0)", timeout);
	return wait_for(&w, err);
}

static const struct sl_command rows[] = {
	{ "wait", SL_CLI_RELEASE, "until a commit's changes are applied in an environment", "",
		wait_options, 0, 0, run_wait },
};

const struct sl_command_list sl_commands_wait = { rows, sizeof(rows) / sizeof(rows[0]) };
