/*
 * The draft against the schema of every environment.  Targets that look the same (engine, version,
 * schema, ledger, settings) are reviewed once.
 */
#include "draft.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/review/format.h"
#include "sluice/review/review.h"

#include <string.h>

#define HOOK_FINDINGS 12

/* One review that was made, and for whom it counts. */
struct group {
	char key[SL_SHA256_HEX];
	struct sl_report report;
	size_t environment; /* the first one that it was made for */
	const struct folder *folder;
	enum sl_mode mode; /* the furthest of its targets' environments */
};

struct reviewing {
	struct pass *pass;
	struct draft *draft;

	struct {
		SL_VEC(struct group);
	} groups;

	json_t *environments; /* of the report */
};

/* --- the input ------------------------------------------------------------------------------ */

static bool is_new(const struct draft *draft, const struct folder *folder,
	const struct sl_migration *migration)
{
	for (size_t i = 0; i < draft->files_len; i++) {
		if (draft->files[i].migration &&
			sl_str_eq(draft->files[i].row.folder, folder->entry->path) &&
			sl_str_eq(draft->files[i].row.path, migration->path))
			return true;
	}
	return false;
}

static const enum sl_review_part *parts_of(struct pass *pass, const struct draft *draft,
	const struct folder *folder, const struct observation *seen)
{
	const struct sl_migration_set *set = &folder->layout.set;
	enum sl_review_part *parts = sl_arena_calloc(pass->arena, set->len + 1, sizeof(*parts));

	for (size_t i = 0; i < set->len; i++) {
		const struct sl_migration *migration = &set->at[i];
		const struct sl_ledger_migration *row = sl_observation_knows(seen,
			folder->entry->ledger, migration->kind, migration->key);

		/* What has run there, by `sluice migrate` say, is in the schema already. */
		if (is_new(draft, folder, migration) &&
			!(row && sl_str_eq(row->sha256, migration->sha256)))
			parts[i] = SL_REVIEW_NEW;
		else if (row)
			parts[i] = SL_REVIEW_APPLIED;
		else
			parts[i] = SL_REVIEW_EARLIER;
	}
	return parts;
}

/* The change's own migrations are not known from elsewhere merely because the change is merged or
 * was applied: equal content is no edit. */
static bool is_own(const struct draft *draft, const struct sl_review_known *known)
{
	for (size_t i = 0; i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;

		if (!sl_file_is_gone(row) && row->kind == known->kind &&
			sl_str_eq(row->key, known->key) && sl_str_eq(row->sha256, known->sha256))
			return true;
	}
	return false;
}

struct known_list {
	SL_VEC(struct sl_review_known);
};

static void know(struct pass *pass, const struct draft *draft, struct known_list *list,
	const struct sl_review_known *known)
{
	if (!is_own(draft, known))
		*sl_vec_add_in(pass->arena, list) = *known;
}

static void know_ledger(struct pass *pass, const struct draft *draft, const struct folder *folder,
	const struct observation *seen, struct known_list *list, const char *target)
{
	const char *where = sl_arena_printf(pass->arena, "applied on %s", target);

	if (pass->project == pass->world->own)
		return; /* its changes do not follow one another */
	for (size_t i = 0; seen && i < seen->ledger.migrations_len; i++) {
		const struct sl_ledger_migration *row = &seen->ledger.migrations[i];

		if (row->state != SL_LEDGER_PARTIAL && sl_str_eq(row->scope, folder->entry->ledger))
			know(pass, draft, list,
				&(struct sl_review_known){ .kind = row->kind,
					.key = sl_arena_strdup(pass->arena, row->key),
					.sha256 = sl_arena_strdup(pass->arena, row->sha256),
					.where = where });
	}
}

/* What was merged is not held against what came to the branch with it or after it. */
static void know_main(struct pass *pass, const struct draft *draft, const struct folder *folder,
	struct known_list *list)
{
	const char *where = sl_arena_printf(pass->arena, "on %s", pass->project->branch);
	const struct folder_list *against = draft->merged ? &pass->before : &pass->main;

