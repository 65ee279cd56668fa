/* The draft's plan: what its files need in each environment, and how risky that is. */
#include "draft.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/policy/risk.h"
#include "sluice/policy/workspace.h"
#include "sluice/sql/statement.h"

#include <string.h>

#define ESTIMATE_US   (500000)
#define ESTIMATES_MAX 32

static const char *const risk_kinds[] = {
	[SL_SQL_KIND_OTHER] = "unknown",
	[SL_SQL_KIND_DDL] = "ddl",
	[SL_SQL_KIND_DML] = "dml",
	[SL_SQL_KIND_QUERY] = "query",
	[SL_SQL_KIND_DCL] = "dcl",
	[SL_SQL_KIND_TRANSACTION] = "control",
	[SL_SQL_KIND_SESSION] = "control",
	[SL_SQL_KIND_UTILITY] = "ddl",
	[SL_SQL_KIND_COPY] = "dml",
	[SL_SQL_KIND_BLOCK] = "unknown",
	[SL_SQL_KIND_COMMAND] = "unknown",
};

_Static_assert(sizeof(risk_kinds) / sizeof(risk_kinds[0]) == SL_SQL_KIND_COUNT,
	"a kind is missing");

/* A statement as risk sees it, for all of those that are the same to it; the first of DML wait for
 * their estimates. */
struct weighed {
	struct sl_risk_facts facts;
	bool unseen; /* high, whatever the rules say */
	bool is_dml; /* the rows that it touches are summed up */
	const char *sql; /* of DML that is estimated, else NULL */
	size_t len;
};

struct weighing {
	struct pass *pass;
	struct sl_arena *scratch; /* of one statement */
	struct sl_map *seen; /* what is not estimated, by its facts */

	struct {
		SL_VEC(struct weighed);
	} statements;

	size_t estimated;
	int version;
};

/* Of one folder, an engine's version each. */
struct weighings {
	struct pass *pass;
	const struct draft *draft;
	const struct folder *folder;
	SL_VEC(struct weighing);
};

struct target_risk {
	enum sl_risk risk;
	int64_t rows;
};

static const struct sl_fact_object *changed_object(const struct sl_facts *facts)
{
	static const enum sl_sql_role roles[] = { SL_SQL_ROLE_WRITTEN, SL_SQL_ROLE_CREATED,
		SL_SQL_ROLE_ALTERED, SL_SQL_ROLE_DROPPED, SL_SQL_ROLE_RENAMED };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct sl_fact_object *object = sl_facts_object(facts, roles[i],
			SL_SQL_OBJECT_NONE);

		if (object)
			return object;
	}
	return NULL;
}

/* A file may have a million statements, and risk a dozen answers to them. */
static bool is_weighed_already(struct weighing *weighing, const struct weighed *weighed)
{
	const char *key = sl_arena_printf(weighing->scratch, "%s %s %d %d %s", weighed->facts.kind,
		weighed->facts.verb, weighed->unseen, weighed->is_dml, weighed->facts.table);

	return sl_map_put(weighing->seen, key, weighing) != NULL;
}

static void weigh_statement(struct weighing *weighing, const struct folder *folder,
	const struct sl_statement_text *statement)
{
	struct sl_arena *arena = weighing->pass->arena;
	const struct sl_facts *facts = sl_sql_parse_statement(weighing->scratch, folder->dialect,
		weighing->version, statement);
	const struct sl_fact_statement *row = sl_facts_statement(facts);
	const struct sl_fact_object *object = changed_object(facts);
	bool understood = row->status == SL_SQL_PARSED;
	struct weighed weighed = {
		.facts = { .kind = understood ? risk_kinds[row->kind] : "unknown",
			.verb = sl_sql_verb_name(row->verb),
			.table = object ? object->name : "",
			.affected_rows = -1 },
		.unseen = sl_sql_is_unseen(row),
		.is_dml = understood && row->kind == SL_SQL_KIND_DML && !statement->oversized,
	};

	if (weighed.is_dml && weighing->estimated < ESTIMATES_MAX) {
		weighing->estimated++;
		weighed.sql = sl_arena_strndup(arena, statement->text, statement->len);
		weighed.len = statement->len;
	} else if (is_weighed_already(weighing, &weighed)) {
		return;
	}
	weighed.facts.table = sl_arena_strdup(arena, weighed.facts.table);
	*sl_vec_add_in(arena, &weighing->statements) = weighed;
}

static enum sl_code weigh_migration(struct weighing *weighing, const struct folder *folder,
	const struct sl_migration *migration, struct sl_error *err)
{
	const struct sl_splitter_options options = { .dialect = folder->dialect,
		.first_line = migration->first_line,
		.statement_blocks = migration->statement_blocks };
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options,
		migration->sql, migration->sql_len);
	struct sl_statement_text statement;
	enum sl_code code;

	for (;;) {
		code = sl_splitter_next(splitter, &statement, err);
		if (code != SL_OK || statement.kind == SL_TEXT_END)
			return code;
		weigh_statement(weighing, folder, &statement);
		sl_arena_clear(weighing->scratch);
	}
}

