#include "sluice/review/format.h"

#include <assert.h>

static void set(json_t *object, const char *key, json_t *value)
{
	int rc = json_object_set_new(object, key, value);

	assert(rc == 0);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	set(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, size_t number)
{
	set(object, key, json_integer((json_int_t)number));
}

static json_t *finding_json(const struct sl_finding *finding)
{
	json_t *out = json_object();

	set_text(out, "rule", finding->rule->id);
	set_text(out, "severity", sl_severity_name(finding->severity));
	if (finding->line > 0) {
		set_number(out, "line", finding->line);
		set_number(out, "column", finding->column > 0 ? finding->column : 1);
	}
	if (finding->end_line > 0) {
		set_number(out, "end_line", finding->end_line);
		set_number(out, "end_column", finding->end_column);
	}
	if (finding->statement > 0)
		set_number(out, "statement", finding->statement);
	set_text(out, "message", finding->message);
	set_text(out, "suggestion", finding->suggestion);
	if (finding->fix)
		set_text(out, "fix", finding->fix);
	set_text(out, "fingerprint", finding->fingerprint);
	set(out, "waived", json_boolean(finding->waived != NULL));
	if (finding->waived)
		set_text(out, "reason", finding->waived);
	return out;
}

static json_t *file_json(const struct sl_file_report *file)
{
	json_t *out = json_object();
	json_t *findings = json_array();
	json_t *skipped = json_array();

	for (size_t i = 0; i < file->finding_count; i++)
		(void)json_array_append_new(findings, finding_json(&file->findings[i]));
	for (size_t i = 0; i < file->skipped_count; i++) {
		json_t *rule = json_object();

		set_text(rule, "rule", file->skipped[i].rule->id);
		set_text(rule, "reason", file->skipped[i].reason);
		(void)json_array_append_new(skipped, rule);
	}
	set_text(out, "path", file->path);
	set_text(out, "engine", sl_dialect_name(file->dialect));
	set_number(out, "statements", file->statement_count);
	set(out, "findings", findings);
	set(out, "skipped", skipped);
	set_number(out, "omitted", file->omitted);
	return out;
}

json_t *sl_report_json(const struct sl_report *report)
{
	json_t *out = json_object();
	json_t *files = json_array();
	json_t *summary = json_object();

	for (size_t i = 0; i < report->file_count; i++)
		(void)json_array_append_new(files, file_json(&report->files[i]));
	for (int i = SL_SEVERITY_ERROR; i >= SL_SEVERITY_NOTICE; i--)
		set_number(summary, sl_severity_name((enum sl_severity)i), report->counts[i]);
	set_number(out, "version", 1);
	set(out, "files", files);
	set(out, "summary", summary);
	return out;
}
