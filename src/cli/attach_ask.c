#include "attach.h"
#include "cli_int.h"

#include "sluice/core/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX 4096

static bool somebody_is_there(const struct sl_cli *cli)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 && !sl_cli_quiet(cli) &&
		!sl_cli_json(cli);
}

const char *attach_ask(struct sl_cli *cli, const char *fmt, ...)
{
	char answer[ANSWER_MAX];
	const char *start;
	size_t len;
	va_list ap;

	if (!somebody_is_there(cli))
		return NULL;
	va_start(ap, fmt);
	sl_cli_prompt(cli, fmt, &ap);
	va_end(ap);
	(void)fputc(' ', stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		return NULL;
	start = answer + strspn(answer, " \t");
	len = strcspn(start, "\r\n");
	while (len > 0 && strchr(" \t", start[len - 1]))
		len--;
	return len > 0 ? sl_arena_strndup(sl_cli_arena(cli), start, len) : NULL;
}

bool attach_ask_yes(struct sl_cli *cli, const char *question)
{
	const char *answer = attach_ask(cli, "%s [y/N]", question);

	return answer && strchr("yY", answer[0]);
}
