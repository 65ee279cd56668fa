#include "doctor.h"

#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"

#include <stdarg.h>
#include <string.h>

static const struct doctor_check checks[] = {
	{ "secrets", "every secret that the configuration names can be read, and by nobody else",
		doctor_secrets },
	{ "data", "the data folder and what is in it can be written, and there is room",
		doctor_data },
	{ "store", "the store is there, ours, no target, and not of a newer version",
		doctor_store },
	{ "socket", "the socket's path can be one, its folder and group are there", doctor_socket },
	{ "daemon", "a daemon answers, and works with this configuration", doctor_daemon },
	{ "listen", "the address of the pages is free, or the daemon's", doctor_listen },
	{ "repository",
		"each project's repository is reached, has its branch and takes notes of reviews",
		doctor_repository },
	{ "folders", "each folder of migrations is there and can be read as its layout says",
		doctor_folders },
	{ "hook", "a bare repository of this machine tells the daemon of pushes", doctor_hook },
	{ "target", "each database is reached, takes the login and changes, and is new enough",
		doctor_reach },
	{ "encryption", "what is sent to a database on another machine is encrypted", doctor_wire },
	{ "grants", "each login may do what the ledger and the snapshots need", doctor_grants },
	{ "clock", "each database's clock agrees with this one", doctor_clock },
	{ "ledger", "each ledger is of this installation; a database without one is empty",
		doctor_ledger },
	{ "identity", "no database is two targets", doctor_identity },
	{ "login", "no login draws its own tables into the ledger's schema", doctor_login },
	{ "roles", "each role whose approval is needed has more people than one change asks for",
		doctor_roles },
	{ "routes", "each route's host has an address", doctor_routes },
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const result_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "fail",
};

void doctor_say(struct doctor *d, enum doctor_result result, const char *object, const char *remedy,
	const char *fmt, ...)
{
	char text[2 * SL_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*sl_vec_add_in(d->arena, &d->lines) = (struct doctor_line){
		.check = d->check->name,
		.object = sl_arena_strdup(d->arena, object),
		.result = result,
		.text = sl_arena_strdup(d->arena, text),
		.remedy = sl_arena_strdup(d->arena, remedy),
	};
}

/* --- what is shown --------------------------------------------------------------------------- */

static void print_line(const struct doctor *d, const struct doctor_line *line)
{
	sl_auto_buf struct sl_buf safe = SL_BUF_INIT(1u << 16);
	const char *text = sl_arena_printf(d->arena, "%-4s  %-10s  %s: %s%s%s",
		result_names[line->result], line->check, line->object, line->text,
		line->remedy[0] != '\0' ? "; " : "", line->remedy);

	sl_escape_terminal(&safe, text, strlen(text));
	sl_cli_print(d->cli, "%s\n", sl_buf_str(&safe));
}

static size_t count(const struct doctor *d, enum doctor_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < d->lines.len; i++)
		n += d->lines.at[i].result == result;
	return n;
}

static void print_text(const struct doctor *d)
{
	for (size_t i = 0; i < d->lines.len; i++)
		if (d->lines.at[i].result != DOCTOR_OK || !sl_cli_quiet(d->cli))
			print_line(d, &d->lines.at[i]);
	if (!sl_cli_quiet(d->cli))
		sl_cli_print(d->cli, "%zu ok, %zu to look at, %zu wrong\n", count(d, DOCTOR_OK),
			count(d, DOCTOR_WARN), count(d, DOCTOR_FAIL));
}

static void print_json(const struct doctor *d)
{
	json_t *list = json_array();
	sl_auto_json json_t *root = json_pack("{s:o}", "checks", list);

	for (size_t i = 0; i < d->lines.len; i++) {
		const struct doctor_line *line = &d->lines.at[i];

		if (line->result == DOCTOR_OK && sl_cli_quiet(d->cli))
			continue;
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "check", line->check, "object",
				line->object, "result", result_names[line->result], "text",
				line->text, "remedy", line->remedy));
	}
	sl_client_print_json(d->cli, root);
}

/* --- the command ----------------------------------------------------------------------------- */

static void run_checks(struct doctor *d)
{
	for (size_t i = 0; i < CHECKS; i++) {
		d->check = &checks[i];
		d->check->run(d);
	}
	if (sl_cli_json(d->cli))
		print_json(d);
	else
		print_text(d);
	sl_cli_exit(d->cli, count(d, DOCTOR_FAIL) > 0 ? 1 : 0);
}

static enum sl_code load(struct doctor *d, struct sl_error *err)
{
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	enum sl_code code;

	d->config = sl_cli_config_path(d->cli);
	if (!d->config)
		return sl_error_set(err, SL_EINVAL,
			"doctor: no configuration: give -c FILE, or stand in a folder with a "
			"sluice.yaml; `sluice init` makes one");
	code = sl_world_load(&d->world, d->config, problems, err);
	if (code == SL_OK)
		return SL_OK;
	sl_cli_exit(d->cli, 2);
	for (size_t i = 0; i < sl_problems_len(problems); i++)
		(void)fprintf(stderr, "%s\n", sl_problems_at(problems, i));
	return sl_problems_total(problems) == 0 ?
		code :
		sl_error_set(err, SL_EINVAL, "%s: %zu problem%s", d->config,
			sl_problems_total(problems), sl_problems_total(problems) == 1 ? "" : "s");
}

static void list_checks(struct sl_cli *cli)
{
	for (size_t i = 0; i < CHECKS; i++)
		sl_cli_print(cli, "%-10s  %s\n", checks[i].name, checks[i].looks);
}

static enum sl_code run_doctor(struct sl_cli *cli, struct sl_error *err)
{
	struct doctor d = { .cli = cli, .arena = sl_cli_arena(cli) };
	int64_t seconds = 10;
	enum sl_code code = sl_cli_number(cli, "timeout", 1, 600, &seconds, err);

	if (code == SL_OK && sl_cli_has(cli, "list")) {
		list_checks(cli);
		return SL_OK;
	}
	d.timeout_us = seconds * SL_SECOND_US;
	if (code == SL_OK)
		code = load(&d, err);
	if (code == SL_OK)
		code = doctor_look(&d, err);
	if (code == SL_OK)
		run_checks(&d);
	doctor_done(&d);
	sl_world_unref(d.world);
	return code;
}

static const struct sl_cli_option options[] = {
	{ "timeout", 't', "SECONDS", "how long each look may take (default: 10)", false },
	{ "list", 0, NULL, "only says what is checked", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command rows[] = {
	{ "doctor", SL_CLI_START, "what is wrong, and how to mend it", "", options, 0, 0,
		run_doctor },
};

const struct sl_command_list sl_commands_doctor = { rows, sizeof(rows) / sizeof(rows[0]) };
