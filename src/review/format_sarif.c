/* A report as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), within what GitHub's code
 * scanning takes of it. */
#include "sluice/core/escape.h"
#include "sluice/review/format.h"

#include "sluice/core/map.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static const char schema[] =
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

static const char *const levels[] = {
	[SL_SEVERITY_OFF] = "none",
	[SL_SEVERITY_NOTICE] = "note",
	[SL_SEVERITY_WARNING] = "warning",
	[SL_SEVERITY_ERROR] = "error",
};

_Static_assert(sizeof(levels) / sizeof(levels[0]) == SL_SEVERITY_COUNT, "a severity has no level");

struct sarif {
	json_t *rules, *results; /* borrowed */
	struct sl_map *known; /* rule id: its place in rules, from 1 */
};

static json_t *rule_json(const struct sl_rule *rule)
{
	json_t *out = json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s++}, s:{s:s}, s:{s:[s]}}", "id",
		rule->id, "shortDescription", "text", rule->title, "fullDescription", "text",
		rule->why, "help", "text", rule->why, " Instead: ", rule->instead,
		"defaultConfiguration", "level", levels[rule->severity], "properties", "tags",
		sl_rule_category_name(rule->category));

	assert(out);
	return out;
}

static json_int_t rule_index(struct sarif *sarif, const struct sl_rule *rule)
{
	const void *known = sl_map_get(sarif->known, rule->id);
	uintptr_t place = (uintptr_t)known;

	if (place > 0)
		return (json_int_t)place - 1;
	(void)json_array_append_new(sarif->rules, rule_json(rule));
	place = json_array_size(sarif->rules);
	(void)sl_map_put(sarif->known, rule->id, (void *)place);
	return (json_int_t)place - 1;
}

/* A relative URI; the blanks of a name are no part of one. */
static void uri_add(struct sl_buf *out, const char *path)
{
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		sl_auto_buf struct sl_buf part = SL_BUF_INIT((size_t)(slash - path) + 1);

		sl_buf_add(&part, path, (size_t)(slash - path));
		sl_escape_url(out, sl_buf_str(&part));
		sl_buf_addc(out, '/');
	}
	sl_escape_url(out, path);
}

/* What is about a whole file stands at its first line: code scanning shows nothing without one. */
static json_t *region_json(const struct sl_finding *finding)
{
	json_t *out = json_pack("{s:I}", "startLine",
		(json_int_t)(finding->line > 0 ? finding->line : 1));

	if (finding->line > 0 && finding->column > 0)
		(void)json_object_set_new(out, "startColumn", json_integer(finding->column));
	if (finding->line > 0 && finding->end_line > 0) {
		(void)json_object_set_new(out, "endLine", json_integer(finding->end_line));
		(void)json_object_set_new(out, "endColumn", json_integer(finding->end_column));
	}
	return out;
}

static json_t *result_json(struct sarif *sarif, const struct sl_file_report *file,
	const struct sl_finding *finding)
{
	sl_auto_buf struct sl_buf uri = SL_BUF_INIT(3 * strlen(file->path) + 1);
	json_t *out;

	uri_add(&uri, file->path);
	out = json_pack("{s:s, s:I, s:s, s:{s:s++}, s:[{s:{s:{s:s}, s:o}}], s:{s:s}}", "ruleId",
		finding->rule->id, "ruleIndex", rule_index(sarif, finding->rule), "level",
		levels[finding->severity], "message", "text", finding->message, "; ",
		finding->suggestion, "locations", "physicalLocation", "artifactLocation", "uri",
		sl_buf_str(&uri), "region", region_json(finding), "partialFingerprints",
		"sluice/v1", finding->fingerprint);
	assert(out);
	if (finding->waived)
		(void)json_object_set_new(out, "suppressions",
			json_pack("[{s:s, s:s}]", "kind", "inSource", "justification",
				finding->waived));
	return out;
}

json_t *sl_report_sarif(const struct sl_report *report, const char *version)
{
	sl_auto(sl_map_free_p) struct sl_map *known = sl_map_new();
	struct sarif sarif = { json_array(), json_array(), known };
	json_t *out;

	for (size_t f = 0; f < report->file_count; f++)
		for (size_t i = 0; i < report->files[f].finding_count; i++)
			(void)json_array_append_new(sarif.results,
				result_json(&sarif, &report->files[f],
					&report->files[f].findings[i]));
	out = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema", schema,
		"version", "2.1.0", "runs", "tool", "driver", "name", "Sluice", "version", version,
		"rules", sarif.rules, "columnKind", "unicodeCodePoints", "results", sarif.results);
	assert(out);
	return out;
}