	for (size_t f = 0; f < against->len; f++) {
		const struct folder *main = &against->at[f];

		if (main->entry != folder->entry || main->dialect != folder->dialect)
			continue;
		for (size_t i = 0; i < main->layout.set.len; i++) {
			const struct sl_migration *migration = &main->layout.set.at[i];

			know(pass, draft, list,
				&(struct sl_review_known){ .kind = migration->kind,
					.key = migration->key,
					.sha256 = migration->sha256,
					.where = where });
		}
	}
}

/* What the change takes away, and whether it has run on the target, all of it or a part. */
static void take_gone(struct pass *pass, const struct draft *draft, const struct folder *folder,
	const struct observation *seen, const char *target, struct sl_review_input *input)
{
	struct {
		SL_VEC(struct sl_review_gone);
	} gone = { 0 };

	for (size_t i = 0; i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;
		const char *where = NULL;

		if (!sl_file_is_gone(row) || !sl_str_eq(row->folder, folder->entry->path))
			continue;
		for (size_t k = 0; seen && k < seen->ledger.migrations_len; k++) {
			const struct sl_ledger_migration *ran = &seen->ledger.migrations[k];

			if (ran->kind == row->kind && sl_str_eq(ran->key, row->key) &&
				sl_str_eq(ran->scope, folder->entry->ledger))
				where = sl_arena_printf(pass->arena, "applied %son %s",
					ran->state == SL_LEDGER_PARTIAL ? "in part " : "", target);
		}
		*sl_vec_add_in(pass->arena, &gone) = (struct sl_review_gone){ row->kind, row->key,
			row->sha256, row->path, where };
	}
	input->gone = gone.at;
	input->gone_count = gone.len;
}

static void take_waivers(struct pass *pass, const struct draft *draft,
	struct sl_review_input *input)
{
	struct sl_change_view view;

	struct {
		SL_VEC(struct sl_review_waiver);
	} waivers = { 0 };

	if (draft->change.id == 0 ||
		sl_store_change_view(pass->control->doors.store, draft->change.id, pass->arena,
			&view, NULL) != SL_OK)
		return;
	for (size_t i = 0; i < view.waivers_len; i++) {
		const struct sl_waiver *waiver = &view.waivers[i];

		if (waiver->until == 0 || waiver->until > pass->now)
			*sl_vec_add_in(pass->arena, &waivers) = (struct sl_review_waiver){
				.fingerprint = waiver->fingerprint,
				.reason = waiver->reason,
				.by = waiver->by
			};
	}
	input->waivers = waivers.at;
	input->waiver_count = waivers.len;
}

/* Problems of the folder count where the change brings the file, or where they are the folder's. */
static void take_problems(struct pass *pass, const struct draft *draft, const struct folder *folder,
	struct sl_review_input *input)
{
	struct {
		SL_VEC(struct sl_layout_problem);
	} own = { 0 };

	for (size_t i = 0; i < folder->layout.problem_count; i++) {
		const struct sl_layout_problem *problem = &folder->layout.problems[i];
		bool brought = problem->path[0] == '\0';

		for (size_t k = 0; k < draft->files_len; k++)
			brought = brought || sl_str_eq(draft->files[k].row.path, problem->path);
		if (brought)
			*sl_vec_add_in(pass->arena, &own) = *problem;
	}
	input->problems = own.at;
	input->problem_count = own.len;
}