/* Rows that DML would touch now, asked of the target itself; what cannot be known stays unknown and
 * so ranks as the highest risk. */
static void estimate(struct weighing *weighing, size_t target)
{
	struct pass *pass = weighing->pass;
	struct sl_apply_sql texts[ESTIMATES_MAX];
	struct sl_estimate found[ESTIMATES_MAX];
	size_t of[ESTIMATES_MAX];
	size_t n = 0;
	struct sl_conn_spec spec;

	for (size_t i = 0; i < weighing->statements.len; i++) {
		struct weighed *weighed = &weighing->statements.at[i];

		weighed->facts.affected_rows = -1;
		if (!weighed->sql)
			continue;
		texts[n] = (struct sl_apply_sql){ weighed->sql, weighed->len };
		of[n++] = i;
	}
	if (n == 0 ||
		sl_control_target_spec(pass->control, pass->world,
			&pass->world->workspace->targets[target], pass->arena, &spec,
			NULL) != SL_OK)
		return;
	spec.cancel = pass->cancel;
	if (sl_apply_estimate(&spec, texts, n, ESTIMATE_US, found, NULL) != SL_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (found[i].kind != SL_ESTIMATE_UNKNOWN)
			weighing->statements.at[of[i]].facts.affected_rows = found[i].rows;
	}
}

static enum sl_code rank(struct weighing *weighing, size_t target, struct target_risk *out,
	struct sl_error *err)
{
	struct pass *pass = weighing->pass;
	sl_auto(sl_policy_free_p) struct sl_policy *policy = NULL;
	enum sl_code code = sl_policy_new(&policy, pass->world->workspace, err);

	*out = (struct target_risk){ .risk = SL_RISK_LOW, .rows = 0 };
	for (size_t i = 0; code == SL_OK && i < weighing->statements.len; i++) {
		struct weighed *weighed = &weighing->statements.at[i];
		struct sl_risk_level level;

		weighed->facts.target = target;
		weighed->facts.project = pass->project->name;
		sl_policy_risk(policy, &weighed->facts, weighing->scratch, &level);
		sl_arena_clear(weighing->scratch);
		if (weighed->unseen)
			out->risk = SL_RISK_HIGH;
		else if (level.level > out->risk)
			out->risk = level.level;
		if (!weighed->is_dml)
			continue;
		if (weighed->facts.affected_rows < 0)
			out->rows = -1;
		else if (out->rows >= 0)
			out->rows += weighed->facts.affected_rows;
	}
	return code;
}

static void weighings_done(struct weighings *all)
{
	for (size_t i = 0; i < all->len; i++) {
		sl_arena_free(all->at[i].scratch);
		sl_map_free(all->at[i].seen);
	}
}

/* The draft's files of the folder, each statement parsed once for all targets of one version. */
static enum sl_code weigh_folder(struct weighing *weighing, const struct draft *draft,
	const struct folder *folder, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < draft->files_len; i++) {
		const struct draft_file *file = &draft->files[i];
		const struct sl_migration *migration = sl_str_eq(file->row.folder,
							       folder->entry->path) ?
			sl_folder_migration(folder, file->row.path) :
			NULL;

		if (migration)
			code = weigh_migration(weighing, folder, migration, err);
	}
	return code;
}

static enum sl_code weighing_of(struct weighings *all, struct weighing **out, int version,
	struct sl_error *err)
{
	for (size_t i = 0; i < all->len; i++) {
		if (all->at[i].version == version) {
			*out = &all->at[i];
			return SL_OK;
		}
	}
	*out = sl_vec_add_in(all->pass->arena, all);
	**out = (struct weighing){ .pass = all->pass,
		.scratch = sl_arena_new(),
		.seen = sl_map_new(),
		.version = version };
	return weigh_folder(*out, all->draft, all->folder, err);
}

/* How risky the folder's part of the draft is on one target, and how many rows it touches; -1
 * unknown. */
static enum sl_code weigh_target(struct weighings *all, size_t target, struct target_risk *out,
	struct sl_error *err)
{
	const char *name = all->pass->world->workspace->targets[target].name;
	struct observation *seen = sl_observation_get(all->pass->control, name);
	struct weighing *weighing;
	enum sl_code code = weighing_of(all, &weighing, seen ? seen->version : 0, err);

	sl_observation_unref(all->pass->control, seen);
	if (code != SL_OK)
		return code;
	estimate(weighing, target);
	return rank(weighing, target, out, err);
}

/* --- the request ---------------------------------------------------------------------------- */

struct planning {
	struct pass *pass;
	struct draft *draft;

	struct {
		SL_VEC(struct sl_plan_part);
	} parts;

	struct {
		SL_VEC(struct sl_plan_target);
	} * targets; /* one list for each environment */
};

