#include "look.h"
#include "walk.h"

#include "sluice/core/str.h"
#include "sluice/sql/token.h"

#include <assert.h>
#include <string.h>

/* --- hits ---------------------------------------------------------------------------------- */

static const char *kept(struct sl_arena *arena, const char *text)
{
	return text ? sl_arena_strdup(arena, text) : NULL;
}

/* The normalised text is needed once for all hits of a statement. */
static const char *tokens_of(struct walk *walk, const struct sl_statement_text *statement)
{
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(4 * SL_STATEMENT_WINDOW);

	if (!walk->tokens) {
		sl_sql_normalise(&buf, walk->input->dialect, statement->text, statement->len);
		walk->tokens = sl_arena_strdup(walk->arena, sl_buf_str(&buf));
	}
	return walk->tokens;
}

static void place(struct raw *raw, const struct sl_statement_text *statement)
{
	const struct rule_hit *hit = &raw->hit;
	size_t at = hit->at < statement->len ? hit->at : statement->len;
	size_t end = at + hit->len < statement->len ? at + hit->len : statement->len;

	raw->statement = statement->number;
	raw->at = hit->len > 0 ? sl_statement_place(statement, at) : statement->start;
	raw->end = hit->len > 0 ? sl_statement_place(statement, end) : statement->end;
}

static enum sl_severity severity_of(const struct walk *walk, const struct rule_row *row,
	const struct rule_hit *hit)
{
	enum sl_severity set = sl_rule_settings_of(walk->input->settings, &row->rule);

	return hit->most != SL_SEVERITY_OFF && hit->most < set ? hit->most : set;
}

void raw_add(struct walk *walk, const struct rule_row *row, const struct rule_hit *hit,
	const struct sl_statement_text *statement)
{
	struct file *file = walk->file;
	unsigned number = statement ? statement->number : 0;
	struct allow *allow = allows_find(&file->allows, &row->rule, number);
	enum sl_severity severity = severity_of(walk, row, hit);
	struct raw *raw;

	if (file->raws.len >= SL_REVIEW_FINDINGS_MAX) {
		file->omitted++;
		file->omitted_by[severity] += !allow;
		if (allow)
			allow->used = true;
		return;
	}
	raw = sl_vec_add(&file->raws);
	*raw = (struct raw){ .row = row, .hit = *hit, .severity = severity };
	/* facts live as long as their statement */
	raw->hit.schema = kept(walk->arena, hit->schema);
	raw->hit.name = kept(walk->arena, hit->name);
	raw->hit.part = kept(walk->arena, hit->part);
	raw->now = raw->hit;
	raw->allow = allow ? (size_t)(allow - file->allows.at) + 1 : 0;
	if (statement) {
		place(raw, statement);
		raw->tokens = tokens_of(walk, statement);
	}
}

void rule_hit(const struct rule_run *run, const struct rule_hit *hit)
{
	raw_add(run->walk, run->row, hit, run->statement);
}

/* --- whether the first migration begins with an empty database ------------------------------ */

/* What was looked at made something, or did not. */
static void guess_end(struct walk *walk)
{
	if (walk->guess == GUESS_OPEN)
		walk->guess = walk->created ? GUESS_RIGHT : GUESS_WRONG;
}

/* A file that builds so many statements from nothing builds all of them so. */
#define GUESS_STATEMENTS 1000

static void guess_look(struct walk *walk, const struct sl_statement_text *statement,
	const struct sl_replay_step *step)
{
	for (size_t i = 0; i < step->effects_len; i++)
		walk->created |= step->effects[i].kind == SL_EFFECT_CREATED;
	for (size_t i = 0; i < step->problems_len; i++) {
		if (step->problems[i].refuses)
			walk->guess = GUESS_WRONG;
	}
	if (statement->number >= GUESS_STATEMENTS)
		guess_end(walk);
}

/* --- statements ---------------------------------------------------------------------------- */

static bool is_understood(const struct sl_fact_statement *s)
{
	return s->status == SL_SQL_PARSED || s->status == SL_SQL_EMPTY;
}

static const struct sl_facts *statement_replay(struct walk *walk,
	const struct sl_statement_text *statement, struct sl_replay_step *step)
{
	const struct sl_facts *facts = sl_sql_parse_statement(walk->scratch, walk->input->dialect,
		walk->input->version, statement);
	const struct sl_fact_statement *s = sl_facts_statement(facts);

	if (statement->kind == SL_TEXT_SQL)
		sl_replay_statement(walk->replay, facts, statement->text, statement->len, step);
	else
		sl_replay_opaque(walk->replay, s->status_text, step);
	if (walk->guess == GUESS_OPEN)
		guess_look(walk, statement, step);
	return facts;
}

