/* A report as GitLab's Code Quality takes it: docs.gitlab.com/ci/testing/code_quality, "Code
 * Quality report format". */
#include "sluice/review/format.h"

#include "sluice/core/hash.h"
#include "sluice/core/map.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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
static json_t *finding_json(const struct sl_file_report *file, const struct sl_finding *finding,
	const char *fingerprint)
{
	json_int_t begin = finding->line > 0 ? finding->line : 1;
	json_int_t end = finding->end_line > begin ? finding->end_line : begin;
	json_t *out = json_pack("{s:s++, s:s, s:s, s:s, s:{s:s, s:{s:I, s:I}}}", "description",
		finding->message, "; ", finding->suggestion, "check_name", finding->rule->id,
		"fingerprint", fingerprint, "severity", severities[finding->severity], "location",
		"path", file->path, "lines", "begin", begin, "end", end);

	assert(out);
	return out;
}

/* Of two with one fingerprint GitLab shows one: equal files of two folders have it in common, so
 * the second one's is made of its path too. */
static void fingerprint_of(const struct sl_file_report *file, const struct sl_finding *finding,
	struct sl_map *known, char out[SL_SHA256_HEX])
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = NULL;

	(void)snprintf(out, SL_SHA256_HEX, "%s", finding->fingerprint);
	if (!sl_map_get(known, finding->fingerprint)) {
		(void)sl_map_put(known, finding->fingerprint, known);
		return;
	}
	sha = sl_sha256_new();
	sl_sha256_add_str(sha, finding->fingerprint);
	sl_sha256_add_str(sha, file->path);
	sl_sha256_end_hex(sha, out);
	out[strlen(finding->fingerprint)] = '\0';
}

json_t *sl_report_codequality(const struct sl_report *report)
{
	sl_auto(sl_map_free_p) struct sl_map *known = sl_map_new();
	json_t *out = json_array();

	for (size_t f = 0; f < report->file_count; f++) {
		const struct sl_file_report *file = &report->files[f];

		for (size_t i = 0; i < file->finding_count; i++) {
			char fingerprint[SL_SHA256_HEX];

			if (file->findings[i].waived)
				continue;
			fingerprint_of(file, &file->findings[i], known, fingerprint);
			(void)json_array_append_new(out,
				finding_json(file, &file->findings[i], fingerprint));
		}
	}
	return out;
}
