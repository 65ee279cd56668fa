/* A report as JUnit's XML, as GitLab, Jenkins and others read it: a suite for each file, a case for
 * each finding, and one that passes where there is none. */
#include "sluice/core/escape.h"
#include "sluice/review/format.h"

static size_t failures_of(const struct sl_file_report *file)
{
	size_t n = 0;

	for (size_t i = 0; i < file->finding_count; i++)
		n += !file->findings[i].waived;
	return n;
}

static void attribute_add(struct sl_buf *out, const char *name, const char *value)
{
	sl_buf_addf(out, " %s=\"", name);
	sl_escape_html(out, value);
	sl_buf_addc(out, '"');
}

static void place_add(struct sl_buf *out, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	sl_escape_html(out, file->path);
	if (finding->line > 0)
		sl_buf_addf(out, ":%u", finding->line);
	if (finding->column > 0)
		sl_buf_addf(out, ":%u", finding->column);
}

static void case_begin(struct sl_buf *out, const struct sl_file_report *file)
{
	sl_buf_adds(out, "    <testcase");
	attribute_add(out, "classname", file->path);
	attribute_add(out, "file", file->path);
}

static void case_add(struct sl_buf *out, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	case_begin(out, file);
	sl_buf_addf(out, " name=\"%s at ", finding->rule->id);
	place_add(out, file, finding);
	sl_buf_adds(out, "\">\n      <failure");
	attribute_add(out, "type", sl_severity_name(finding->severity));
	attribute_add(out, "message", finding->message);
	sl_buf_addc(out, '>');
	place_add(out, file, finding);
	sl_buf_addf(out, ": %s: ", sl_severity_name(finding->severity));
	sl_escape_html(out, finding->message);
	sl_buf_adds(out, "\n= ");
	sl_escape_html(out, finding->suggestion);
	sl_buf_adds(out, "</failure>\n    </testcase>\n");
}

static void suite_add(struct sl_buf *out, const struct sl_file_report *file)
{
	size_t failures = failures_of(file);

	sl_buf_adds(out, "  <testsuite");
	attribute_add(out, "name", file->path);
	sl_buf_addf(out, " tests=\"%zu\" failures=\"%zu\">\n", failures > 0 ? failures : 1,
		failures);
	for (size_t i = 0; i < file->finding_count; i++)
		if (!file->findings[i].waived)
			case_add(out, file, &file->findings[i]);
	if (failures == 0) {
		case_begin(out, file);
		sl_buf_adds(out, " name=\"review\"/>\n");
	}
	sl_buf_adds(out, "  </testsuite>\n");
}

void sl_report_junit(const struct sl_report *report, struct sl_buf *out)
{
	size_t tests = 0, failures = 0;

	for (size_t f = 0; f < report->file_count; f++) {
		size_t n = failures_of(&report->files[f]);

		failures += n;
		tests += n > 0 ? n : 1;
	}
	sl_buf_addf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"sluice review\" tests=\"%zu\" failures=\"%zu\">\n",
		tests, failures);
	for (size_t f = 0; f < report->file_count; f++)
		suite_add(out, &report->files[f]);
	sl_buf_adds(out, "</testsuites>\n");
}
