#include "help.h"

#include "call.h"

static const char *const titles[] = {
	[SL_CLI_START] = "start",
	[SL_CLI_REVIEW] = "review",
	[SL_CLI_RELEASE] = "release",
	[SL_CLI_INSPECT] = "inspect",
	[SL_CLI_OPERATE] = "operate",
};

_Static_assert(sizeof(titles) / sizeof(titles[0]) == SL_CLI_GROUP_COUNT, "a group has no title");

const char *sl_cli_group_title(enum sl_cli_group group)
{
	return titles[group];
}

void sl_cli_help_all(FILE *out, const struct sl_command *const *all, size_t n)
{
	(void)fputs("sluice: lets schema and data changes through one gate at a time\n", out);
	for (int group = 0; group < SL_CLI_GROUP_COUNT; group++) {
		(void)fprintf(out, "\n%s\n", titles[group]);
		for (size_t i = 0; i < n; i++) {
			if ((int)all[i]->group == group)
				(void)fprintf(out, "  %-16s %s\n", all[i]->name, all[i]->summary);
		}
	}
	(void)fputs("\nsluice COMMAND -h says more of one command.\n", out);
}

static void help_options(FILE *out, const struct sl_cli_option *row)
{
	char form[128];

	for (; row && row->name; row++) {
		(void)snprintf(form, sizeof(form), "--%s%s%s", row->name, row->value ? " " : "",
			row->value ? row->value : "");
		if (row->letter)
			(void)fprintf(out, "  -%c, %-28s %s\n", row->letter, form, row->doc);
		else
			(void)fprintf(out, "      %-28s %s\n", form, row->doc);
	}
}

void sl_cli_help_one(FILE *out, const struct sl_command *command)
{
	(void)fprintf(out, "usage: sluice %s%s%s\n\n%s\n", command->name,
		command->arguments[0] ? " " : "", command->arguments, command->summary);
	if (command->options) {
		(void)fputs("\noptions\n", out);
		help_options(out, command->options);
	}
	(void)fputs("\noptions of every command\n", out);
	help_options(out, sl_cli_common);
}
