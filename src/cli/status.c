/* What is going on, through the daemon: status, history, audit, who one is, a login link. */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"

static const struct sl_cli_option status_options[] = {
	{ "brief", 0, NULL, "a few lines, nothing when no daemon answers", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option history_options[] = {
	{ "target", 't', "NAME", "of one target", false },
	{ "limit", 'n', "N", "how many (50)", false },
	{ "diff", 0, NULL, "with what each run changed in the schema", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_cli_option audit_options[] = {
	{ "limit", 'n', "N", "how many (50)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* One line, when any target has drifted. */
static void print_drifted(struct sl_cli *cli, const json_t *drift)
{
	const json_t *row;
	size_t i;

	json_array_foreach(drift, i, row)
		sl_cli_print(cli, "%s%s (%s)", i == 0 ? "drifted: " : ", ",
			sl_client_text(cli, row, "target"), sl_client_text(cli, row, "summary"));
	if (i > 0)
		sl_cli_print(cli, "\n");
}

static void print_status(struct sl_cli *cli, const json_t *status)
{
	const json_t *row;
	const char *rule;
	json_t *rules;
	json_t *count;
	size_t i;

	json_array_foreach(json_object_get(status, "changes"), i, row) {
		const char *wait = sl_json_bool(row, "held", false) ?
			sl_client_text(cli, row, "hold_reason") :
			sl_client_text(cli, row, "waits_for");

		sl_cli_print(cli, "change %-4lld %-24s %s%s\n",
			(long long)sl_json_i64(row, "id", 0), sl_client_text(cli, row, "title"),
			sl_json_bool(row, "held", false) ? "held: " : "", wait);
	}
	print_drifted(cli, json_object_get(status, "drift"));
	sl_cli_print(cli, "%lld change%s open, %lld run%s at work, %lld target%s\n",
		(long long)sl_json_i64(status, "open", 0),
		sl_json_i64(status, "open", 0) == 1 ? "" : "s",
		(long long)sl_json_i64(status, "running", 0),
		sl_json_i64(status, "running", 0) == 1 ? "" : "s",
		(long long)sl_json_i64(status, "targets", 0),
		sl_json_i64(status, "targets", 0) == 1 ? "" : "s");
	rules = json_object_get(status, "would_block");
	if (json_object_size(rules) > 0)
		sl_cli_print(cli, "would be blocked, but for observe mode:\n");
	json_object_foreach(rules, rule, count)
		sl_cli_print(cli, "  %-40s %lld\n", rule, (long long)json_integer_value(count));
}

static enum sl_code run_status(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	bool printed;
	enum sl_code code = sl_client_show(cli, "/api/status", &answer, &printed, err);

	if (sl_cli_has(cli, "brief") && code != SL_OK)
		return SL_OK;
	if (code == SL_OK && !printed)
		print_status(cli, json_object_get(answer, "status"));
	return code;
}

static enum sl_code print_diff(struct sl_cli *cli, const json_t *run, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(2000);
	const json_t *line;
	size_t i;
	enum sl_code code;

	if (sl_client_text(cli, run, "after")[0] == '\0')
		return SL_OK;
	sl_buf_adds(&path, "/api/targets/");
	sl_escape_url(&path, sl_client_text(cli, run, "target"));
	sl_buf_addf(&path, "/diff?from=%s&to=%s", sl_client_text(cli, run, "before"),
		sl_client_text(cli, run, "after"));
	code = sl_client_call(cli, sl_buf_str(&path), NULL, &answer, err);
	if (code != SL_OK)
		return code;
	json_array_foreach(json_object_get(json_object_get(answer, "diff"), "lines"), i, line)
		sl_cli_print(cli, "    %s\n", sl_client_text(cli, line, "text"));
	return SL_OK;
}

static void print_run(struct sl_cli *cli, const json_t *row)
{
	sl_cli_print(cli, "%s  %-14s change %-4lld %-15s %lld of %lld  %s -> %s  %s\n",
		sl_client_text(cli, row, "started_at"), sl_client_text(cli, row, "target"),
		(long long)sl_json_i64(row, "change", 0), sl_client_text(cli, row, "outcome"),
		(long long)sl_json_i64(row, "steps_done", 0),
		(long long)sl_json_i64(row, "steps_total", 0),
		sl_client_text(cli, row, "before_short"), sl_client_text(cli, row, "after_short"),
		sl_client_text(cli, row, "detail"));
}

static enum sl_code run_history(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(2000);
	const char *target = sl_cli_value(cli, "target");
	const json_t *row;
	int64_t limit = 50;
	size_t i;
	bool printed = false;
	enum sl_code code = sl_cli_number(cli, "limit", 1, 1000, &limit, err);

	sl_buf_addf(&path, "/api/history?limit=%lld", (long long)limit);
	if (target) {
		sl_buf_adds(&path, "&target=");
		sl_escape_url(&path, target);
	}
	if (code == SL_OK)
		code = sl_client_show(cli, sl_buf_str(&path), &answer, &printed, err);
	if (code != SL_OK || printed)
		return code;
	json_array_foreach(json_object_get(answer, "history"), i, row) {
		print_run(cli, row);
		if (sl_cli_has(cli, "diff"))
			code = print_diff(cli, row, err);
		if (code != SL_OK)
			return code;
	}
	if (i == 0)
		sl_cli_note(cli, "nothing has run yet");
	return SL_OK;
}

static enum sl_code run_audit(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *row;
	int64_t limit = 50;
	size_t i;
	bool printed = false;
	enum sl_code code = sl_cli_number(cli, "limit", 1, 1000, &limit, err);

	if (code == SL_OK)
		code = sl_client_show(cli,
			sl_arena_printf(sl_cli_arena(cli), "/api/audit?limit=%lld",
				(long long)limit),
			&answer, &printed, err);
	if (code != SL_OK || printed)
		return code;
	json_array_foreach(json_object_get(answer, "audit"), i, row)
		sl_cli_print(cli, "%s  %-10s %-16s %-22s %s%s\n", sl_client_text(cli, row, "at"),
			sl_client_text(cli, row, "by"), sl_client_text(cli, row, "action"),
			sl_client_text(cli, row, "object"),
			sl_json_bool(row, "refused", false) ? "refused: " : "",
			sl_client_text(cli, row, "detail"));
	return SL_OK;
}

static enum sl_code run_whoami(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *who;
	bool printed;
	enum sl_code code = sl_client_show(cli, "/api/whoami", &answer, &printed, err);

	if (code != SL_OK || printed)
		return code;
	who = json_object_get(answer, "whoami");
	if (sl_client_text(cli, who, "user")[0])
		sl_cli_print(cli, "%s (by %s)\n", sl_client_text(cli, who, "user"),
			sl_client_text(cli, who, "via"));
	else
		sl_cli_print(cli, "nobody: account %s is no user; set SLUICE_TOKEN\n",
			sl_client_text(cli, who, "account"));
	return SL_OK;
}

static enum sl_code run_login(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *body = json_object();
	sl_auto_json json_t *answer = NULL;
	enum sl_code code = sl_client_call(cli, "/api/login-link", body, &answer, err);

	if (code == SL_OK && sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else if (code == SL_OK)
		sl_cli_print(cli, "%s\n", sl_client_text(cli, answer, "url"));
	return code;
}

static const struct sl_command rows[] = {
	{ "status", SL_CLI_RELEASE, "what waits, and for what", "", status_options, 0, 0,
		run_status },
	{ "history", SL_CLI_INSPECT, "what ran where, newest first", "", history_options, 0, 0,
		run_history },
	{ "audit", SL_CLI_INSPECT, "who asked for what, newest first", "", audit_options, 0, 0,
		run_audit },
	{ "whoami", SL_CLI_OPERATE, "who the daemon takes you for", "", NULL, 0, 0, run_whoami },
	{ "login", SL_CLI_OPERATE, "a link that logs a browser in, once", "", NULL, 0, 0,
		run_login },
};

const struct sl_command_list sl_commands_status = { rows, sizeof(rows) / sizeof(rows[0]) };
