/* Targets, through the daemon: listed, and taken over. */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"

#include <string.h>

static const struct sl_cli_option adopt_options[] = {
	{ "reason", 'r', "TEXT", "why", false },
	{ "dry-run", 0, NULL, "says what would be recorded of another tool's history", false },
	{ NULL, 0, NULL, NULL, false },
};

static enum sl_code run_target_list(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_json json_t *answer = NULL;
	const json_t *row;
	const json_t *label;
	size_t i;
	size_t k;
	bool printed;
	enum sl_code code = sl_client_show(cli, "/api/targets", &answer, &printed, err);

	if (code != SL_OK || printed)
		return code;
	json_array_foreach(json_object_get(answer, "targets"), i, row) {
		sl_cli_print(cli, "%-20s %-12s %-10s", sl_client_text(cli, row, "name"),
			sl_client_text(cli, row, "environment"),
			sl_client_text(cli, row, "engine"));
		json_array_foreach(json_object_get(row, "labels"), k, label)
			sl_cli_print(cli, " %s=%s", sl_client_text(cli, label, "key"),
				sl_client_text(cli, label, "value"));
		sl_cli_print(cli, "\n");
	}
	return SL_OK;
}

static void print_files(struct sl_cli *cli, const json_t *history, const char *key,
	const char *what)
{
	const json_t *path;
	size_t i;

	json_array_foreach(json_object_get(history, key), i, path) {
		sl_auto_buf struct sl_buf shown = SL_BUF_INIT(1u << 16);
		const char *text = json_string_value(path);

		sl_escape_terminal(&shown, text ? text : "", text ? strlen(text) : 0);
		sl_cli_print(cli, "  %s  %s\n", sl_buf_str(&shown), what);
	}
}

static void print_adoption(struct sl_cli *cli, const json_t *answer)
{
	bool dry_run = json_is_true(json_object_get(answer, "dry_run"));
	const json_t *history;
	size_t i;

	json_array_foreach(json_object_get(answer, "histories"), i, history) {
		sl_cli_print(cli, "the history of %s (%s)\n", sl_client_text(cli, history, "tool"),
			sl_client_text(cli, history, "table"));
		print_files(cli, history, "adopted", dry_run ? "would be adopted" : "adopted");
		print_files(cli, history, "pending", "pending");
	}
	sl_cli_print(cli, dry_run ? "target %s would be adopted\n" : "target %s adopted\n",
		sl_cli_arg(cli, 0));
}

static enum sl_code run_target_adopt(struct sl_cli *cli, struct sl_error *err)
{
	const char *reason = sl_cli_value(cli, "reason");
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(2000);
	sl_auto_json json_t *body = json_pack("{s:s, s:b}", "reason", reason ? reason : "",
		"dry_run", sl_cli_has(cli, "dry-run"));
	sl_auto_json json_t *answer = NULL;
	enum sl_code code;

	sl_buf_adds(&path, "/api/targets/");
	sl_escape_url(&path, sl_cli_arg(cli, 0));
	sl_buf_adds(&path, "/adopt");
	code = sl_client_call(cli, sl_buf_str(&path), body, &answer, err);
	if (code != SL_OK)
		return code;
	(void)json_object_set_new(answer, "target", json_string(sl_cli_arg(cli, 0)));
	if (sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else if (!sl_cli_quiet(cli))
		print_adoption(cli, answer);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "target list", SL_CLI_INSPECT, "the targets and their labels", "", NULL, 0, 0,
		run_target_list },
	{ "target adopt", SL_CLI_INSPECT, "take a target over, whoever wrote to it last", "NAME",
		adopt_options, 1, 1, run_target_adopt },
};

const struct sl_command_list sl_commands_targets = { rows, sizeof(rows) / sizeof(rows[0]) };
