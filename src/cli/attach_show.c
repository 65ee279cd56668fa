/* What was found and what comes next, for people and for programs. */
#include "attach.h"
#include "cli_int.h"
#include "client.h"

#include "sluice/core/escape.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

/* --- what was found -------------------------------------------------------------------------- */

static const char *last_version(const struct attach_target *target)
{
	const char *last = NULL;

	for (size_t i = 0; i < target->set.len; i++)
		if (target->set.at[i].kind == SL_MIGRATION_VERSION)
			last = target->set.at[i].key;
	return last;
}

static size_t pending_of(const struct attach_target *target)
{
	return target->state == ATTACH_HISTORY ? target->adoption.pending_len : target->set.len;
}

static void show_target(const struct attach *a, const struct attach_target *target)
{
	struct sl_cli *cli = a->cli;

	sl_cli_print(cli, "%s (%s): ", target->name, target->url);
	switch (target->state) {
	case ATTACH_EMPTY:
		sl_cli_print(cli, "empty, %zu pending\n", target->set.len);
		break;
	case ATTACH_LEDGER:
		sl_cli_print(cli, "has a ledger, %zu settled\n", target->settled);
		break;
	case ATTACH_HISTORY:
		sl_cli_print(cli, "%s applied %zu of %zu (%s), %zu pending\n",
			target->adoption.tool, target->adoption.records_len, target->set.len,
			target->adoption.table, pending_of(target));
		break;
	case ATTACH_REFUSED:
		sl_cli_print(cli, "%s\n", target->why);
		break;
	case ATTACH_TABLES:
		sl_cli_print(cli, "has tables, and nothing says which version it is at\n");
		break;
	}
	for (size_t i = 0; i < target->adoption.notices_len; i++)
		sl_cli_note(cli, "%s: %s", target->name, target->adoption.notices[i]);
	for (size_t i = 0; target->adoption.problems_len > 1 && i < target->adoption.problems_len;
		i++)
		sl_cli_note(cli, "%s: %s", target->name, target->adoption.problems[i]);
}

void attach_show(const struct attach *a)
{
	size_t n = a->targets.at[0].set.len;

	if (sl_cli_json(a->cli))
		return;
	sl_cli_print(a->cli, "%s, branch %s: %s, layout %s, %zu migration%s\n", a->origin,
		a->branch, a->folder[0] == '\0' ? "." : a->folder, sl_layout_kind_name(a->layout),
		n, n == 1 ? "" : "s");
	for (size_t i = 0; i < a->targets.len; i++)
		show_target(a, &a->targets.at[i]);
}

/* --- what comes next ------------------------------------------------------------------------- */

static const char *baseline_command(const struct attach *a, const struct attach_target *target)
{
	const char *last = last_version(target);
	const char *folder = a->root ? sl_path_join(a->arena, a->root, a->folder) : a->folder;

	return sl_arena_printf(a->arena,
		"sluice baseline --url %s --dir %s --layout %s%s%s --to %s",
		sl_shell_word(a->arena, target->url), sl_shell_word(a->arena, folder),
		sl_layout_kind_name(a->layout), target->password ? " --password " : "",
		target->password ? sl_shell_word(a->arena, target->password) : "",
		last ? last : "VERSION");
}

static void say_what_is_open(const struct attach *a)
{
	for (size_t i = 0; i < a->targets.len; i++) {
		const struct attach_target *target = &a->targets.at[i];

		if (target->state == ATTACH_HISTORY && !a->adopt)
			sl_cli_print(a->cli,
				"%s: nothing runs there until you say `sluice target adopt %s`, or "
				"history: adopt in the file\n",
				target->name, target->name);
		if (target->state == ATTACH_TABLES && !target->baseline)
			sl_cli_print(a->cli,
				"%s: nothing runs there until you say which version it is at, or `none` "
				"where nothing of the folder is there: %s\n",
				target->name, baseline_command(a, target));
	}
	if (a->people.len == 1 && !a->alone)
		sl_cli_print(a->cli,
			"You are the only one who approves, and nobody approves their own change: add a "
			"person under users and dba, or empty the approvals.\n");
}

/* True: it ran, and said itself what it found. */
static bool ends_in_doctor(const struct attach *a)
{
	char config[] = "-c";
	char *words[] = { config, sl_arena_strdup(a->arena, a->config), NULL };

	return sl_cli_go_on(a->cli, "doctor", 2, words) >= 0;
}

static void say_next(const struct attach *a)
{
	bool hook = a->bare && !sl_cli_has(a->cli, "hook");
	const char *config = sl_shell_word(a->arena, a->config);

	sl_cli_print(a->cli, "\nwritten: %s\n", a->config);
	say_what_is_open(a);
	if (ends_in_doctor(a))
		sl_cli_print(a->cli, "next:\n");
	else
		sl_cli_print(a->cli, "next:\n  sluice config check %s\n", config);
	sl_cli_print(a->cli, "  sluice serve -c %s\n  sluice status -c %s\n", config, config);
	if (hook)
		sl_cli_print(a->cli, "  sluice hook install %s -c %s\n",
			sl_shell_word(a->arena, a->origin), config);
}

/* --- for programs ---------------------------------------------------------------------------- */

static const char *const state_names[] = {
	[ATTACH_EMPTY] = "empty",
	[ATTACH_LEDGER] = "ledger",
	[ATTACH_HISTORY] = "history",
	[ATTACH_REFUSED] = "refused",
	[ATTACH_TABLES] = "tables",
};

static json_t *target_json(const struct attach_target *target)
{
	const struct sl_adoption *adoption = &target->adoption;
	const size_t applied = target->settled + adoption->records_len;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "name", target->name,
		"environment", target->environment, "url", target->url, "state",
		state_names[target->state], "tool", adoption->tool ? adoption->tool : "", "table",
		adoption->table ? adoption->table : "", "applied", (json_int_t)applied, "pending",
		(json_int_t)pending_of(target), "why", target->why ? target->why : "", "baseline",
		target->baseline ? target->baseline : "");
}

static void print_json(const struct attach *a)
{
	json_t *targets = json_array();
	sl_auto_json json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o}",
		"configuration", a->config, "project", a->project, "repository", a->origin,
		"branch", a->branch, "folder", a->folder, "layout", sl_layout_kind_name(a->layout),
		"adopt", a->adopt, "targets", targets);

	for (size_t i = 0; i < a->targets.len; i++)
		json_array_append_new(targets, target_json(&a->targets.at[i]));
	sl_client_print_json(a->cli, root);
}

void attach_say_next(const struct attach *a)
{
	if (sl_cli_json(a->cli))
		print_json(a);
	else
		say_next(a);
}
