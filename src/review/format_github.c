/* A report as the commands of a GitHub workflow, which puts them beside the lines of the change. */
#include "sluice/core/escape.h"
#include "sluice/review/format.h"

#include <string.h>

static const char *const commands[] = {
	[SL_SEVERITY_OFF] = "debug",
	[SL_SEVERITY_NOTICE] = "notice",
	[SL_SEVERITY_WARNING] = "warning",
	[SL_SEVERITY_ERROR] = "error",
};

_Static_assert(sizeof(commands) / sizeof(commands[0]) == SL_SEVERITY_COUNT,
	"a severity has no command");

/* As the runner reads it: % for itself and, in a property, for what would end it.  Line ends and
 * other controls are shown, so that no text begins a command of its own. */
static void value_add(struct sl_buf *out, const char *text, const char *ends)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(4 * strlen(text) + 1);

	sl_escape_terminal(&shown, text, strlen(text));
	for (const char *p = sl_buf_str(&shown); *p != '\0'; p++) {
		if (*p == '%' || strchr(ends, *p))
			sl_buf_addf(out, "%%%02X", (unsigned)*p);
		else
			sl_buf_addc(out, *p);
	}
}

static void property_add(struct sl_buf *out, const char *text)
{
	value_add(out, text, ":,");
}

static void data_add(struct sl_buf *out, const char *text)
{
	value_add(out, text, "");
}

/* A column is only taken where the lines are one. */
static void finding_add(struct sl_buf *out, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	unsigned line = finding->line > 0 ? finding->line : 1;
	unsigned last = finding->end_line > line ? finding->end_line : line;

	sl_buf_addf(out, "::%s file=", commands[finding->severity]);
	property_add(out, file->path);
	sl_buf_addf(out, ",line=%u,endLine=%u", line, last);
	if (finding->column > 0 && last == line)
		sl_buf_addf(out, ",col=%u", finding->column);
	sl_buf_addf(out, ",title=%s::", finding->rule->id);
	data_add(out, finding->message);
	sl_buf_adds(out, "; ");
	data_add(out, finding->suggestion);
	sl_buf_addc(out, '\n');
}

static void severity_add(struct sl_buf *out, const struct sl_file_report *file,
	enum sl_severity severity)
{
	for (size_t i = 0; i < file->finding_count; i++)
		if (file->findings[i].severity == severity && !file->findings[i].waived)
			finding_add(out, file, &file->findings[i]);
}

void sl_report_github(const struct sl_report *report, struct sl_buf *out)
{
	size_t omitted = 0;

	/* a step shows ten of each kind, the first ones */
	for (int severity = SL_SEVERITY_ERROR; severity > SL_SEVERITY_OFF; severity--)
		for (size_t f = 0; f < report->file_count; f++)
			severity_add(out, &report->files[f], (enum sl_severity)severity);
	for (size_t f = 0; f < report->file_count; f++)
		omitted += report->files[f].omitted;
	if (omitted > 0)
		sl_buf_addf(out, "%zu more findings are not shown\n", omitted);
	sl_report_verdict(report, out);
	sl_buf_addc(out, '\n');
}