static void statement_rules(struct walk *walk, const struct rule_run *run)
{
	const struct sl_fact_statement *s = sl_facts_statement(run->facts);
	bool understood = is_understood(s);
	struct rule_run one = *run;

	for (const struct rule_row *const *row = walk->by_kind[s->kind]; *row; row++) {
		one.row = *row;
		if (understood || one.row->any_status)
			one.row->statement(&one);
	}
}

static void raws_follow(struct walk *walk, const struct sl_effect *effect)
{
	const struct sl_entity *now = effect->entity;
	bool moved = sl_str_eq(now->schema, effect->now) && !sl_str_eq(now->name, effect->now);
	const char *schema = moved ? effect->was : now->schema;
	const char *name = moved ? now->name : effect->was;

	for (size_t f = 0; f < walk->files.len; f++) {
		struct file *file = &walk->files.at[f];

		for (size_t i = 0; i < file->raws.len; i++) {
			struct raw *raw = &file->raws.at[i];

			if (!raw->row->follows || !sl_str_eq(raw->now.schema, schema) ||
				!sl_str_eq(raw->now.name, name))
				continue;
			raw->now.schema = sl_arena_strdup(walk->arena, now->schema);
			raw->now.name = sl_arena_strdup(walk->arena, now->name);
		}
	}
}

/* What was said about a table goes with it when it gets another name. */
static void follow_renames(struct walk *walk, const struct sl_replay_step *step)
{
	for (size_t i = 0; i < step->effects_len; i++) {
		const struct sl_effect *effect = &step->effects[i];

		if (effect->kind == SL_EFFECT_RENAMED && effect->entity && effect->was &&
			effect->now && effect->entity->kind == SL_ENTITY_TABLE)
			raws_follow(walk, effect);
	}
}

static void statement_review(struct walk *walk, const struct sl_statement_text *statement,
	size_t index)
{
	struct sl_replay_step step;
	struct looked looked = { .asked = false };
	struct rule_run run;

	walk->tokens = NULL;
	allows_read(&walk->file->allows, walk->arena, statement);
	run = (struct rule_run){
		.input = walk->input,
		.change = walk->change,
		.migration = walk->file->migration,
		.arena = walk->arena,
		.statement = statement,
		.facts = statement_replay(walk, statement, &step),
		.step = &step,
		.looked = &looked,
		.matched = walk->matched,
		.index = index,
		.walk = walk,
	};
	if (sl_sql_is_unseen(sl_facts_statement(run.facts)))
		walk->reviewed = false;
	statement_rules(walk, &run);
	walk->file->statement_count++;
	if (!walk->ran)
		change_add(walk->change, run.facts, &step);
	follow_renames(walk, &step);
}

/* --- files --------------------------------------------------------------------------------- */

static struct sl_splitter *splitter_of(const struct walk *walk,
	const struct sl_migration *migration)
{
	const struct sl_splitter_options options = {
		.dialect = walk->input->dialect,
		.first_line = migration->first_line,
		.statement_blocks = migration->statement_blocks,
	};

	if (migration->sql || migration->sql_len == 0)
		return sl_splitter_new(&options, migration->sql, migration->sql_len);
	assert(walk->input->stream);
	return sl_splitter_new_source(&options,
		walk->input->stream(walk->input->stream_ctx, migration));
}

/* Facts live as long as their statement; clearing for each of many small ones would cost more than
 * parsing them, and what is beyond the processor's first cache costs more to write. */
#define SCRATCH_MOST ((size_t)24 * 1024)

/* Neither memory nor a review's stream fails. */
static bool next(struct walk *walk, struct sl_splitter *splitter,
	struct sl_statement_text *statement)
{
	enum sl_code code = sl_splitter_next(splitter, statement, NULL);

	assert(code == SL_OK);
	if (sl_arena_used(walk->scratch) > SCRATCH_MOST)
		sl_arena_clear(walk->scratch);
	return statement->kind != SL_TEXT_END && walk->guess != GUESS_WRONG;
}

static void file_rules(struct walk *walk, size_t index)
{
	const struct rule_run run = {
		.input = walk->input,
		.change = walk->change,
		.migration = walk->file->migration,
		.arena = walk->arena,
		.matched = walk->matched,
		.index = index,
		.statements = walk->file->statement_count,
		.walk = walk,
	};

	for (size_t i = 0; i < walk->active_len; i++) {
		struct rule_run one = run;

		one.row = walk->active[i];
		if (one.row->file)
			one.row->file(&one);
	}
}

static bool is_known(const struct sl_review_input *input, const struct sl_migration *migration)
{
	for (size_t i = 0; i < input->known_count; i++) {
		if (input->known[i].kind == migration->kind &&
			sl_str_eq(input->known[i].key, migration->key))
			return true;
	}
	return false;
}

