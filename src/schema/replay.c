#include "replay_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sql/token.h"

#include <assert.h>

static const char *const effect_words[] = { "created", "replaced", "dropped", "renamed", "altered",
	"column added", "column dropped", "column renamed", "column type", "column not null",
	"column nullable", "column default", "column altered", "constraint added",
	"constraint dropped", "constraint renamed", "constraint validated", "index added",
	"index dropped", "index renamed", "label added", "label renamed", "property", "opaque" };

_Static_assert(sizeof(effect_words) / sizeof(effect_words[0]) == SL_EFFECT_KIND_COUNT,
	"effect without a word");

static const char *const problem_words[] = { "unknown schema", "unknown object", "unknown column",
	"unknown constraint", "unknown index", "duplicate object", "duplicate column",
	"duplicate constraint", "wrong kind", "still used" };

_Static_assert(sizeof(problem_words) / sizeof(problem_words[0]) == SL_PROBLEM_KIND_COUNT,
	"problem without a word");

const char *sl_effect_kind_name(enum sl_effect_kind kind)
{
	assert((unsigned)kind < SL_EFFECT_KIND_COUNT);
	return effect_words[kind];
}

const char *sl_problem_kind_name(enum sl_problem_kind kind)
{
	assert((unsigned)kind < SL_PROBLEM_KIND_COUNT);
	return problem_words[kind];
}

/* What a replay may grow by before its catalogue is condensed, at least; more when that is large,
 * so that all the copying together stays in proportion to what was replayed. */
#define GROWTH_LEAST ((size_t)8 * 1024 * 1024)

struct sl_replay *sl_replay_new(const struct sl_catalog *base)
{
	struct sl_replay *replay = sl_xcalloc(1, sizeof(*replay));

	replay->pool = sl_catalog_pool_new(base);
	replay->scratch = sl_arena_new();
	replay->base = sl_catalog_ref(base);
	replay->now = base;
	replay->growth = GROWTH_LEAST;
	return replay;
}

void sl_replay_free(struct sl_replay *replay)
{
	if (!replay)
		return;
	sl_catalog_unref(replay->at_begin);
	sl_arena_free(replay->scratch);
	sl_catalog_pool_unref(replay->pool);
	sl_catalog_unref(replay->base);
	free(replay);
}

const struct sl_catalog *sl_replay_catalog(const struct sl_replay *replay)
{
	return replay->now;
}

/* What ROLLBACK goes back to is kept as it is, with the memory around it. */
static void keep_at_begin(struct sl_replay *replay, const struct sl_catalog *catalog)
{
	struct pool *pool = replay->pool;

	sl_catalog_unref(replay->at_begin);
	replay->at_begin = catalog ? sl_catalog_ref(catalog) : NULL;
	sl_nodes_freeze(&pool->nodes);
	pool->nodes.first = catalog && catalog->pool == pool ? pool->nodes.edition :
							       pool->first_edition;
	if (!catalog && pool->base && pool->base != replay->base)
		replay->growth = 0;
}

/* Inside a transaction the catalogue at its begin keeps its own memory; when the transaction is
 * over, the next step condenses again and lets go of that. */
void sl_replay_condense(struct sl_replay *replay)
{
	struct sl_catalog *alone = sl_catalog_condensed(replay->now, replay->at_begin);
	size_t used = sl_arena_used(alone->pool->arena);

	sl_catalog_pool_unref(replay->pool);
	replay->pool = alone->pool;
	replay->now = alone;
	memset(replay->types, 0, sizeof(replay->types));
	if (replay->most == 0)
		replay->most = SL_REPLAY_LIMIT + used;
	replay->condensed = used;
	replay->growth = used / 2 > GROWTH_LEAST ? used / 2 : GROWTH_LEAST;
}

/* Nobody but the replay looks at its catalogues, or somebody keeps one. */
static bool is_alone(const struct sl_replay *replay)
{
	bool begun = replay->at_begin && replay->at_begin->pool == replay->pool;
	unsigned own = begun ? 2 : 1;

	return atomic_load_explicit(&replay->pool->refs, memory_order_acquire) == own;
}

