/* A report as GitLab's Code Quality takes it: docs.gitlab.com/ci/testing/code_quality, "Code
 * Quality report format". */
#include "sluice/review/format.h"

#include <assert.h>

/* Of info, minor, major, critical and blocker. */
static const char *const severities[] = {
	[SL_SEVERITY_OFF] = "info",
	[SL_SEVERITY_NOTICE] = "info",
	[SL_SEVERITY_WARNING] = "major",
	[SL_SEVERITY_ERROR] = "critical",
};

_Static_assert(sizeof(severities) / sizeof(severities[0]) == SL_SEVERITY_COUNT,
	"a severity has no name there");

/* What is about a whole file stands at its first line: one there has to be. */
static json_t *finding_json(const struct sl_file_report *file, const struct sl_finding *finding)
{
	json_int_t begin = finding->line > 0 ? finding->line : 1;
	json_int_t end = finding->end_line > begin ? finding->end_line : begin;
	json_t *out = json_pack("{s:s++, s:s, s:s, s:s, s:{s:s, s:{s:I, s:I}}}", "description",
		finding->message, "; ", finding->suggestion, "check_name", finding->rule->id,
		"fingerprint", finding->fingerprint, "severity", severities[finding->severity],
		"location", "path", file->path, "lines", "begin", begin, "end", end);

	assert(out);
	return out;
}

json_t *sl_report_codequality(const struct sl_report *report)
{
	json_t *out = json_array();

	for (size_t f = 0; f < report->file_count; f++) {
		const struct sl_file_report *file = &report->files[f];

		for (size_t i = 0; i < file->finding_count; i++)
			if (!file->findings[i].waived)
				(void)json_array_append_new(out,
					finding_json(file, &file->findings[i]));
	}
	return out;
}
