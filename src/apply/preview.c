#include "apply_int.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/schema/locks.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"

static const char *const segment_names[] = {
	[SL_APPLY_TOGETHER] = "transaction",
	[SL_APPLY_ALONE] = "alone",
	[SL_APPLY_SESSION] = "session",
};

_Static_assert(sizeof(segment_names) / sizeof(segment_names[0]) == SL_APPLY_SEGMENT_KIND_COUNT,
	"a kind of segment has no name");

const char *sl_apply_segment_name(enum sl_apply_segment_kind kind)
{
	return segment_names[kind];
}

struct locks {
	SL_VEC(struct sl_apply_lock);
};

struct segments {
	SL_VEC(struct sl_apply_segment);
};

struct preview {
	struct run *run;
	struct sl_replay *replay;
	enum sl_dialect dialect;
	int version;
};

/* The live structure, or one of which nothing is known. */
static const struct sl_catalog *base_of(struct run *run, enum sl_dialect dialect)
{
	struct sl_catalog_builder *builder sl_auto(sl_catalog_builder_free_p) = NULL;
	const struct sl_catalog *catalog = NULL;
	struct sl_error cause = SL_ERROR_INIT;

	if (run->conn && sl_conn_introspect(run->conn, &catalog, &cause) == SL_OK)
		return catalog;
	builder = sl_catalog_builder_new(dialect, run->conn ? sl_conn_version(run->conn) : 0);
	if (run->conn) {
		apply_notice(run,
			"its structure was not read (%s): locks are told from the text alone",
			cause.msg);
		sl_catalog_set_uncertain(builder);
	}
	if (sl_catalog_finish(&catalog, builder, NULL) != SL_OK)
		return NULL;
	return catalog;
}

static const char *table_of(const struct run *run, const struct sl_lock_need *need)
{
	if (need->schema[0] == '\0')
		return need->name;
	return sl_arena_printf(run->arena, "%s.%s", need->schema, need->name);
}

static struct sl_apply_lock *lock_on(struct run *run, struct locks *locks, const char *table)
{
	for (size_t i = 0; i < locks->len; i++)
		if (sl_str_eq(locks->at[i].table, table))
			return &locks->at[i];
	*sl_vec_add_in(run->arena,
		locks) = (struct sl_apply_lock){ .table = sl_arena_strdup(run->arena, table),
		.mode = sl_lock_mode_name(SL_LOCK_NONE),
		.blocks = sl_lock_blocks(SL_LOCK_NONE) };
	return &locks->at[locks->len - 1];
}

/* The strongest mode of a table stands for the segment, which keeps them all to its end. */
static void add_need(struct run *run, struct locks *locks, enum sl_lock_mode *strongest,
	const struct sl_lock_need *need, unsigned line)
{
	struct sl_apply_lock *lock = lock_on(run, locks, table_of(run, need));
	size_t i = (size_t)(lock - locks->at);

	if (need->mode > strongest[i]) {
		strongest[i] = need->mode;
		lock->mode = sl_lock_mode_name(need->mode);
		lock->blocks = sl_lock_blocks(need->mode);
		lock->line = line;
	}
	lock->rewrites = lock->rewrites || need->rewrites;
	lock->scans = lock->scans || need->scans;
}

/* Relations that one segment may lock and still be told. */
#define LOCKS_MAX 1000

static void look_at(struct preview *p, const struct step *step, struct sl_apply_segment *segment,
	struct locks *locks, enum sl_lock_mode *strongest)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	size_t len = step->exec.copy_data > 0 ? step->exec.copy_data : step->exec.len;
	const struct sl_sql_input input = { .dialect = p->dialect,
		.version = p->version,
		.text = step->exec.sql,
		.len = len };
	const struct sl_facts *facts = sl_sql_parse(arena, &input);
	struct sl_replay_step replayed;
	struct sl_lock_needs needs;

	sl_replay_statement(p->replay, facts, step->exec.sql, len, &replayed);
	sl_lock_needs(&needs, arena, facts, &replayed, step->exec.sql, len);
	segment->unknown = segment->unknown || needs.unknown;
	for (size_t i = 0; i < needs.len; i++) {
		if (locks->len < LOCKS_MAX)
			add_need(p->run, locks, strongest, &needs.at[i], step->line);
		else
			segment->unknown = true;
	}
}

static enum sl_apply_segment_kind kind_of(const struct step *step)
{
	if (step->class == STEP_ALONE)
		return SL_APPLY_ALONE;
	return step->class == STEP_SESSION ? SL_APPLY_SESSION : SL_APPLY_TOGETHER;
}

static void add_segment(struct preview *p, struct segments *segments, const struct plan *plan,
	unsigned first, unsigned end)
{
	struct run *run = p->run;
	struct sl_apply_segment segment = { .kind = kind_of(&plan->steps[first]),
		.first = first + 1,
		.last = end,
		.line = plan->steps[first].line,
		.why = plan->steps[end - 1].why };

	enum sl_lock_mode strongest[LOCKS_MAX + 1] = { SL_LOCK_NONE };
	struct locks locks = { 0 };

	for (unsigned i = first; i < end; i++)
		look_at(p, &plan->steps[i], &segment, &locks, strongest);
	segment.locks = locks.at;
	segment.locks_len = locks.len;
	*sl_vec_add_in(run->arena, segments) = segment;
}

void apply_preview(struct run *run)
{
	enum sl_dialect dialect = run->request->target->url.dialect;
	const struct sl_catalog *base sl_auto(sl_catalog_unref_p) = base_of(run, dialect);
	struct preview p = { .run = run,
		.dialect = dialect,
		.version = run->conn ? sl_conn_version(run->conn) : 0 };

	if (!base)
		return;
	p.replay = sl_replay_new(base);
	for (size_t i = 0; i < run->pending.len; i++) {
		const struct plan *plan = &run->pending.at[i];
		const struct entry *entry = apply_ledger_find(&run->ledger, plan->migration->kind,
			plan->migration->key);
		struct segments segments = { 0 };
		unsigned at = entry && entry->state == SL_LEDGER_PARTIAL ? entry->done : 0;

		sl_replay_new_session(p.replay);
		for (unsigned end; at < plan->len; at = end) {
			end = apply_plan_segment_end(plan, at);
			add_segment(&p, &segments, plan, at, end);
		}
		run->pending.results[i].segments = segments.at;
		run->pending.results[i].segments_len = segments.len;
	}
	sl_replay_free(p.replay);
}
