/* `sluice manual`: the manual pages, for man(7), made from the rows of commands and options. */
#include "call.h"
#include "cli_int.h"
#include "client.h"
#include "help.h"

#include "sluice/control/world.h"
#include "sluice/core/escape.h"
#include "sluice/core/json.h"
#include "sluice/core/names.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sys/file.h"

#include <string.h>

#define PAGE_MAX (1u << 20)
#define OVERVIEW "sluice"
#define OPTIONS  "sluice.yaml"
#define ONE_LINE "lets schema and data changes through one gate at a time"

struct entry {
	const char *term, *text;
};

static const struct entry exits[] = {
	{ "0", "Done; nothing was found." },
	{ "1", "Findings or differences at or above the bar." },
	{ "2", "The command line or the configuration is wrong." },
	{ "3", "The daemon or a target cannot be reached." },
	{ "4", "Not permitted." },
	{ "5", "Not found." },
	{ "6", "A conflict: locked, changed meanwhile, or in need of a baseline or adoption." },
	{ "7", "Timed out waiting." },
	{ "8", "A statement failed." },
	{ "9", "A person has to decide: the outcome could not be proved." },
	{ "10", "A bug of Sluice." },
	{ "128+n", "Stopped by signal n." },
};

static const struct entry variables[] = {
	{ "SLUICE_CONFIG", "The configuration, where -c does not name one." },
	{ "SLUICE_SOCKET", "The daemon's socket, where --socket does not name one." },
	{ "SLUICE_TOKEN", "A token that says who is asking, over the socket and over HTTP." },
	{ "SLUICE_USER", "For whom an account that server.assert_users lists is asking." },
	{ "NO_COLOR", "When set, no colours." },
};

static const struct entry files[] = {
	{ "./sluice.yaml", "The configuration, where nothing names one." },
	{ "/etc/sluice/sluice.yaml", "The configuration of the packaged service." },
	{ "/run/sluice/sluice.sock", "The daemon's socket." },
	{ "/var/lib/sluice", "The daemon's own data: its store, its mirrors of repositories." },
};

/* --- parts of a page ------------------------------------------------------------------------- */

static void add_title(struct sl_buf *out, const char *page, char section, const char *summary)
{
	sl_buf_adds(out, ".TH ");
	sl_escape_roff(out, page);
	sl_buf_addf(out,
		" %c \"\" \"sluice " SLUICE_VERSION "\" \"Sluice manual\"\n.nh\n.ad l\n"
		".SH NAME\n",
		section);
	sl_escape_roff(out, page);
	sl_buf_adds(out, " \\- ");
	sl_escape_roff(out, summary);
	sl_buf_addc(out, '\n');
}

static void add_entries(struct sl_buf *out, const struct entry *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sl_buf_adds(out, ".TP\n\\fB");
		sl_escape_roff(out, rows[i].term);
		sl_buf_adds(out, "\\fR\n");
		sl_escape_roff(out, rows[i].text);
		sl_buf_addc(out, '\n');
	}
}

static void add_options(struct sl_buf *out, const struct sl_cli_option *row)
{
	for (; row && row->name; row++) {
		sl_buf_adds(out, ".TP\n");
		if (row->letter)
			sl_buf_addf(out, "\\fB\\-%c\\fR, ", row->letter);
		sl_buf_adds(out, "\\fB\\-\\-");
		sl_escape_roff(out, row->name);
		sl_buf_adds(out, "\\fR");
		if (row->value) {
			sl_buf_adds(out, " \\fI");
			sl_escape_roff(out, row->value);
			sl_buf_adds(out, "\\fR");
		}
		sl_buf_addc(out, '\n');
		sl_escape_roff(out, row->doc);
		sl_buf_adds(out, row->repeat ? "; may be given several times\n" : "\n");
	}
}

/* "sluice-change-list" */
static const char *page_of(struct sl_arena *arena, const struct sl_command *command)
{
	char *page = sl_arena_printf(arena, OVERVIEW "-%s", command->name);

	for (char *c = page; *c != '\0'; c++) {
		if (*c == ' ')
			*c = '-';
	}
	return page;
}

static void add_reference(struct sl_buf *out, const char *page, char section, bool last)
{
	sl_buf_adds(out, ".BR ");
	sl_escape_roff(out, page);
	sl_buf_addf(out, " (%c)%s\n", section, last ? "" : ",");
}

/* --- pages ----------------------------------------------------------------------------------- */

