/* Changes and tasks, through the daemon: looked at and acted on. */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/str.h"
#include "sluice/model/words.h"
#include "sluice/sys/file.h"

#include <stdio.h>
#include <string.h>

static const struct sl_cli_option list_options[] = {
	{ "limit", 'n', "N", "how many (50)", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option stage_options[] = {
	{ "environment", 'e', "NAME", "the stage (the first that awaits approvals)", false },
	{ "reason", 'r', "TEXT", "why", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option reason_options[] = {
	{ "reason", 'r', "TEXT", "why", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option waive_options[] = {
	{ "reason", 'r', "TEXT", "why", false },
	{ "until", 'u', "YYYY-MM-DD", "its last day (UTC); the finding counts again afterwards",
		false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option skip_options[] = {
	{ "environment", 'e', "NAME", "the stage of a CHANGE that waits for the team's own tool",
		false },
	{ "reason", 'r', "TEXT", "why", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option resolve_options[] = {
	{ "applied", 0, NULL, "the statement in doubt took effect; it goes on behind it", false },
	{ "not-applied", 0, NULL, "it had no effect, and runs again", false },
	{ "file-applied", 0, NULL, "all of the file is there; what was missing was done by hand",
		false },
	{ "file-not-applied", 0, NULL,
		"nothing of the file is there any more; it runs from its beginning", false },
	{ "statement", 0, "N", "refused when another one is in doubt by now", false },
	{ "reason", 'r', "TEXT", "how you know", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option open_options[] = {
	{ "targets", 't', "EXPR", "which targets: an SQL expression over their labels", false },
	{ "title", 0, "TEXT", "what it is about (the file's name)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* --- looking -------------------------------------------------------------------------------- */

static enum sl_code run_list(struct sl_cli *cli, struct sl_error *err)
{
	int64_t limit = 50;
	sl_auto_json json_t *answer = NULL;
	const json_t *row;
	size_t i;
	bool printed = false;
	enum sl_code code = sl_cli_number(cli, "limit", 1, 1000, &limit, err);

	if (code == SL_OK)
		code = sl_client_show(cli,
			sl_arena_printf(sl_cli_arena(cli), "/api/changes?limit=%lld",
				(long long)limit),
			&answer, &printed, err);
	if (code != SL_OK || printed)
		return code;
	json_array_foreach(json_object_get(answer, "changes"), i, row)
		sl_cli_print(cli, "%-5lld %-11s %-28s %s\n", (long long)sl_json_i64(row, "id", 0),
			sl_client_text(cli, row, "state"), sl_client_text(cli, row, "title"),
			sl_client_text(cli, row, "waits_for"));
	if (i == 0)
		sl_cli_note(cli, "no change yet");
	return SL_OK;
}

static void print_task(struct sl_cli *cli, const json_t *task)
{
	sl_cli_print(cli, "    task %lld  %-14s %-12s %s\n", (long long)sl_json_i64(task, "id", 0),
		sl_client_text(cli, task, "target"), sl_client_text(cli, task, "state"),
		sl_client_text(cli, task, "sentence"));
}

static void print_stage(struct sl_cli *cli, const json_t *stage)
{
	const json_t *task;
	size_t i;

	sl_cli_print(cli, "  %-10s %-8s risk %-8s %s\n", sl_client_text(cli, stage, "environment"),
		sl_client_text(cli, stage, "state"), sl_client_text(cli, stage, "risk"),
		sl_client_text(cli, stage, "waits_for")[0] != '\0' ?
			sl_client_text(cli, stage, "waits_for") :
			sl_client_text(cli, stage, "left"));
	json_array_foreach(json_object_get(stage, "tasks"), i, task)
		print_task(cli, task);
}

static const char *waived_text(struct sl_cli *cli, const json_t *finding)
{
	const char *until = sl_client_text(cli, finding, "waived_until");
	const char *by = sl_client_text(cli, finding, "waived_by");

	if (!sl_json_bool(finding, "waived", false))
		return "";
	if (by[0] == '\0')
		return " (waived)";
	return sl_arena_printf(sl_cli_arena(cli), " (waived by %s: %s%s%s)", by,
		sl_client_text(cli, finding, "waived_reason"), until[0] ? ", until " : "", until);
}

static void print_findings(struct sl_cli *cli, const json_t *file)
{
	const json_t *line;
	const json_t *finding;
	size_t i;
	size_t k;

	sl_cli_print(cli, "  %s%s\n", sl_client_text(cli, file, "path"),
		sl_json_bool(file, "gone", false) ? " (is gone)" : "");
	json_array_foreach(json_object_get(file, "whole"), k, finding)
		sl_cli_print(cli, "    %s %s: %s%s\n", sl_client_text(cli, finding, "severity"),
			sl_client_text(cli, finding, "rule"),
			sl_client_text(cli, finding, "message"), waived_text(cli, finding));
	json_array_foreach(json_object_get(file, "lines"), i, line) {
		json_array_foreach(json_object_get(line, "findings"), k, finding)
			sl_cli_print(cli, "    line %lld: %s %s: %s%s\n",
				(long long)sl_json_i64(line, "n", 0),
				sl_client_text(cli, finding, "severity"),
				sl_client_text(cli, finding, "rule"),
				sl_client_text(cli, finding, "message"), waived_text(cli, finding));
	}
}

static void print_change(struct sl_cli *cli, const json_t *change)
{
	const json_t *row;
	size_t i;

	sl_cli_print(cli, "change %lld  %s  [%s]\n", (long long)sl_json_i64(change, "id", 0),
		sl_client_text(cli, change, "title"), sl_client_text(cli, change, "state"));
	sl_cli_print(cli, "  %s, %s at %s%s%s\n", sl_client_text(cli, change, "project"),
		sl_client_text(cli, change, "branch"), sl_client_text(cli, change, "head_short"),
		sl_client_text(cli, change, "author")[0] ? ", pushed by " : "",
		sl_client_text(cli, change, "author"));
	if (sl_json_bool(change, "held", false))
		sl_cli_print(cli, "  held by %s: %s\n", sl_client_text(cli, change, "hold_by"),
			sl_client_text(cli, change, "hold_reason"));
	if (sl_client_text(cli, change, "waits_for")[0])
		sl_cli_print(cli, "  %s\n", sl_client_text(cli, change, "waits_for"));
	row = json_object_get(change, "review");
	if (row)
		sl_cli_print(cli, "review: %s, risk %s\n", sl_client_text(cli, row, "verdict_text"),
			sl_client_text(cli, row, "risk"));
	json_array_foreach(json_object_get(change, "files"), i, row)
		print_findings(cli, row);
	sl_cli_print(cli, "stages\n");
	json_array_foreach(json_object_get(change, "stages"), i, row)
		print_stage(cli, row);
	sl_cli_print(cli, "timeline\n");
	json_array_foreach(json_object_get(change, "events"), i, row)
		sl_cli_print(cli, "  %s  %s (%s)\n", sl_client_text(cli, row, "at"),
			sl_client_text(cli, row, "text"), sl_client_text(cli, row, "by"));
}

static enum sl_code check_id(struct sl_cli *cli, const char *what, int64_t *out,
	struct sl_error *err)
{
	if (sl_parse_i64(sl_cli_arg(cli, 0), 1, INT64_MAX, out))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "'%s' is not the number of a %s", sl_cli_arg(cli, 0),
		what);
}

static enum sl_code run_show(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	bool printed = false;
	int64_t id;
	enum sl_code code = check_id(cli, "change", &id, err);

	if (code == SL_OK)
		code = sl_client_show(cli,
			sl_arena_printf(sl_cli_arena(cli), "/api/changes/%lld", (long long)id),
			&answer, &printed, err);
	if (code == SL_OK && !printed)
		print_change(cli, json_object_get(answer, "change"));
	return code;
}

/* --- acting --------------------------------------------------------------------------------- */

static void put(json_t *body, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(body, key, json_string(value));
}

/* POSTs the body to /api/THING/ID/VERB and says what was done, and the answer's text if it has one.
 */
static enum sl_code post(struct sl_cli *cli, const char *thing, const char *verb, const char *done,
	json_t *body, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const char *text;
	int64_t id;
	enum sl_code code = check_id(cli, thing, &id, err);

	if (code == SL_OK)
		code = sl_client_call(cli,
			sl_arena_printf(sl_cli_arena(cli), "/api/%ss/%lld/%s", thing, (long long)id,
				verb),
			body, &answer, err);
	if (code != SL_OK)
		return code;
	(void)json_object_set_new(answer, thing, json_integer(id));
	text = sl_client_text(cli, answer, "text");
	if (sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else if (!sl_cli_quiet(cli))
		sl_cli_print(cli, "%s %lld %s%s%s\n", thing, (long long)id, done,
			text[0] ? ": " : "", text);
	return SL_OK;
}

static enum sl_code act(struct sl_cli *cli, const char *thing, const char *verb, const char *done,
	struct sl_error *err)
{
	sl_auto_json json_t *body = json_object();

	put(body, "reason", sl_cli_value(cli, "reason"));
	put(body, "environment", sl_cli_value(cli, "environment"));
	put(body, "until", sl_cli_value(cli, "until"));
	put(body, "finding", sl_cli_arg(cli, 1));
	return post(cli, thing, verb, done, body, err);
}

#define FILE_MAX (8u << 20)

/* "fix/totals.sql" is about "totals". */
static const char *title_of(struct sl_cli *cli, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base);
	if (sl_str_ends(base, ".sql"))
		len -= strlen(".sql");
	return sl_arena_strndup(sl_cli_arena(cli), base, len);
}

static enum sl_code run_open(struct sl_cli *cli, struct sl_error *err)
{
	const char *path = sl_cli_arg(cli, 0);
	const char *title = sl_cli_value(cli, "title");
	sl_auto_json json_t *body = json_object();
	sl_auto_json json_t *answer = NULL;
	sl_autofree char *sql = NULL;
	const json_t *change;
	size_t len;
	enum sl_code code;

	if (!sl_cli_value(cli, "targets"))
		return sl_error_set(err, SL_EINVAL,
			"change open: say which targets: --targets \"app = 'shop'\"");
	code = sl_file_read(&sql, &len, path, FILE_MAX, err);
	if (code == SL_ENOTFOUND)
		return sl_error_set(err, SL_EINVAL, "%s: there is no such file", path);
	if (code == SL_OK && json_object_set_new(body, "sql", json_stringn(sql, len)) != 0)
		code = sl_error_set(err, SL_EINVAL, "%s: not UTF-8", path);
	if (code != SL_OK)
		return code;
	put(body, "targets", sl_cli_value(cli, "targets"));
	put(body, "title", title ? title : title_of(cli, path));
	code = sl_client_call(cli, "/api/changes", body, &answer, err);
	if (code != SL_OK)
		return code;
	change = json_object_get(answer, "change");
	if (sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else if (sl_json_i64(change, "id", 0) > 0)
		sl_cli_print(cli, "change %lld opened\n", (long long)sl_json_i64(change, "id", 0));
	else
		sl_cli_print(cli, "%s: the review goes on, see `sluice change list`\n",
			sl_client_text(cli, change, "branch"));
	return SL_OK;
}

static enum sl_code run_merge(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "merge", "merged", err);
}

static enum sl_code run_approve(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "approve", "approved", err);
}

static enum sl_code run_revoke(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "revoke", "no longer approved by you", err);
}

static enum sl_code run_hold(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "hold", "held", err);
}

static enum sl_code run_resume(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "resume", "resumed", err);
}

static enum sl_code run_waive(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "change", "waive", "is being reviewed again", err);
}

static enum sl_code run_retry(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "task", "retry", "will be tried again", err);
}

static enum sl_code run_skip(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, sl_cli_value(cli, "environment") ? "change" : "task", "skip", "skipped",
		err);
}

static enum sl_code run_cancel(struct sl_cli *cli, struct sl_error *err)
{
	return act(cli, "task", "cancel", "stops before its next statement", err);
}

static enum sl_code run_resolve(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *body = json_object();
	int64_t statement = 0;
	size_t n = 0;
	enum sl_code code = sl_cli_number(cli, "statement", 1, UINT32_MAX, &statement, err);

	if (code != SL_OK)
		return code;
	for (int is = 0; is < SL_RESOLUTION_COUNT; is++) {
		const char *name = sl_resolution_name((enum sl_resolution)is);

		if (!sl_cli_has(cli, name))
			continue;
		put(body, "resolution", name);
		n++;
	}
	if (n != 1)
		return sl_error_set(err, SL_EINVAL,
			"resolve: say --applied or --not-applied of the statement in doubt, "
			"--file-applied or --file-not-applied of the whole file");
	if (statement > 0)
		(void)json_object_set_new(body, "statement", json_integer(statement));
	put(body, "reason", sl_cli_value(cli, "reason"));
	return post(cli, "task", "resolve", "resolved", body, err);
}

static const struct sl_command rows[] = {
	{ "change list", SL_CLI_RELEASE, "the changes, newest first", "", list_options, 0, 0,
		run_list },
	{ "change show", SL_CLI_RELEASE, "one change: findings, stages, tasks, timeline", "CHANGE",
		NULL, 1, 1, run_show },
	{ "change open", SL_CLI_RELEASE, "a change without a repository of one's own", "FILE.sql",
		open_options, 1, 1, run_open },
	{ "change merge", SL_CLI_RELEASE, "merge a change that was opened so", "CHANGE",
		reason_options, 1, 1, run_merge },
	{ "approve", SL_CLI_RELEASE, "say yes to a stage of a change", "CHANGE", stage_options, 1,
		1, run_approve },
	{ "revoke", SL_CLI_RELEASE, "take your approval back", "CHANGE", stage_options, 1, 1,
		run_revoke },
	{ "waive", SL_CLI_RELEASE, "accept a finding, with a reason", "CHANGE RULE|FINGERPRINT",
		waive_options, 2, 2, run_waive },
	{ "hold", SL_CLI_RELEASE, "stop a change before its next stage", "CHANGE", reason_options,
		1, 1, run_hold },
	{ "resume", SL_CLI_RELEASE, "let a held change go on", "CHANGE", reason_options, 1, 1,
		run_resume },
	{ "retry", SL_CLI_RELEASE, "try a failed task again", "TASK", reason_options, 1, 1,
		run_retry },
	{ "skip", SL_CLI_RELEASE, "leave a task out, or a stage that waits for a tool",
		"TASK | CHANGE --environment NAME", skip_options, 1, 1, run_skip },
	{ "cancel", SL_CLI_RELEASE, "stop a task before its next statement", "TASK", reason_options,
		1, 1, run_cancel },
	{ "resolve", SL_CLI_RELEASE, "say what a task in doubt did", "TASK", resolve_options, 1, 1,
		run_resolve },
};

const struct sl_command_list sl_commands_change = { rows, sizeof(rows) / sizeof(rows[0]) };
