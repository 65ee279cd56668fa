/* The end of a review: hits that no longer stand go, comments and waivers accept, the rest is
 * ordered, named by its fingerprint and counted. */
#include "walk.h"

#include "sluice/core/hash.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"

#include <stdlib.h>
#include <string.h>

#define FINGERPRINT_LEN 32

static void drop_what_fell(struct walk *walk, struct file *file, const struct sl_catalog *after)
{
	size_t kept = 0;

	for (size_t i = 0; i < file->raws.len; i++) {
		const struct raw *raw = &file->raws.at[i];

		if (!raw->row->stands || raw->row->stands(walk->change, after, &raw->now))
			file->raws.at[kept++] = *raw;
	}
	file->raws.len = kept;
}

static void mark_used(struct file *file)
{
	for (size_t i = 0; i < file->raws.len; i++) {
		if (file->raws.at[i].allow > 0)
			file->allows.at[file->raws.at[i].allow - 1].used = true;
	}
}

static void unused_add(struct walk *walk, const struct allow *allow)
{
	const struct rule_row *row = rule_row_find("unused-ignore");
	const char *message = allow->wrong;
	struct raw *raw;
	size_t before = walk->file->raws.len;

	if (!message)
		message = sl_arena_printf(walk->arena, "there is no finding of %s to accept here",
			allow->word);
	raw_add(walk, row, &(struct rule_hit){ .part = allow->word, .message = message }, NULL);
	if (walk->file->raws.len == before)
		return;
	raw = &walk->file->raws.at[before];
	raw->at = allow->at;
	raw->end = allow->end;
	raw->statement = allow->statement;
	raw->allow = 0;
}

/* A rule that is off was not asked, so a comment for it is not called useless. */
static void unused_of_file(struct walk *walk, struct file *file)
{
	const struct rule_row *row = rule_row_find("unused-ignore");

	if (sl_rule_settings_of(walk->input->settings, &row->rule) == SL_SEVERITY_OFF)
		return;
	walk->file = file;
	for (size_t i = 0; i < file->allows.len; i++) {
		const struct allow *allow = &file->allows.at[i];
		bool asked = !allow->rule ||
			sl_rule_settings_of(walk->input->settings, allow->rule) != SL_SEVERITY_OFF;

		if (!allow->used && asked)
			unused_add(walk, allow);
	}
}

static int compare(const void *left, const void *right)
{
	const struct raw *a = left;
	const struct raw *b = right;

	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return strcmp(a->hit.message, b->hit.message);
}

static const char *object_name(struct sl_arena *arena, const struct rule_hit *hit)
{
	const char *name = hit->name ? hit->name : "";
	const char *out = hit->schema && hit->schema[0] ?
		sl_arena_printf(arena, "%s.%s", hit->schema, name) :
		name;

	if (!hit->part || !hit->part[0] || sl_str_eq(hit->part, name))
		return out;
	return out[0] ? sl_arena_printf(arena, "%s.%s", out, hit->part) : hit->part;
}

static const char *key_of(const struct file *file)
{
	if (file->gone)
		return file->gone;
	return file->migration ? file->migration->key : file->path;
}

/* Over (v1, rule, migration key, tokens, object, ordinal); without the ordinal it tells equals. */
static void hash(char out[SL_SHA256_HEX], const struct file *file, const struct raw *raw,
	const char *object, const char *ordinal)
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();

	sl_sha256_add_str(sha, "v1");
	sl_sha256_add_str(sha, raw->row->rule.id);
	sl_sha256_add_str(sha, key_of(file));
	sl_sha256_add_str(sha, raw->tokens ? raw->tokens : "");
	sl_sha256_add_str(sha, object);
	if (ordinal)
		sl_sha256_add_str(sha, ordinal);
	sl_sha256_end_hex(sha, out);
}

static const char *fingerprint(struct walk *walk, const struct file *file, const struct raw *raw,
	const char *object, struct sl_map *equals)
{
	char hex[SL_SHA256_HEX];
	size_t *count;

	hash(hex, file, raw, object, NULL);
	count = sl_map_get(equals, hex);
	if (!count) {
		count = sl_arena_calloc(walk->arena, 1, sizeof(*count));
		(void)sl_map_put(equals, hex, count);
	}
	(*count)++;
	hash(hex, file, raw, object, sl_arena_printf(walk->arena, "%zu", *count));
	return sl_arena_strndup(walk->arena, hex, FINGERPRINT_LEN);
}

static const char *waived_by(struct walk *walk, const char *print)
{
	for (size_t i = 0; i < walk->input->waiver_count; i++) {
		const struct sl_review_waiver *waiver = &walk->input->waivers[i];

		if (sl_str_eq(waiver->fingerprint, print))
			return sl_arena_printf(walk->arena, "%s (%s)", waiver->reason, waiver->by);
	}
	return NULL;
}

