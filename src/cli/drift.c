/* `sluice drift`: what has drifted, through the daemon; compared now; accepted. */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <poll.h>
#include <string.h>

#define WAIT_S 60

static const struct sl_cli_option drift_options[] = {
	{ "check", 0, NULL, "compare now, and wait for it", false },
	{ "wait", 0, "SECONDS", "how long --check waits (60)", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option accept_options[] = {
	{ "reason", 'r', "TEXT", "why it is right as it is", false },
	{ "live", 0, "HASH", "the structure that you looked at; else what is known now", false },
	{ NULL, 0, NULL, NULL, false },
};

static const char *path_of(struct sl_cli *cli, const char *target, const char *what)
{
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(2000);

	sl_buf_adds(&path, "/api/targets/");
	sl_escape_url(&path, target);
	sl_buf_adds(&path, what);
	return sl_arena_strdup(sl_cli_arena(cli), sl_buf_str(&path));
}

/* --- compared now --------------------------------------------------------------------------- */

static enum sl_code ask(struct sl_cli *cli, const char *target, struct sl_error *err)
{
	sl_auto_json json_t *body = json_object();
	sl_auto_json json_t *answer = NULL;

	return sl_client_call(cli, path_of(cli, target, "/drift/check"), body, &answer, err);
}

/* Whether every row was compared since it was asked for; *note is why one was not. */
static bool is_answered(struct sl_cli *cli, const json_t *rows, const char *target,
	const char **note)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (target && !sl_str_eq(sl_json_str(row, "target", ""), target))
			continue;
		if (!sl_json_bool(row, "asked", false))
			continue;
		*note = sl_client_text(cli, row, "note");
		return false;
	}
	return true;
}

static enum sl_code wait_for(struct sl_cli *cli, const char *target, struct sl_error *err)
{
	const struct sl_clock *clock = sl_cli_clock(cli);
	const char *note = "";
	int64_t seconds = WAIT_S;
	enum sl_code code = sl_cli_number(cli, "wait", 1, 86400, &seconds, err);
	const int64_t until = sl_clock_mono(clock) + seconds * SL_SECOND_US;

	while (code == SL_OK) {
		sl_auto_json json_t *answer = NULL;

		code = sl_client_call(cli, "/api/drift", NULL, &answer, err);
		if (code == SL_OK &&
			is_answered(cli, json_object_get(answer, "drift"), target, &note))
			return SL_OK;
		if (code == SL_OK && sl_clock_mono(clock) > until)
			return sl_error_set(err, SL_ETIMEOUT,
				"the comparison is not done after %lld s%s%s; it will be, see "
				"`sluice drift`",
				(long long)seconds, note[0] ? ": " : "", note);
		if (code == SL_OK)
			code = sl_cancel_check(sl_cli_cancel(cli), "drift", err);
		(void)poll(NULL, 0, sl_cancel_slice_ms(sl_cli_cancel(cli)));
	}
	return code;
}

static enum sl_code check_now(struct sl_cli *cli, const char *target, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *row;
	size_t i;
	enum sl_code code = SL_OK;

	if (target) {
		code = ask(cli, target, err);
	} else {
		code = sl_client_call(cli, "/api/drift", NULL, &answer, err);
		json_array_foreach(json_object_get(answer, "drift"), i, row) {
			if (code == SL_OK)
				code = ask(cli, sl_json_str(row, "target", ""), err);
		}
	}
	return code == SL_OK ? wait_for(cli, target, err) : code;
}

/* --- shown ---------------------------------------------------------------------------------- */

static void print_row(struct sl_cli *cli, const json_t *row)
{
	const bool found = sl_json_bool(row, "found", false);
	const char *note = sl_client_text(cli, row, "note");

	sl_cli_print(cli, "%-20s %-12s %-8s %s", sl_client_text(cli, row, "target"),
		sl_client_text(cli, row, "environment"), sl_client_text(cli, row, "state"),
		sl_client_text(cli, row, "checked_at"));
	if (found)
		sl_cli_print(cli, "  %s, since %s, now %s", sl_client_text(cli, row, "summary"),
			sl_client_text(cli, row, "since"), sl_client_text(cli, row, "live_short"));
	if (note[0] != '\0')
		sl_cli_print(cli, "  %s", note);
	sl_cli_print(cli, "\n");
}