static void add_command(struct sl_cli *cli, struct sl_buf *out, const struct sl_command *command)
{
	const char *page = page_of(cli->arena, command);
	size_t family = strcspn(command->name, " ");

	add_title(out, page, '1', command->summary);
	sl_buf_addf(out, ".SH SYNOPSIS\n.B sluice %s\n[\\fIOPTION\\fR..]\n", command->name);
	sl_escape_roff(out, command->arguments);
	if (command->arguments[0])
		sl_buf_addc(out, '\n');
	if (command->options) {
		sl_buf_adds(out, ".SH OPTIONS\n");
		add_options(out, command->options);
	}
	sl_buf_adds(out, ".SH OPTIONS OF EVERY COMMAND\n");
	add_options(out, sl_cli_common);
	sl_buf_adds(out, ".SH EXIT STATUS\nAs for every command, see\n");
	sl_buf_adds(out, ".BR " OVERVIEW " (1).\n");
	sl_buf_adds(out, ".SH SEE ALSO\n");
	add_reference(out, OVERVIEW, '1', false);
	for (size_t i = 0; i < cli->all->len; i++) {
		const struct sl_command *other = cli->all->at[i];

		if (other != command && strcspn(other->name, " ") == family &&
			strncmp(other->name, command->name, family) == 0)
			add_reference(out, page_of(cli->arena, other), '1', false);
	}
	add_reference(out, OPTIONS, '5', true);
}

static void add_commands(struct sl_cli *cli, struct sl_buf *out)
{
	for (int group = 0; group < SL_CLI_GROUP_COUNT; group++) {
		sl_buf_addf(out, ".SS %s\n", sl_cli_group_title((enum sl_cli_group)group));
		for (size_t i = 0; i < cli->all->len; i++) {
			const struct sl_command *command = cli->all->at[i];

			if ((int)command->group != group)
				continue;
			sl_buf_addf(out, ".TP\n\\fB%s\\fR ", command->name);
			sl_escape_roff(out, command->arguments);
			sl_buf_addc(out, '\n');
			sl_escape_roff(out, command->summary);
			sl_buf_adds(out, ", see\n");
			add_reference(out, page_of(cli->arena, command), '1', true);
		}
	}
}

static void add_overview(struct sl_cli *cli, struct sl_buf *out)
{
	add_title(out, OVERVIEW, '1', ONE_LINE);
	sl_buf_adds(out,
		".SH SYNOPSIS\n.B sluice\n\\fICOMMAND\\fR [\\fIOPTION\\fR..] [\\fIARGUMENT\\fR..]\n"
		".SH DESCRIPTION\nSluice watches Git repositories, treats the migration files of a branch as "
		"a change, reviews their SQL, and applies the change, once it is merged, to every target "
		"database in the order of the environments.\n"
		".B sluice serve\nis the daemon that does so. Most other commands ask it over its socket;\n"
		".BR review ,\n.BR migrate ,\n.B snapshot\nand\n.B diff\nwork without one.\n.SH COMMANDS\n");
	add_commands(cli, out);
	sl_buf_adds(out, ".SH OPTIONS OF EVERY COMMAND\n");
	add_options(out, sl_cli_common);
	sl_buf_adds(out, ".SH EXIT STATUS\n");
	add_entries(out, exits, sizeof(exits) / sizeof(exits[0]));
	sl_buf_adds(out, ".SH ENVIRONMENT\n");
	add_entries(out, variables, sizeof(variables) / sizeof(variables[0]));
	sl_buf_adds(out, ".SH FILES\n");
	add_entries(out, files, sizeof(files) / sizeof(files[0]));
	sl_buf_adds(out, ".SH SEE ALSO\n");
	add_reference(out, OPTIONS, '5', true);
}

static void add_configuration(struct sl_buf *out)
{
	add_title(out, OPTIONS, '5', "configuration of Sluice");
	sl_buf_adds(out,
		".SH DESCRIPTION\nOne YAML file. Unknown keys are refused, with the place and the nearest "
		"known key. A key below a list is written\n.BR list[].key ,\n"
		"one below a map with free keys\n.BR map.*.key .\n"
		"A secret is never written here: it is a reference,\n"
		".BI env: NAME\nfor a variable,\n.BI file: /PATH\nfor a file, or\n.BI systemd: NAME\n"
		"for a credential that the unit loads.\n.PP\n.B sluice config check\n"
		"says what is wrong with a file.\nOn SIGHUP the daemon reads it again; "
		"a bad file changes nothing.\n");
	sl_option_roff(sl_world_options(), out);
	sl_buf_adds(out, ".SH SEE ALSO\n");
	add_reference(out, OVERVIEW, '1', false);
	add_reference(out, "sluice-config-check", '1', true);
}