static struct sl_finding finding_of(struct walk *walk, const struct file *file,
	const struct raw *raw, struct sl_map *equals)
{
	const struct rule_hit *hit = &raw->hit;
	struct sl_finding finding = {
		.rule = &raw->row->rule,
		.severity = raw->severity,
		.line = raw->at.line,
		.column = raw->at.column,
		.end_line = raw->end.line,
		.end_column = raw->end.column,
		.statement = raw->statement,
		.object = object_name(walk->arena, hit),
		.message = hit->message,
		.suggestion = hit->suggestion ? hit->suggestion : raw->row->rule.instead,
		.fix = hit->fix,
	};

	finding.fingerprint = fingerprint(walk, file, raw, finding.object, equals);
	if (raw->allow > 0)
		finding.waived = file->allows.at[raw->allow - 1].reason;
	else
		finding.waived = waived_by(walk, finding.fingerprint);
	return finding;
}

static void count(struct sl_report *out, const struct sl_file_report *report,
	const struct file *file)
{
	for (size_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].waived)
			out->waived++;
		else
			out->counts[report->findings[i].severity]++;
	}
	for (int i = 0; i < SL_SEVERITY_COUNT; i++)
		out->counts[i] += file->omitted_by[i];
}

static struct sl_file_report report_of(struct walk *walk, struct file *file)
{
	sl_auto(sl_map_free_p) struct sl_map *equals = sl_map_new();
	struct sl_finding *findings = sl_arena_calloc(walk->arena, file->raws.len + 1,
		sizeof(*findings));

	if (file->raws.len > 0)
		qsort(file->raws.at, file->raws.len, sizeof(*file->raws.at), compare);
	for (size_t i = 0; i < file->raws.len; i++)
		findings[i] = finding_of(walk, file, &file->raws.at[i], equals);
	return (struct sl_file_report){
		.path = file->path,
		.dialect = walk->input->dialect,
		.migration = file->migration,
		.statement_count = file->statement_count,
		.findings = findings,
		.finding_count = file->raws.len,
		.omitted = file->omitted,
	};
}

/* Rules that had too little to go by. */
static struct sl_skipped_rule *skipped(struct walk *walk, size_t *len)
{
	struct sl_skipped_rule *out = sl_arena_calloc(walk->arena, walk->active_len + 1,
		sizeof(*out));

	*len = 0;
	for (size_t i = 0; i < walk->active_len && !walk->input->base; i++) {
		if (walk->active[i]->rule.needs_schema)
			out[(*len)++] = (struct sl_skipped_rule){ &walk->active[i]->rule,
				"the schema is not known; only what the migrations make themselves "
				"was compared" };
	}
	return out;
}

static enum sl_severity highest(const struct sl_report *report)
{
	for (int i = SL_SEVERITY_COUNT - 1; i > SL_SEVERITY_OFF; i--) {
		if (report->counts[i] > 0)
			return (enum sl_severity)i;
	}
	return SL_SEVERITY_OFF;
}

void walk_finish(struct sl_report *out, struct walk *walk)
{
	const struct sl_catalog *after = sl_replay_catalog(walk->replay);
	struct sl_file_report *files = sl_arena_calloc(walk->arena, walk->files.len + 1,
		sizeof(*files));
	size_t skipped_len;
	const struct sl_skipped_rule *skip = skipped(walk, &skipped_len);

	*out = (struct sl_report){
		.files = files,
		.file_count = walk->files.len,
		.reviewed = walk->reviewed,
		.after = walk->input->base ? sl_catalog_ref(after) : NULL,
	};
	for (size_t i = 0; i < walk->files.len; i++) {
		struct file *file = &walk->files.at[i];

		drop_what_fell(walk, file, after);
		mark_used(file);
		unused_of_file(walk, file);
		files[i] = report_of(walk, file);
		files[i].skipped = skip;
		files[i].skipped_count = file->migration ? skipped_len : 0;
		count(out, &files[i], file);
	}
	out->highest = highest(out);
}

void sl_report_add(struct sl_report *out, struct sl_arena *arena, const struct sl_report *more)
{
	size_t len = out->file_count + more->file_count;
	struct sl_file_report *files = sl_arena_calloc(arena, len + 1, sizeof(*files));

	for (size_t i = 0; i < len; i++)
		files[i] = i < out->file_count ? out->files[i] : more->files[i - out->file_count];
	out->files = files;
	out->file_count = len;
	for (int i = 0; i < SL_SEVERITY_COUNT; i++)
		out->counts[i] += more->counts[i];
	out->waived += more->waived;
	out->reviewed = out->reviewed && more->reviewed;
	out->highest = highest(out);
	sl_catalog_unref(out->after);
	out->after = NULL;
}

void sl_report_done(struct sl_report *report)
{
	sl_catalog_unref(report->after);
	report->after = NULL;
}