static struct sl_migration_set own_set(struct pass *pass, const struct draft *draft,
	const struct folder *folder)
{
	struct {
		SL_VEC(struct sl_migration);
	} own = { 0 };

	for (size_t i = 0; i < folder->layout.set.len; i++) {
		const struct sl_migration *migration = &folder->layout.set.at[i];

		for (size_t k = 0; k < draft->files_len; k++) {
			if (sl_str_eq(draft->files[k].row.folder, folder->entry->path) &&
				sl_str_eq(draft->files[k].row.path, migration->path))
				*sl_vec_add_in(pass->arena, &own) = *migration;
		}
	}
	return (struct sl_migration_set){ own.at, own.len };
}

/* Nothing is planned, and nobody is asked, where a first sight finds everything settled. */
static bool is_settled(struct pass *pass, const struct draft *draft,
	const struct sl_plan_part *part, const char *target)
{
	struct observation *seen;
	bool settled = draft->change.kind == SL_CHANGE_INITIAL;

	seen = sl_observation_get(pass->control, target);
	for (size_t i = 0; settled && i < part->set.len; i++)
		settled = sl_observation_knows(seen, part->ledger, part->set.at[i].kind,
				  part->set.at[i].key) != NULL;
	sl_observation_unref(pass->control, seen);
	return settled;
}

static enum sl_code plan_folder(struct planning *planning, const struct folder *folder,
	struct sl_error *err)
{
	struct pass *pass = planning->pass;
	struct sl_plan_part part = { .folder = folder->entry->path,
		.layout = sl_layout_kind_name(folder->layout.kind),
		.ledger = folder->entry->ledger,
		.selector = folder->entry->targets,
		.set = own_set(pass, planning->draft, folder) };
	struct weighings weighings = { .pass = pass, .draft = planning->draft, .folder = folder };
	struct target_list targets;
	enum sl_code code = sl_entry_targets(&targets, pass->arena, pass->world, folder->entry,
		err);

	if (part.set.len == 0)
		return code;
	*sl_vec_add_in(pass->arena, &planning->parts) = part;
	for (size_t i = 0; code == SL_OK && i < targets.len; i++) {
		const struct sl_target *target = &pass->world->workspace->targets[targets.at[i]];
		struct target_risk risk = { .risk = SL_RISK_HIGH, .rows = -1 };

		if (target->dialect != folder->dialect ||
			is_settled(pass, planning->draft, &part, target->name))
			continue;
		code = weigh_target(&weighings, targets.at[i], &risk, err);
		*sl_vec_add_in(pass->arena,
			&planning->targets[target->environment]) = (struct sl_plan_target){
			.part = planning->parts.len - 1,
			.name = target->name,
			.dialect = target->dialect,
			.risk = risk.risk,
			.rows = risk.rows
		};
	}
	weighings_done(&weighings);
	return code;
}

static enum sl_risk highest(const struct sl_plan_target *targets, size_t n)
{
	enum sl_risk risk = SL_RISK_LOW;

	for (size_t i = 0; i < n; i++)
		risk = targets[i].risk > risk ? targets[i].risk : risk;
	return risk;
}

static void make(struct planning *planning)
{
	struct pass *pass = planning->pass;
	const struct sl_workspace *workspace = pass->world->workspace;
	struct draft *draft = planning->draft;
	struct sl_plan_environment *environments = sl_arena_calloc(pass->arena,
		workspace->environments_len + 1, sizeof(*environments));
	const struct sl_plan_request request = { .change_id = draft->change.id,
		.commit = draft->change.head,
		.now = pass->now,
		.parts = planning->parts.at,
		.parts_len = planning->parts.len,
		.environments = environments,
		.environments_len = workspace->environments_len };

	draft->review.risk = SL_RISK_LOW;
	for (size_t i = 0; i < workspace->environments_len; i++) {
		enum sl_risk risk = highest(planning->targets[i].at, planning->targets[i].len);

		environments[i] = (struct sl_plan_environment){
			.name = workspace->environments[i].name,
			.position = (unsigned)i,
			.mode = sl_project_mode(workspace, pass->project, i),
			.flow = workspace->approvals[risk],
			.targets = planning->targets[i].at,
			.targets_len = planning->targets[i].len
		};
		if (risk > draft->review.risk)
			draft->review.risk = risk;
	}
	sl_rollout_plan(&request, pass->arena, &draft->plan);
}

enum sl_code sl_draft_plan(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	struct planning planning = { .pass = pass, .draft = draft };
	enum sl_code code = SL_OK;

	planning.targets = sl_arena_calloc(pass->arena,
		pass->world->workspace->environments_len + 1, sizeof(*planning.targets));
	for (size_t i = 0; code == SL_OK && i < draft->folders.len; i++)
		code = plan_folder(&planning, &draft->folders.at[i], err);
	if (code == SL_OK)
		make(&planning);
	return code;
}
