/* `sluice completion`: a shell's script with the rows of the commands in it. */
#include "completion.h"

#include "call.h"
#include "cli_int.h"
#include "client.h"

#include "sluice/core/str.h"

#include <string.h>

#define SCRIPT_MAX (1u << 20)
#define PLACE      "@ROWS@"

/* --- rows: a context, a word that may stand there, what it means ------------------------------ */

static const char *second_word(const struct sl_command *command)
{
	const char *space = strchr(command->name, ' ');

	return space ? space + 1 : NULL;
}

static bool same_family(const struct sl_command *a, const struct sl_command *b)
{
	size_t len = strcspn(a->name, " ");

	return strcspn(b->name, " ") == len && strncmp(a->name, b->name, len) == 0;
}

/* "table|json" stands for words; any other value is of the user's making. */
static void add_choices(struct sl_buf *out, const char *context, const char *value)
{
	size_t len;

	if (!value || !strchr(value, '|') || strpbrk(value, " [.") != NULL)
		return;
	for (;; value += len + 1) {
		len = strcspn(value, "|");
		sl_buf_addf(out, "%s\t%.*s\t\n", context, (int)len, value);
		if (value[len] == '\0')
			return;
	}
}

/* command is "sluice change list ", or "" for the options of every command. */
static void add_options(struct sl_buf *out, struct sl_arena *arena, const char *command,
	const struct sl_cli_option *row)
{
	for (; row && row->name; row++) {
		sl_buf_addf(out, "%s-\t--%s\t%s\n", command, row->name, row->doc);
		if (row->letter)
			sl_buf_addf(out, "%s-\t-%c\t%s\n", command, row->letter, row->doc);
		add_choices(out, sl_arena_printf(arena, "%s--%s", command, row->name), row->value);
	}
}

/* The first word of several commands means its second ones. */
static void add_family(struct sl_buf *out, const struct sl_cli *cli, size_t at)
{
	const struct sl_command *command = cli->all->at[at];
	int len = (int)strcspn(command->name, " ");
	const char *comma = "";

	for (size_t i = 0; i < at; i++) {
		if (same_family(cli->all->at[i], command))
			return;
	}
	sl_buf_addf(out, "sluice\t%.*s\t", len, command->name);
	if (!second_word(command))
		sl_buf_adds(out, command->summary);
	for (size_t i = at; second_word(command) && i < cli->all->len; i++) {
		if (!same_family(cli->all->at[i], command))
			continue;
		sl_buf_addf(out, "%s%s", comma, second_word(cli->all->at[i]));
		comma = ", ";
	}
	sl_buf_addc(out, '\n');
}

static void add_rows(struct sl_buf *out, const struct sl_cli *cli)
{
	for (size_t i = 0; i < cli->all->len; i++) {
		const struct sl_command *command = cli->all->at[i];
		const char *name = sl_arena_printf(cli->arena, "sluice %s", command->name);

		add_family(out, cli, i);
		if (second_word(command))
			sl_buf_addf(out, "sluice %.*s\t%s\t%s\n", (int)strcspn(command->name, " "),
				command->name, second_word(command), command->summary);
		add_choices(out, name, command->arguments);
		add_options(out, cli->arena, sl_arena_printf(cli->arena, "%s ", name),
			command->options);
	}
	add_options(out, cli->arena, "", sl_cli_common);
}

/* --- the command ----------------------------------------------------------------------------- */

/* Rows stand in a here-document, where nothing is special; fish has none, only single quotes. */
static void add_as_shell(struct sl_buf *out, const char *shell, const char *rows)
{
	for (const char *c = rows; *c != '\0'; c++) {
		if (sl_str_eq(shell, "fish") && (*c == '\'' || *c == '\\'))
			sl_buf_addc(out, '\\');
		sl_buf_addc(out, *c);
	}
}

static enum sl_code run(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_buf struct sl_buf rows = SL_BUF_INIT(SCRIPT_MAX);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(2 * SCRIPT_MAX);
	sl_auto_json json_t *answer = NULL;
	const char *shell = sl_cli_arg(cli, 0);
	const char *script = sl_completion_script(shell);
	const char *place = script ? strstr(script, PLACE) : NULL;

	if (!place)
		return sl_error_set(err, SL_EINVAL,
			"completion: '%s' is none of bash, zsh and fish", shell);
	add_rows(&rows, cli);
	sl_buf_add(&text, script, (size_t)(place - script));
	add_as_shell(&text, shell, sl_arena_strndup(cli->arena, sl_buf_str(&rows), rows.len - 1));
	sl_buf_adds(&text, place + strlen(PLACE));
	answer = json_pack("{s:s, s:s}", "shell", shell, "script", sl_buf_str(&text));
	if (sl_cli_json(cli))
		sl_client_print_json(cli, answer);
	else
		sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "completion", SL_CLI_OPERATE, "a script that completes these words in your shell",
		"bash|zsh|fish", NULL, 1, 1, run },
};

const struct sl_command_list sl_commands_completion = { rows, sizeof(rows) / sizeof(rows[0]) };
