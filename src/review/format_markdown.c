/* A report as the comment of a merge request. */
#include "sluice/core/escape.h"
#include "sluice/review/format.h"

#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

/* The comment stays at about 25 visible lines. */
#define ROWS_MAX  15
#define FIXES_MAX 5

static const char *const signs[] = {
	[SL_SEVERITY_OFF] = "✅",
	[SL_SEVERITY_NOTICE] = "ℹ️",
	[SL_SEVERITY_WARNING] = "⚠️",
	[SL_SEVERITY_ERROR] = "❌",
};

_Static_assert(sizeof(signs) / sizeof(signs[0]) == SL_SEVERITY_COUNT, "a severity has no sign");

static bool has(const char *text)
{
	return text && text[0] != '\0';
}

/* Between backquotes nothing is markup; what would end them, or a table's cell, is left out. */
static void code_add(struct sl_buf *out, const char *text, unsigned line)
{
	sl_buf_addc(out, '`');
	sl_escape_code(out, text, "`|\t\n\r");
	if (line > 0)
		sl_buf_addf(out, ":%u", line);
	sl_buf_addc(out, '`');
}

static void head_add(struct sl_buf *out, const struct sl_report *report,
	const struct sl_report_frame *frame)
{
	const char *sign = report->highest == SL_SEVERITY_OFF && !report->reviewed ?
		signs[SL_SEVERITY_WARNING] :
		signs[report->highest];

	if (frame->change > 0)
		sl_buf_addf(out, "<!-- sluice:review v1 change=%" PRId64 " -->\n", frame->change);
	sl_buf_addf(out, "### %s Sluice: ", sign);
	sl_report_verdict(report, out);
	if (report->counts[SL_SEVERITY_ERROR] > 0)
		sl_buf_adds(out,
			frame->observed ? " — would be blocked: observe mode" : " — merge blocked");
	else if (!report->reviewed)
		sl_buf_adds(out, " — not all statements were understood");
	sl_buf_addc(out, '\n');
}

static void context_add(struct sl_buf *out, const struct sl_report_frame *frame)
{
	bool any = false;

	if (has(frame->head)) {
		code_add(out, frame->head, 0);
		any = true;
	}
	if (has(frame->base)) {
		sl_buf_adds(out, any ? " against " : "against ");
		code_add(out, frame->base, 0);
		any = true;
	}
	if (has(frame->against)) {
		sl_buf_adds(out, any ? " · reviewed on " : "reviewed on ");
		sl_escape_markdown(out, frame->against);
		any = true;
	}
	if (has(frame->url) && frame->change > 0) {
		sl_buf_addf(out, "%s[full report](%s/changes/%" PRId64 ")", any ? " · " : "",
			frame->url, frame->change);
		any = true;
	}
	sl_buf_adds(out, any ? "\n\n" : "\n");
}

static void row_add(struct sl_buf *out, const struct sl_report_frame *frame,
	const struct sl_file_report *file, const struct sl_finding *finding)
{
	sl_buf_addf(out, "| %s | ", signs[finding->severity]);
	if (has(frame->url))
		sl_buf_addf(out, "[%s](%s/rules/%s)", finding->rule->id, frame->url,
			finding->rule->id);
	else
		sl_buf_adds(out, finding->rule->id);
	sl_buf_adds(out, " | ");
	code_add(out, file->path, finding->line);
	sl_buf_adds(out, " | ");
	sl_escape_markdown(out, finding->message);
	sl_buf_adds(out, finding->fix ? " — fix below |\n" : " |\n");
}

typedef void add_fn(struct sl_buf *out, const struct sl_report_frame *frame,
	const struct sl_file_report *file, const struct sl_finding *finding);

/* Calls add for the findings that count, errors first; returns how many. */
static size_t each(const struct sl_report *report, const struct sl_report_frame *frame, size_t most,
	add_fn *add, struct sl_buf *out)
{
	size_t n = 0;

	for (int severity = SL_SEVERITY_ERROR; severity > SL_SEVERITY_OFF; severity--) {
		for (size_t f = 0; f < report->file_count; f++) {
			const struct sl_file_report *file = &report->files[f];

			for (size_t i = 0; i < file->finding_count && n < most; i++) {
				const struct sl_finding *finding = &file->findings[i];

				if (finding->waived || (int)finding->severity != severity)
					continue;
				add(out, frame, file, finding);
				n++;
			}
		}
	}
	return n;
}

/* A fence longer than any run of backquotes inside. */
static size_t fence_len(const char *text)
{
	size_t longest = 2;
	size_t run = 0;

	for (; *text; text++) {
		run = *text == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest + 1;
}

static void fence_add(struct sl_buf *out, size_t len, const char *rest)
{
	while (len-- > 0)
		sl_buf_addc(out, '`');
	sl_buf_adds(out, rest);
}

static void fix_add(struct sl_buf *out, const struct sl_report_frame *frame,
	const struct sl_file_report *file, const struct sl_finding *finding)
{
	size_t fence;

	(void)frame;
	(void)file;
	if (!finding->fix)
		return;
	fence = fence_len(finding->fix);
	sl_buf_addf(out, "\n<details><summary>Fix for %s</summary>\n\n", finding->rule->id);
	fence_add(out, fence, "sql\n");
	sl_escape_code(out, finding->fix, "");
	sl_buf_adds(out, ";\n");
	fence_add(out, fence, "\n\n</details>\n");
}

void sl_report_markdown(const struct sl_report *report, const struct sl_report_frame *frame,
	struct sl_buf *out)
{
	size_t total = report->counts[SL_SEVERITY_ERROR] + report->counts[SL_SEVERITY_WARNING] +
		report->counts[SL_SEVERITY_NOTICE];
	size_t shown;

	head_add(out, report, frame);
	context_add(out, frame);
	if (total > 0)
		sl_buf_adds(out, "| | rule | where | finding |\n|---|---|---|---|\n");
	shown = each(report, frame, ROWS_MAX, row_add, out);
	if (total > shown)
		sl_buf_addf(out, "\nand %zu more\n", total - shown);
	(void)each(report, frame, FIXES_MAX, fix_add, out);
	if (report->waived > 0)
		sl_buf_addf(out, "\n<sub>%zu accepted finding%s hidden</sub>\n", report->waived,
			report->waived == 1 ? "" : "s");
}