static void file_review(struct walk *walk, size_t index)
{
	const struct sl_migration *migration = &walk->input->set.at[index];
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = splitter_of(walk, migration);
	struct sl_statement_text statement;

	walk->file = sl_vec_add(&walk->files);
	walk->file->migration = migration;
	walk->file->path = migration->path;
	walk->ran = is_known(walk->input, migration);
	sl_replay_new_session(walk->replay);
	if (walk->input->separate)
		change_forget(walk->change);
	while (next(walk, splitter, &statement))
		statement_review(walk, &statement, index);
	guess_end(walk);
	/* what follows the last statement accepts nothing, but is told */
	statement.number = (unsigned)walk->file->statement_count + 1;
	allows_read(&walk->file->allows, walk->arena, &statement);
	file_rules(walk, index);
}

static void file_replay(struct walk *walk, const struct sl_migration *migration)
{
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = splitter_of(walk, migration);
	struct sl_statement_text statement;
	struct sl_replay_step step;

	sl_replay_new_session(walk->replay);
	while (next(walk, splitter, &statement))
		(void)statement_replay(walk, &statement, &step);
	guess_end(walk);
}

static void files_review(struct walk *walk)
{
	const struct sl_review_input *input = walk->input;

	for (size_t i = 0; input->parts && i < input->set.len; i++) {
		if (input->parts[i] == SL_REVIEW_EARLIER && walk->guess != GUESS_WRONG)
			file_replay(walk, &input->set.at[i]);
	}
	for (size_t i = 0; i < input->set.len; i++) {
		if ((!input->parts || input->parts[i] == SL_REVIEW_NEW) &&
			walk->guess != GUESS_WRONG)
			file_review(walk, i);
	}
}

/* --- problems of the folder ---------------------------------------------------------------- */

static struct file *file_at(struct walk *walk, const char *path)
{
	struct file *file;

	for (size_t i = 0; i < walk->files.len; i++) {
		if (sl_str_eq(walk->files.at[i].path, path))
			return &walk->files.at[i];
	}
	file = sl_vec_add(&walk->files);
	file->path = path;
	return file;
}

/* Doubled versions and empty files have rules of their own. */
static void problems_add(struct walk *walk)
{
	const struct rule_row *row = rule_row_find("migration-unreadable");

	if (sl_rule_settings_of(walk->input->settings, &row->rule) == SL_SEVERITY_OFF)
		return;
	for (size_t i = 0; i < walk->input->problem_count; i++) {
		const struct sl_layout_problem *problem = &walk->input->problems[i];

		if (problem->kind == SL_LAYOUT_DUPLICATE_VERSION ||
			problem->kind == SL_LAYOUT_EMPTY)
			continue;
		walk->file = file_at(walk, problem->path[0] ? problem->path : ".");
		raw_add(walk, row,
			&(struct rule_hit){
				.message = problem->message,
				.suggestion = problem->remedy,
				.most = problem->severity,
			},
			NULL);
		if (walk->file->raws.len > 0)
			walk->file->raws.at[walk->file->raws.len - 1].at.line = problem->line;
	}
}

/* --- what is gone -------------------------------------------------------------------------- */

static size_t index_of(const struct sl_review_input *input, const struct sl_review_gone *gone)
{
	size_t i = 0;

	while (i < input->set.len &&
		!(input->set.at[i].kind == gone->kind &&
			sl_str_eq(input->set.at[i].key, gone->key)))
		i++;
	return i;
}

/* A file without a hit is none of the report. */
static void gone_review(struct walk *walk, const struct sl_review_gone *gone)
{
	const struct sl_review_input *input = walk->input;
	const size_t at = index_of(input, gone);
	const size_t before = walk->files.len;
	struct rule_run run = { .input = input,
		.change = walk->change,
		.migration = at < input->set.len ? &input->set.at[at] : NULL,
		.arena = walk->arena,
		.index = at,
		.walk = walk };

	walk->file = file_at(walk, run.migration ? run.migration->path : gone->path);
	if (run.migration)
		walk->file->migration = run.migration;
	else
		walk->file->gone = gone->key;
	for (size_t i = 0; i < walk->active_len; i++) {
		run.row = walk->active[i];
		if (run.row->gone)
			run.row->gone(&run, gone);
	}
	if (walk->files.len > before && walk->file->raws.len == 0)
		walk->files.len = before;
}

/* --- the whole ----------------------------------------------------------------------------- */

static const struct sl_catalog *empty_catalog(enum sl_dialect dialect, int version)
{
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder
		*builder = sl_catalog_builder_new(dialect, version);
	const struct sl_catalog *catalog = NULL;
	enum sl_code code = sl_catalog_finish(&catalog, builder, NULL);

	assert(code == SL_OK);
	return catalog;
}

