/* A report for the `remote:` lines of a push: Git itself puts eight columns before each. */
#include "sluice/core/escape.h"
#include "sluice/core/utf8.h"
#include "sluice/review/format.h"

#include <string.h>

#define COLUMNS 92

/* One line, cut where it would be too long. */
static void line_add(struct sl_buf *out, const struct sl_buf *line)
{
	const char *text = sl_buf_str(line);
	size_t pos = 0;

	if (sl_utf8_count(text, line->len) <= COLUMNS) {
		sl_buf_addf(out, "%s\n", text);
		return;
	}
	for (size_t n = 0; n < COLUMNS - 3; n++) {
		size_t size;

		(void)sl_utf8_decode(text + pos, line->len - pos, &size);
		pos += size;
	}
	sl_buf_add(out, text, pos);
	sl_buf_adds(out, "...\n");
}

static void finding_add(struct sl_buf *out, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(64u << 10);

	sl_buf_addf(&line, "%-8s", sl_severity_name(finding->severity));
	sl_escape_terminal(&line, file->path, strlen(file->path));
	if (finding->line > 0)
		sl_buf_addf(&line, ":%u", finding->line);
	sl_buf_addf(&line, "  %s", finding->rule->id);
	line_add(out, &line);
	sl_buf_clear(&line);
	sl_buf_adds(&line, "        ");
	sl_escape_terminal(&line, finding->message, strlen(finding->message));
	line_add(out, &line);
	sl_buf_clear(&line);
	sl_buf_adds(&line, "        instead: ");
	sl_escape_terminal(&line, finding->suggestion, strlen(finding->suggestion));
	line_add(out, &line);
}

/* Errors first, then warnings, then notices, each in the order of the files. */
void sl_report_hook(const struct sl_report *report, unsigned lines, struct sl_buf *out)
{
	size_t total = 0;
	size_t shown = 0;

	for (int severity = SL_SEVERITY_ERROR; severity > SL_SEVERITY_OFF; severity--) {
		total += report->counts[severity];
		for (size_t f = 0; f < report->file_count; f++) {
			const struct sl_file_report *file = &report->files[f];

			for (size_t i = 0; i < file->finding_count && shown < lines; i++) {
				if (file->findings[i].waived ||
					(int)file->findings[i].severity != severity)
					continue;
				finding_add(out, file, &file->findings[i]);
				shown++;
			}
		}
	}
	if (total > shown)
		sl_buf_addf(out, "and %zu more\n", total - shown);
	sl_report_verdict(report, out);
	sl_buf_addc(out, '\n');
}