/* --- the command ----------------------------------------------------------------------------- */

static struct sl_names all_pages(struct sl_cli *cli)
{
	struct {
		SL_VEC(const char *);
	} pages = { 0 };

	*sl_vec_add_in(cli->arena, &pages) = OVERVIEW;
	for (size_t i = 0; i < cli->all->len; i++)
		*sl_vec_add_in(cli->arena, &pages) = page_of(cli->arena, cli->all->at[i]);
	*sl_vec_add_in(cli->arena, &pages) = OPTIONS;
	return (struct sl_names){ pages.at, pages.len };
}

static char section_of(const char *page)
{
	return sl_str_eq(page, OPTIONS) ? '5' : '1';
}

/* Takes the reference. */
static void print_data(struct sl_cli *cli, json_t *data)
{
	sl_client_print_json(cli, data);
	json_decref(data);
}

static bool add_page(struct sl_cli *cli, struct sl_buf *out, const char *page)
{
	if (sl_str_eq(page, OVERVIEW))
		add_overview(cli, out);
	else if (sl_str_eq(page, OPTIONS))
		add_configuration(out);
	for (size_t i = 0; i < cli->all->len; i++) {
		if (sl_str_eq(page, page_of(cli->arena, cli->all->at[i])))
			add_command(cli, out, cli->all->at[i]);
	}
	return out->len > 0;
}

static enum sl_code write_pages(struct sl_cli *cli, const char *folder, struct sl_error *err)
{
	const struct sl_names pages = all_pages(cli);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(PAGE_MAX);
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < pages.len; i++) {
		const char section = section_of(pages.at[i]);
		const char *inner = sl_arena_printf(cli->arena, "%s/man%c", folder, section);
		const char *path = sl_arena_printf(cli->arena, "%s/%s.%c", inner, pages.at[i],
			section);

		sl_buf_clear(&text);
		(void)add_page(cli, &text, pages.at[i]);
		code = sl_folder_make(inner, 0755, err);
		if (code == SL_OK)
			code = sl_file_write(path, sl_buf_str(&text), text.len, 0644, err);
	}
	if (code == SL_OK && sl_cli_json(cli))
		print_data(cli, json_pack("{s:s}", "folder", folder));
	return code;
}

static enum sl_code print_page(struct sl_cli *cli, const char *page, struct sl_error *err)
{
	const struct sl_names pages = all_pages(cli);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(PAGE_MAX);
	const char *near;

	if (!add_page(cli, &text, page)) {
		near = sl_nearest(page, pages.at, pages.len);
		return sl_error_set(err, SL_EINVAL, "manual: there is no page %s, %s%s", page,
			near ? "did you mean " : "the pages are listed by ",
			near ? near : "sluice manual");
	}
	if (sl_cli_json(cli))
		print_data(cli, json_pack("{s:s, s:s}", "page", page, "text", sl_buf_str(&text)));
	else
		sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static void list_pages(struct sl_cli *cli)
{
	const struct sl_names pages = all_pages(cli);
	sl_auto_json json_t *names = json_array();

	for (size_t i = 0; i < pages.len; i++) {
		(void)json_array_append_new(names, json_string(pages.at[i]));
		if (!sl_cli_json(cli))
			sl_cli_print(cli, "%s(%c)\n", pages.at[i], section_of(pages.at[i]));
	}
	if (sl_cli_json(cli))
		print_data(cli, json_pack("{s:O}", "pages", names));
}

static enum sl_code run_manual(struct sl_cli *cli, struct sl_error *err)
{
	const char *folder = sl_cli_value(cli, "to");
	const char *page = sl_cli_arg(cli, 0);

	if (folder && page)
		return sl_error_set(err, SL_EINVAL, "manual: --to writes all pages: name no page");
	if (folder)
		return write_pages(cli, folder, err);
	if (page)
		return print_page(cli, page, err);
	list_pages(cli);
	return SL_OK;
}

static const struct sl_cli_option options[] = {
	{ "to", 0, "DIR", "write all pages into DIR/man1 and DIR/man5", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command rows[] = {
	{ "manual", SL_CLI_OPERATE, "the manual pages, for man: sluice manual PAGE | man -l -",
		"[PAGE]", options, 0, 1, run_manual },
};

const struct sl_command_list sl_commands_manual = { rows, sizeof(rows) / sizeof(rows[0]) };