static void group_key(const struct sl_review_input *input, const struct observation *seen,
	const struct folder *folder, char out[SL_SHA256_HEX])
{
	sl_auto_buf struct sl_buf settings = SL_BUF_INIT(64u << 10);
	struct sl_sha256 *sha = sl_sha256_new();

	sl_rule_settings_describe(input->settings, &settings);
	sl_sha256_add_str(sha, sl_buf_str(&settings));
	sl_sha256_add_str(sha, folder->entry->path);
	sl_sha256_add_str(sha, sl_dialect_name(input->dialect));
	sl_sha256_add(sha, &input->version, sizeof(input->version));
	sl_sha256_add_str(sha, seen ? seen->hash : NULL);
	for (size_t i = 0; i < input->set.len; i++)
		sl_sha256_add(sha, &input->parts[i], sizeof(input->parts[i]));
	for (size_t i = 0; i < input->known_count; i++) {
		sl_sha256_add_str(sha, input->known[i].key);
		sl_sha256_add_str(sha, input->known[i].sha256);
	}
	for (size_t i = 0; i < input->gone_count; i++)
		sl_sha256_add_str(sha, input->gone[i].where);
	sl_sha256_end_hex(sha, out);
	sl_sha256_free(sha);
}

/* --- one target ----------------------------------------------------------------------------- */

static struct group *find_group(const struct reviewing *reviewing, const char *key)
{
	for (size_t i = 0; i < reviewing->groups.len; i++) {
		if (sl_str_eq(reviewing->groups.at[i].key, key))
			return &reviewing->groups.at[i];
	}
	return NULL;
}

static struct group *review_target(struct reviewing *reviewing, const struct folder *folder,
	size_t target)
{
	struct pass *pass = reviewing->pass;
	const struct sl_target *row = &pass->world->workspace->targets[target];
	struct observation *seen = sl_observation_get(pass->control, row->name);
	struct sl_review_input input = { .dialect = folder->dialect,
		.version = seen ? seen->version : 0,
		.base = seen ? seen->catalog : NULL,
		.set = folder->layout.set,
		.settings = pass->world->rules[row->environment] };
	struct known_list known = { 0 };
	enum sl_mode mode = sl_project_mode(pass->world->workspace, pass->project,
		row->environment);
	struct group *group;
	char key[SL_SHA256_HEX];

	input.parts = parts_of(pass, reviewing->draft, folder, seen);
	know_ledger(pass, reviewing->draft, folder, seen, &known, row->name);
	know_main(pass, reviewing->draft, folder, &known);
	input.known = known.at;
	input.known_count = known.len;
	take_gone(pass, reviewing->draft, folder, seen, row->name, &input);
	take_waivers(pass, reviewing->draft, &input);
	take_problems(pass, reviewing->draft, folder, &input);
	group_key(&input, seen, folder, key);
	group = find_group(reviewing, key);
	if (!group) {
		struct group *fresh = sl_vec_add_in(pass->arena, &reviewing->groups);

		memcpy(fresh->key, key, sizeof(key));
		fresh->environment = row->environment;
		fresh->folder = folder;
		fresh->mode = mode;
		sl_review_run(&fresh->report, pass->arena, &input);
		group = fresh;
	}
	group->mode = mode > group->mode ? mode : group->mode;
	sl_observation_unref(pass->control, seen);
	return group;
}

/* --- what comes of it ------------------------------------------------------------------------ */

static bool is_listed(const struct draft *draft, const struct sl_finding *finding, const char *path)
{
	for (size_t i = 0; i < draft->findings.len; i++) {
		if (sl_str_eq(draft->findings.at[i].fingerprint, finding->fingerprint) &&
			sl_str_eq(draft->findings.at[i].path, path))
			return true;
	}
	return false;
}

/* An error of an environment that is only observed is told, and blocks nothing. */
static void count(struct draft *draft, const struct sl_finding *finding, enum sl_mode mode)
{
	bool error = finding->severity == SL_SEVERITY_ERROR;

	draft->would_block += error && mode == SL_MODE_OBSERVE;
	draft->review.errors += error && mode > SL_MODE_OBSERVE;
	draft->holds += error && mode >= SL_MODE_GATE;
	draft->review.warnings += finding->severity == SL_SEVERITY_WARNING;
	draft->review.notices += finding->severity == SL_SEVERITY_NOTICE;
}