static void begin_step(struct sl_replay *replay)
{
	sl_arena_clear(replay->scratch);
	memset(&replay->effects, 0, sizeof(replay->effects));
	memset(&replay->problems, 0, sizeof(replay->problems));
	if (is_alone(replay))
		sl_nodes_reuse(&replay->pool->nodes);
	else
		sl_nodes_forget(&replay->pool->nodes);
	if (sl_arena_used(sl_keeping(replay)) > replay->condensed + replay->growth)
		sl_replay_condense(replay);
	replay->work = *replay->now;
	replay->work.pool = replay->pool;
	replay->action = 0;
}

static bool changed(const struct sl_replay *replay)
{
	const struct sl_catalog *a = &replay->work, *b = replay->now;

	return a->root != b->root || a->search_path.at != b->search_path.at ||
		a->properties != b->properties || a->uncertain != b->uncertain;
}

static const struct sl_catalog *next_catalog(struct sl_replay *replay)
{
	struct nodes *nodes = &replay->pool->nodes;
	struct sl_catalog *next = sl_nodes_alloc(nodes, sizeof(*next));

	*next = replay->work;
	next->edition = nodes->edition;
	if (replay->now->pool == replay->pool)
		sl_nodes_give_back(nodes, replay->now, sizeof(*next), replay->now->edition);
	sl_nodes_freeze(nodes);
	return next;
}

static void end_step(struct sl_replay *replay, struct sl_replay_step *step)
{
	step->before = replay->now;
	if (changed(replay))
		replay->now = next_catalog(replay);
	step->after = replay->now;
	step->effects = replay->effects.at;
	step->effects_len = replay->effects.len;
	step->problems = replay->problems.at;
	step->problems_len = replay->problems.len;
}

static void make_opaque(struct sl_replay *replay, const char *why)
{
	struct sl_effect *effect = sl_vec_add_in(replay->scratch, &replay->effects);

	effect->kind = SL_EFFECT_OPAQUE;
	effect->part = "";
	effect->now = sl_arena_strdup(replay->scratch, why);
	replay->work.uncertain = true;
}

void sl_replay_opaque(struct sl_replay *replay, const char *why, struct sl_replay_step *step)
{
	begin_step(replay);
	make_opaque(replay, why);
	end_step(replay, step);
}

static void each_object(struct sl_replay *replay, enum sl_sql_role role,
	void (*apply)(struct sl_replay *replay, const struct sl_fact_object *object))
{
	for (size_t i = 0; i < replay->facts->object.len; i++) {
		const struct sl_fact_object *object = &replay->facts->object.at[i];

		if (object->role == role)
			apply(replay, object);
	}
}

static void first_altered(struct sl_replay *replay)
{
	for (size_t i = 0; i < replay->facts->object.len; i++) {
		const struct sl_fact_object *object = &replay->facts->object.at[i];

		if (object->role != SL_SQL_ROLE_ALTERED && object->role != SL_SQL_ROLE_RENAMED)
			continue;
		sl_replay_alter(replay, object);
		return;
	}
}

static bool created_by_rows(struct sl_replay *replay)
{
	const struct sl_facts *facts = replay->facts;

	for (size_t i = 0; i < facts->type_def.len; i++)
		sl_replay_create_type(replay, &facts->type_def.at[i]);
	for (size_t i = 0; i < facts->table_def.len; i++)
		sl_replay_create_table(replay, &facts->table_def.at[i]);
	for (size_t i = 0; i < facts->view_def.len; i++)
		sl_replay_create_view(replay, &facts->view_def.at[i]);
	for (size_t i = 0; i < facts->index_def.len; i++)
		sl_replay_create_index(replay, &facts->index_def.at[i]);
	for (size_t i = 0; i < facts->sequence_def.len; i++)
		sl_replay_create_sequence(replay, &facts->sequence_def.at[i]);
	for (size_t i = 0; i < facts->routine_def.len; i++)
		sl_replay_create_routine(replay, &facts->routine_def.at[i]);
	for (size_t i = 0; i < facts->trigger_def.len; i++)
		sl_replay_create_trigger(replay, &facts->trigger_def.at[i]);
	return facts->type_def.len + facts->table_def.len + facts->view_def.len +
		facts->index_def.len + facts->sequence_def.len + facts->routine_def.len +
		facts->trigger_def.len >
		0;
}

static void create(struct sl_replay *replay)
{
	if (!created_by_rows(replay))
		each_object(replay, SL_SQL_ROLE_CREATED, sl_replay_create_plain);
}

