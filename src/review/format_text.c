/* A report for a terminal: each finding with its line of source. */
#include "source.h"

#include "sluice/core/escape.h"
#include "sluice/core/utf8.h"
#include "sluice/review/format.h"

#include <string.h>

/* Columns of source that are shown, and how many of them before the finding. */
#define SHOWN  100
#define BEFORE 20

struct palette {
	const char *severity[SL_SEVERITY_COUNT];
	const char *bold, *dim, *off;
};

static const struct palette plain = {
	.severity = { "", "", "", "" },
	.bold = "",
	.dim = "",
	.off = "",
};

static const struct palette colors = {
	.severity = {
		[SL_SEVERITY_OFF] = "",
		[SL_SEVERITY_NOTICE] = "\x1b[1;36m",
		[SL_SEVERITY_WARNING] = "\x1b[1;33m",
		[SL_SEVERITY_ERROR] = "\x1b[1;31m",
	},
	.bold = "\x1b[1m",
	.dim = "\x1b[2m",
	.off = "\x1b[0m",
};

static void escaped(struct sl_buf *out, const char *text)
{
	sl_escape_terminal(out, text, strlen(text));
}

/* The bytes of the first n code points. */
static size_t bytes_of(const char *at, size_t len, size_t n)
{
	size_t pos = 0;

	for (; n > 0 && pos < len; n--) {
		size_t size;

		(void)sl_utf8_decode(at + pos, len - pos, &size);
		pos += size;
	}
	return pos;
}

/* One blank for a tab, so that the marks below stand where they should. */
static void line_add(struct sl_buf *out, const char *at, size_t len)
{
	while (len > 0) {
		const char *tab = memchr(at, '\t', len);
		size_t run = tab ? (size_t)(tab - at) : len;

		sl_escape_terminal(out, at, run);
		if (!tab)
			return;
		sl_buf_addc(out, ' ');
		at = tab + 1;
		len -= run + 1;
	}
}

static void repeat(struct sl_buf *out, char c, size_t n)
{
	while (n-- > 0)
		sl_buf_addc(out, c);
}

static void source_add(struct sl_buf *out, const struct palette *p,
	const struct sl_file_report *file, const struct sl_finding *finding)
{
	struct source_line line = source_line(file, finding->line);
	size_t first = finding->column > BEFORE && finding->column > SHOWN / 2 ?
		finding->column - BEFORE :
		1;
	size_t total;
	size_t from;
	size_t shown;
	size_t marks;

	if (!line.at || finding->column == 0)
		return;
	total = sl_utf8_count(line.at, line.len);
	from = bytes_of(line.at, line.len, first - 1);
	shown = bytes_of(line.at + from, line.len - from, SHOWN);
	sl_buf_addf(out, "%s%6u |%s ", p->dim, finding->line, p->off);
	line_add(out, line.at + from, shown);
	marks = finding->end_line == finding->line ? finding->end_column : total + 1;
	marks = marks > finding->column ? marks - finding->column : 1;
	if (finding->column - first + marks > SHOWN)
		marks = SHOWN - (finding->column - first);
	sl_buf_addf(out, "\n%s       |%s ", p->dim, p->off);
	repeat(out, ' ', finding->column - first);
	sl_buf_adds(out, p->severity[finding->severity]);
	repeat(out, '^', marks);
	sl_buf_addf(out, "%s\n", p->off);
}

static void place_add(struct sl_buf *out, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	escaped(out, file->path);
	if (finding->line > 0)
		sl_buf_addf(out, ":%u", finding->line);
	if (finding->column > 0)
		sl_buf_addf(out, ":%u", finding->column);
}

static void finding_add(struct sl_buf *out, const struct palette *p,
	const struct sl_file_report *file, const struct sl_finding *finding)
{
	if (finding->waived) {
		sl_buf_adds(out, p->dim);
		place_add(out, file, finding);
		sl_buf_addf(out, ": accepted [%s]: ", finding->rule->id);
		escaped(out, finding->waived);
		sl_buf_addf(out, "%s\n", p->off);
		return;
	}
	sl_buf_adds(out, p->bold);
	place_add(out, file, finding);
	sl_buf_addf(out, ": %s%s:%s ", p->severity[finding->severity],
		sl_severity_name(finding->severity), p->off);
	escaped(out, finding->message);
	sl_buf_addf(out, " %s[%s]%s\n", p->dim, finding->rule->id, p->off);
	source_add(out, p, file, finding);
	sl_buf_addf(out, "%s       =%s ", p->dim, p->off);
	escaped(out, finding->suggestion);
	sl_buf_addc(out, '\n');
}

static void skipped_add(struct sl_buf *out, const struct sl_report *report)
{
	const struct sl_file_report *file = NULL;

	for (size_t i = 0; i < report->file_count && !file; i++) {
		if (report->files[i].skipped_count > 0)
			file = &report->files[i];
	}
	for (size_t i = 0; file && i < file->skipped_count; i++)
		sl_buf_addf(out, "note: %s: %s\n", file->skipped[i].rule->id,
			file->skipped[i].reason);
}

void sl_report_text(const struct sl_report *report, bool color, struct sl_buf *out)
{
	const struct palette *p = color ? &colors : &plain;

	for (size_t f = 0; f < report->file_count; f++) {
		const struct sl_file_report *file = &report->files[f];

		for (size_t i = 0; i < file->finding_count; i++)
			finding_add(out, p, file, &file->findings[i]);
		if (file->omitted > 0) {
			escaped(out, file->path);
			sl_buf_addf(out, ": %zu more findings are not shown\n", file->omitted);
		}
	}
	skipped_add(out, report);
	sl_report_verdict(report, out);
	if (report->waived > 0)
		sl_buf_addf(out, ", %zu accepted", report->waived);
	sl_buf_addc(out, '\n');
}