/* As many lines as the text has. */
static void print_side(struct sl_cli *cli, const char *what, const json_t *object, const char *key)
{
	const char *text = sl_json_str(object, key, "");

	if (text[0] == '\0')
		return;
	sl_cli_print(cli, "    %s:\n", what);
	while (*text != '\0') {
		sl_auto_buf struct sl_buf line = SL_BUF_INIT(4u << 20);
		size_t len = strcspn(text, "\n");

		sl_escape_terminal(&line, text, len);
		sl_cli_print(cli, "      %s\n", sl_buf_str(&line));
		text += len + (text[len] == '\n');
	}
}

static void print_differences(struct sl_cli *cli, const json_t *drift)
{
	const json_t *object;
	const json_t *line;
	size_t i;
	size_t k;

	json_array_foreach(json_object_get(drift, "differences"), i, object) {
		json_array_foreach(json_object_get(object, "lines"), k, line)
			sl_cli_print(cli, "  %s\n", sl_client_text(cli, line, "text"));
		print_side(cli, "meant to be there", object, "was");
		print_side(cli, "there now", object, "now");
	}
}

/* 1: something has drifted; 3: something could not be looked at when that was asked for. */
static void set_status(struct sl_cli *cli, const json_t *row, int *status)
{
	if (sl_json_bool(row, "found", false))
		*status = 1;
	else if (*status == 0 && sl_cli_has(cli, "check") && !sl_json_bool(row, "reached", true))
		*status = 3;
}

static enum sl_code show_one(struct sl_cli *cli, const char *target, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *drift;
	bool printed;
	int status = 0;
	enum sl_code code = sl_client_show(cli, path_of(cli, target, "/drift"), &answer, &printed,
		err);

	if (code != SL_OK)
		return code;
	drift = json_object_get(answer, "drift");
	if (!printed) {
		print_row(cli, drift);
		print_differences(cli, drift);
	}
	set_status(cli, drift, &status);
	sl_cli_exit(cli, status);
	return SL_OK;
}

static enum sl_code show_all(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *row;
	size_t i;
	bool printed;
	int status = 0;
	enum sl_code code = sl_client_show(cli, "/api/drift", &answer, &printed, err);

	if (code != SL_OK)
		return code;
	json_array_foreach(json_object_get(answer, "drift"), i, row) {
		if (!printed)
			print_row(cli, row);
		set_status(cli, row, &status);
	}
	sl_cli_exit(cli, status);
	return SL_OK;
}

static enum sl_code run_drift(struct sl_cli *cli, struct sl_error *err)
{
	const char *target = sl_cli_arg(cli, 0);
	enum sl_code code = SL_OK;

	if (sl_cli_has(cli, "check"))
		code = check_now(cli, target, err);
	if (code != SL_OK)
		return code;
	return target ? show_one(cli, target, err) : show_all(cli, err);
}

/* --- accepted ------------------------------------------------------------------------------- */

static enum sl_code run_accept(struct sl_cli *cli, struct sl_error *err)
{
	const char *target = sl_cli_arg(cli, 0);
	const char *reason = sl_cli_value(cli, "reason");
	const char *live = sl_cli_value(cli, "live");
	sl_auto_json json_t *shown = NULL;
	sl_auto_json json_t *answer = NULL;
	sl_auto_json json_t *body = NULL;
	enum sl_code code = SL_OK;

	if (!reason)
		return sl_error_set(err, SL_EINVAL,
			"say why the drift of %s is right: --reason TEXT is kept with it", target);
	if (!live) {
		code = sl_client_call(cli, path_of(cli, target, "/drift"), NULL, &shown, err);
		live = sl_json_str(json_object_get(shown, "drift"), "live", "");
	}
	if (code != SL_OK)
		return code;
	if (shown && !sl_cli_quiet(cli))
		print_differences(cli, json_object_get(shown, "drift"));
	body = json_pack("{s:s, s:s}", "reason", reason, "live", live);
	code = sl_client_call(cli, path_of(cli, target, "/drift/accept"), body, &answer, err);
	if (code == SL_OK && !sl_cli_quiet(cli))
		sl_cli_print(cli, "the drift of %s is accepted\n", target);
	return code;
}

static const struct sl_command rows[] = {
	{ "drift", SL_CLI_INSPECT, "what was changed by other means than a run", "[TARGET]",
		drift_options, 0, 1, run_drift },
	{ "drift accept", SL_CLI_INSPECT, "a drift is right as it is", "TARGET", accept_options, 1,
		1, run_accept },
};

const struct sl_command_list sl_commands_drift = { rows, sizeof(rows) / sizeof(rows[0]) };