/* "a, \"B\"" as names; "$user" names nothing here. */
static struct sl_names path_of(struct sl_replay *replay, const char *value)
{
	struct sl_lexer lexer;
	struct sl_token token;

	struct {
		SL_VEC(const char *);
	} names = { 0 };
	struct sl_names kept;

	sl_lexer_init(&lexer, replay->work.dialect, value, strlen(value));
	while (sl_lexer_next_code(&lexer, &token)) {
		const char *name;

		if (token.kind == SL_TOKEN_STRING)
			name = sl_token_string(replay->scratch, replay->work.dialect, &token,
				value);
		else if (token.kind == SL_TOKEN_WORD || token.kind == SL_TOKEN_NAME)
			name = sl_token_name(replay->scratch, replay->work.dialect, &token, value);
		else
			continue;
		if (*name && !sl_str_eq(name, "$user"))
			*sl_vec_add_in(replay->scratch, &names) = name;
	}
	kept.at = names.at;
	kept.len = names.len;
	return sl_keep_names(replay, &kept);
}

static void set_path(struct sl_replay *replay, const struct sl_fact_setting *setting)
{
	if (setting->reset)
		replay->work.search_path = replay->base->search_path;
	else
		replay->work.search_path = path_of(replay, setting->value);
}

static bool is_property(const struct sl_replay *replay, const char *name)
{
	return sl_is_sqlite(replay) &&
		(sl_str_eq(name, "user_version") || sl_str_eq(name, "application_id"));
}

static void apply_settings(struct sl_replay *replay)
{
	for (size_t i = 0; i < replay->facts->setting.len; i++) {
		const struct sl_fact_setting *setting = &replay->facts->setting.at[i];

		if (sl_is_postgres(replay) && sl_str_eq(setting->name, "search_path") &&
			replay->statement->verb != SL_SQL_VERB_ALTER) {
			set_path(replay, setting);
		} else if (is_property(replay, setting->name) && *setting->value) {
			struct sl_effect *effect = sl_effect_add(replay, SL_EFFECT_PROPERTY, NULL,
				setting->name);

			effect->now = sl_keep(replay, setting->value);
			sl_catalog_put_property(&replay->work, setting->name, setting->value);
		}
	}
}

/* SELECT set_config('search_path', '', false), as dumps write it. */
static bool sets_path(const struct sl_replay *replay)
{
	for (size_t i = 0; i < replay->facts->call.len; i++) {
		const struct sl_fact_call *call = &replay->facts->call.at[i];

		if (sl_str_eq(call->name, "set_config") && sl_str_eq(call->first, "search_path"))
			return true;
	}
	return false;
}

/* Functions of the system that make and drop nothing. */
static bool is_harmless(const struct sl_fact_call *call)
{
	static const char *const harmless[] = { "setval", "nextval", "currval", "lastval",
		"set_config", "clock_timestamp", "random", "gen_random_uuid", "statement_timestamp",
		"timeofday", "txid_current", "uuid_generate_v4" };

	if (!call->is_volatile || strncmp(call->name, "pg_", 3) == 0 ||
		sl_str_eq(call->schema, "pg_catalog"))
		return true;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (sl_str_eq(call->name, harmless[i]))
			return true;
	}
	return false;
}

static const char *unseen_call(const struct sl_replay *replay)
{
	if (!sl_is_postgres(replay) || !replay->statement->calls)
		return NULL;
	for (size_t i = 0; i < replay->facts->call.len; i++) {
		if (!is_harmless(&replay->facts->call.at[i]))
			return replay->facts->call.at[i].name;
	}
	return NULL;
}

static void query(struct sl_replay *replay)
{
	static const struct sl_names nowhere = { NULL, 0 };
	const char *call = unseen_call(replay);

	if (sl_is_postgres(replay) && sets_path(replay))
		replay->work.search_path = nowhere;
	sl_replay_data(replay);
	if (call)
		make_opaque(replay,
			sl_arena_printf(replay->scratch, "what function %s does is not known",
				call));
}

static void roll_back(struct sl_replay *replay)
{
	if (replay->at_begin) {
		replay->work = *replay->at_begin;
		replay->work.pool = replay->pool;
	}
	keep_at_begin(replay, NULL);
}