/* Without a base nothing that is missing is a mistake. */
static struct sl_replay *replay_of(const struct sl_review_input *input)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = input->base ?
		sl_catalog_ref(input->base) :
		empty_catalog(input->dialect, input->version);
	struct sl_replay *replay = sl_replay_new(base);
	struct sl_replay_step step;

	if (!input->base)
		sl_replay_opaque(replay, "the schema is not known", &step);
	return replay;
}

static const struct rule_row **rules_of_kind(const struct walk *walk, size_t kind)
{
	const struct rule_row **rows = sl_arena_calloc(walk->arena, walk->active_len + 1,
		sizeof(const struct rule_row *));
	size_t n = 0;

	for (size_t i = 0; i < walk->active_len; i++) {
		if (walk->active[i]->statement && (walk->active[i]->kinds & (1u << kind)))
			rows[n++] = walk->active[i];
	}
	return rows;
}

static void active_rules(struct walk *walk)
{
	unsigned dialect = 1u << walk->input->dialect;

	walk->active = sl_arena_calloc(walk->arena, rule_rows_len + 1, sizeof(*walk->active));
	for (size_t i = 0; i < rule_rows_len; i++) {
		const struct rule_row *row = &rule_rows[i];

		if ((row->rule.dialects & dialect) &&
			sl_rule_settings_of(walk->input->settings, &row->rule) != SL_SEVERITY_OFF)
			walk->active[walk->active_len++] = row;
	}
	for (size_t kind = 0; kind < SL_SQL_KIND_COUNT; kind++)
		walk->by_kind[kind] = rules_of_kind(walk, kind);
}

static void walk_done(struct walk *walk)
{
	for (size_t i = 0; i < walk->files.len; i++) {
		sl_vec_done(&walk->files.at[i].allows);
		sl_vec_done(&walk->files.at[i].raws);
	}
	sl_vec_done(&walk->files);
	sl_replay_free(walk->replay);
	change_free(walk->change);
	sl_arena_free(walk->scratch);
}

/* The first migration is mostly walked first, and then the guess is tried while it is. */
static bool first_leads(const struct sl_review_input *input)
{
	bool leads = true;

	for (size_t i = 0; leads && input->parts && i < input->set.len; i++)
		leads = input->parts[0] == SL_REVIEW_EARLIER ||
			(input->parts[0] == SL_REVIEW_NEW && input->parts[i] != SL_REVIEW_EARLIER);
	return leads;
}

/* Whether the first migration alone says that the base, which is empty, is the right one. */
static bool guess_alone(const struct sl_review_input *input)
{
	struct walk walk = {
		.input = input,
		.scratch = sl_arena_new(),
		.replay = replay_of(input),
		.guess = GUESS_OPEN,
	};
	struct sl_splitter *splitter = splitter_of(&walk, &input->set.at[0]);
	struct sl_statement_text statement;
	struct sl_replay_step step;

	while (walk.guess == GUESS_OPEN && next(&walk, splitter, &statement))
		(void)statement_replay(&walk, &statement, &step);
	guess_end(&walk);
	sl_splitter_free(splitter);
	walk_done(&walk);
	return walk.guess == GUESS_RIGHT;
}

/* False, and no report, when it was a guess that the database is empty, and a wrong one. */
static bool review(struct sl_report *out, struct sl_arena *arena,
	const struct sl_review_input *input, enum guess guess)
{
	struct walk walk = {
		.input = input,
		.arena = arena,
		.scratch = sl_arena_new(),
		.change = change_new(input->dialect),
		.replay = replay_of(input),
		.reviewed = true,
		.guess = guess,
	};
	bool right;

	active_rules(&walk);
	files_review(&walk);
	right = walk.guess != GUESS_WRONG;
	if (right) {
		problems_add(&walk);
		for (size_t i = 0; i < input->gone_count; i++)
			gone_review(&walk, &input->gone[i]);
		walk_finish(out, &walk);
	}
	walk_done(&walk);
	return right;
}

static bool review_as_empty(struct sl_report *out, struct sl_arena *arena,
	const struct sl_review_input *input)
{
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *base = empty_catalog(input->dialect, input->version);
	struct sl_review_input full = *input;

	full.base = base;
	if (first_leads(input))
		return review(out, arena, &full, GUESS_OPEN);
	return guess_alone(&full) && review(out, arena, &full, GUESS_NONE);
}

void sl_review_run(struct sl_report *out, struct sl_arena *arena,
	const struct sl_review_input *input)
{
	sl_auto(sl_rule_settings_free_p) struct sl_rule_settings *safe = input->settings ?
		NULL :
		sl_rule_settings_new();
	struct sl_review_input full = *input;

	if (!full.settings)
		full.settings = safe;
	if (!full.base && full.may_begin_empty && full.set.len > 0 &&
		review_as_empty(out, arena, &full))
		return;
	(void)review(out, arena, &full, GUESS_NONE);
}