static void list_findings(struct reviewing *reviewing, const struct group *group)
{
	const struct sl_workspace *workspace = reviewing->pass->world->workspace;
	const struct folder *folder = group->folder;
	struct draft *draft = reviewing->draft;
	const char *environment = group->mode == SL_MODE_OBSERVE ?
		workspace->environments[group->environment].name :
		"";

	for (size_t f = 0; f < group->report.file_count; f++) {
		const struct sl_file_report *file = &group->report.files[f];
		const char *path = sl_arena_printf(reviewing->pass->arena, "%s%s%s",
			folder->entry->path, folder->entry->path[0] ? "/" : "", file->path);

		for (size_t i = 0; i < file->finding_count; i++) {
			const struct sl_finding *finding = &file->findings[i];

			if (is_listed(draft, finding, path))
				continue;
			*sl_vec_add_in(reviewing->pass->arena,
				&draft->findings) = (struct sl_finding_record){
				.environment = environment,
				.rule = finding->rule->id,
				.severity = finding->severity,
				.path = path,
				.line = finding->line,
				.column = finding->column,
				.statement = finding->statement,
				.message = finding->message,
				.fingerprint = finding->fingerprint,
				.waived = finding->waived != NULL
			};
			if (!finding->waived)
				count(draft, finding, group->mode);
		}
		draft->review.warnings += file->omitted > 0;
	}
	draft->unseen = draft->unseen || !group->report.reviewed;
	draft->mode = group->mode > draft->mode ? group->mode : draft->mode;
}

static void add_environment(struct reviewing *reviewing, const struct sl_target *target,
	const struct folder *folder, const struct group *group)
{
	const struct sl_world *world = reviewing->pass->world;
	json_t *row = json_pack("{s:s, s:s, s:s, s:o}", "environment",
		world->workspace->environments[target->environment].name, "target", target->name,
		"folder", folder->entry->path, "report", sl_report_json(&group->report));

	if (row)
		(void)json_array_append_new(reviewing->environments, row);
}

static enum sl_code review_folder(struct reviewing *reviewing, const struct folder *folder,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = reviewing->pass->world->workspace;
	struct target_list targets;
	enum sl_code code = sl_entry_targets(&targets, reviewing->pass->arena,
		reviewing->pass->world, folder->entry, err);

	for (size_t i = 0; code == SL_OK && i < targets.len; i++) {
		const struct sl_target *target = &workspace->targets[targets.at[i]];
		size_t before = reviewing->groups.len;
		const struct group *group;

		if (target->dialect != folder->dialect)
			continue;
		group = review_target(reviewing, folder, targets.at[i]);
		if (reviewing->groups.len == before)
			continue; /* looks like one that was reviewed */
		add_environment(reviewing, target, folder, group);
	}
	return code;
}

/* What is found in several environments counts where Sluice goes furthest. */
static void list_all(struct reviewing *reviewing)
{
	for (int mode = SL_MODE_APPLY; mode >= SL_MODE_OBSERVE; mode--) {
		for (size_t i = 0; i < reviewing->groups.len; i++) {
			if ((int)reviewing->groups.at[i].mode == mode)
				list_findings(reviewing, &reviewing->groups.at[i]);
		}
	}
}

static size_t weight(const struct group *group)
{
	size_t errors = group->report.counts[SL_SEVERITY_ERROR];

	return 2 * errors + (errors > 0 && group->mode > SL_MODE_OBSERVE ? SIZE_MAX / 2 : 0);
}

/* The report that is shown where there is room for one: the one that objects most. */
static const struct group *worst_of(const struct reviewing *reviewing)
{
	const struct group *worst = NULL;

	for (size_t i = 0; i < reviewing->groups.len; i++) {
		const struct group *group = &reviewing->groups.at[i];

		if (!worst || weight(group) > weight(worst))
			worst = group;
	}
	return worst;
}