static void transaction(struct sl_replay *replay)
{
	switch (replay->statement->verb) {
	case SL_SQL_VERB_BEGIN:
		keep_at_begin(replay, replay->now);
		break;
	case SL_SQL_VERB_COMMIT:
		keep_at_begin(replay, NULL);
		break;
	case SL_SQL_VERB_ROLLBACK:
		roll_back(replay);
		break;
	case SL_SQL_VERB_ROLLBACK_TO:
		make_opaque(replay, "what a savepoint takes back is not followed");
		break;
	default:
		break;
	}
}

static void drop(struct sl_replay *replay)
{
	each_object(replay, SL_SQL_ROLE_DROPPED, sl_replay_drop);
}

static void ddl(struct sl_replay *replay)
{
	switch (replay->statement->verb) {
	case SL_SQL_VERB_CREATE:
	case SL_SQL_VERB_SELECT_INTO:
		create(replay);
		break;
	case SL_SQL_VERB_ALTER:
	case SL_SQL_VERB_RENAME:
		first_altered(replay);
		break;
	case SL_SQL_VERB_DROP:
		drop(replay);
		break;
	case SL_SQL_VERB_COMMENT:
		each_object(replay, SL_SQL_ROLE_COMMENTED, sl_replay_comment);
		break;
	case SL_SQL_VERB_DROP_OWNED:
	case SL_SQL_VERB_IMPORT:
		make_opaque(replay, replay->statement->tag);
		break;
	default:
		sl_replay_data(replay);
		break;
	}
}

static bool makes_table(const struct sl_replay *replay)
{
	return replay->facts->table_def.len > 0;
}

static void dispatch(struct sl_replay *replay)
{
	switch (replay->statement->kind) {
	case SL_SQL_KIND_DDL:
		ddl(replay);
		break;
	case SL_SQL_KIND_QUERY:
		if (makes_table(replay))
			create(replay);
		else
			query(replay);
		break;
	case SL_SQL_KIND_DML:
	case SL_SQL_KIND_COPY:
		sl_replay_data(replay);
		break;
	case SL_SQL_KIND_TRANSACTION:
		transaction(replay);
		break;
	case SL_SQL_KIND_BLOCK:
	case SL_SQL_KIND_COMMAND:
		make_opaque(replay, replay->statement->tag);
		break;
	case SL_SQL_KIND_SESSION:
		if (replay->statement->verb == SL_SQL_VERB_EXECUTE ||
			replay->statement->verb == SL_SQL_VERB_ATTACH)
			make_opaque(replay, replay->statement->tag);
		else
			apply_settings(replay);
		break;
	case SL_SQL_KIND_OTHER:
	case SL_SQL_KIND_DCL:
	case SL_SQL_KIND_UTILITY:
	case SL_SQL_KIND_COUNT:
		break;
	}
}

/* Rows may be too many to parse, yet rows make no object. */
static bool only_rows(const struct sl_fact_statement *statement)
{
	return statement->status == SL_SQL_OPAQUE &&
		(statement->kind == SL_SQL_KIND_DML || statement->kind == SL_SQL_KIND_COPY);
}

void sl_replay_statement(struct sl_replay *replay, const struct sl_facts *facts, const char *text,
	size_t len, struct sl_replay_step *step)
{
	const struct sl_fact_statement *statement = sl_facts_statement(facts);

	begin_step(replay);
	replay->facts = facts;
	replay->statement = statement;
	replay->text = text;
	replay->text_len = len;
	if (statement->status != SL_SQL_PARSED && statement->status != SL_SQL_EMPTY &&
		!only_rows(statement))
		make_opaque(replay,
			*statement->status_text ? statement->status_text : "it was not understood");
	else if (replay->most > 0 && replay->condensed > replay->most)
		make_opaque(replay, "the replay has grown too large");
	else if (statement->status == SL_SQL_PARSED)
		dispatch(replay);
	end_step(replay, step);
	replay->facts = NULL;
	replay->statement = NULL;
}

void sl_replay_new_session(struct sl_replay *replay)
{
	struct sl_catalog_iter it;
	struct sl_replay_step step;
	const struct sl_entity *entity;

	begin_step(replay);
	it = sl_catalog_each(replay->now);
	keep_at_begin(replay, NULL);
	replay->work.search_path = replay->base->search_path;
	while ((entity = sl_catalog_next(&it))) {
		if (sl_entity_temporary(entity))
			sl_catalog_remove(&replay->work, entity);
	}
	end_step(replay, &step);
}