static const char *arena_text(struct pass *pass, const struct sl_buf *buf)
{
	return sl_arena_strndup(pass->arena, sl_buf_str(buf), buf->len);
}

static void write_texts(struct reviewing *reviewing)
{
	struct pass *pass = reviewing->pass;
	struct draft *draft = reviewing->draft;
	const struct group *worst = worst_of(reviewing);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);
	const struct sl_report_frame frame = { .change = draft->change.id,
		.head = sl_arena_strndup(pass->arena, draft->change.head, 7),
		.base = "",
		.against = "",
		.url = pass->world->url,
		.observed = draft->would_block > 0 && !draft->red };

	draft->verdict = "no target takes these migrations";
	draft->lines = draft->note = "";
	if (!worst)
		return;
	sl_report_verdict(&worst->report, &text);
	draft->verdict = arena_text(pass, &text);
	if (frame.observed)
		draft->verdict = sl_arena_printf(pass->arena, "would be blocked: observe mode (%s)",
			draft->verdict);
	else if (draft->mode == SL_MODE_OBSERVE)
		draft->verdict = sl_arena_printf(pass->arena, "%s; observe mode", draft->verdict);
	sl_buf_clear(&text);
	sl_report_hook(&worst->report, HOOK_FINDINGS, &text);
	draft->lines = arena_text(pass, &text);
	sl_buf_clear(&text);
	sl_report_markdown(&worst->report, &frame, &text);
	draft->note = arena_text(pass, &text);
}

bool sl_pass_holds(const struct pass *pass)
{
	const struct sl_workspace *workspace = pass->world->workspace;

	for (size_t i = 0; i < workspace->environments_len; i++) {
		if (sl_project_mode(workspace, pass->project, i) >= SL_MODE_GATE)
			return true;
	}
	return false;
}

enum sl_forge_verdict sl_draft_outcome(const struct draft *draft)
{
	if (draft->red)
		return SL_FORGE_BLOCKED;
	return draft->unseen || draft->would_block > 0 || draft->mode == SL_MODE_OBSERVE ?
		SL_FORGE_NEUTRAL :
		SL_FORGE_PASSED;
}

static enum sl_code write_record(struct reviewing *reviewing, struct sl_error *err)
{
	struct pass *pass = reviewing->pass;
	struct draft *draft = reviewing->draft;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SL_REPORT_BYTES);
	sl_auto_json json_t *report = json_pack("{s:i, s:O, s:s, s:s, s:s, s:i, s:i}", "version", 1,
		"environments", reviewing->environments, "verdict", draft->verdict, "lines",
		draft->lines, "outcome", sl_forge_verdict_name(sl_draft_outcome(draft)), "holds",
		(int)draft->holds, "would_block", (int)draft->would_block);

	if (!report)
		return sl_error_set(err, SL_EINTERNAL, "the report is not valid UTF-8");
	sl_json_canonical(report, &text);
	if (!sl_buf_ok(&text))
		return sl_error_set(err, SL_ELIMIT, "the report is larger than %u bytes",
			SL_REPORT_BYTES);
	draft->review.report = arena_text(pass, &text);
	draft->review.head = draft->change.head;
	draft->review.at = pass->now;
	draft->review.took_us = sl_control_now(pass->control) - pass->now;
	return SL_OK;
}

enum sl_code sl_draft_review(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	struct reviewing reviewing = { .pass = pass, .draft = draft, .environments = json_array() };
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < draft->folders.len; i++)
		code = review_folder(&reviewing, &draft->folders.at[i], err);
	list_all(&reviewing);
	draft->red = draft->review.errors > 0;
	if (code == SL_OK) {
		write_texts(&reviewing);
		code = write_record(&reviewing, err);
	}
	for (size_t i = 0; i < reviewing.groups.len; i++)
		sl_report_done(&reviewing.groups.at[i].report);
	json_decref(reviewing.environments);
	return code;
}
