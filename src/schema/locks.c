#include "sluice/schema/locks.h"

#include "locks_mysql.h"

#include "sluice/core/arena.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"
#include "sluice/sql/token.h"

#include <string.h>

static const struct {
	const char *name, *blocks;
} modes[] = {
	[SL_LOCK_NONE] = { "none", "nothing" },
	[SL_LOCK_ACCESS_SHARE] = { "ACCESS SHARE", "nothing" },
	[SL_LOCK_ROW_SHARE] = { "ROW SHARE", "nothing" },
	[SL_LOCK_ROW_EXCLUSIVE] = { "ROW EXCLUSIVE", "nothing" },
	[SL_LOCK_SHARE_UPDATE_EXCLUSIVE] = { "SHARE UPDATE EXCLUSIVE", "other schema changes" },
	[SL_LOCK_SHARE] = { "SHARE", "writes" },
	[SL_LOCK_SHARE_ROW_EXCLUSIVE] = { "SHARE ROW EXCLUSIVE", "writes" },
	[SL_LOCK_EXCLUSIVE] = { "EXCLUSIVE", "writes" },
	[SL_LOCK_ACCESS_EXCLUSIVE] = { "ACCESS EXCLUSIVE", "reads and writes" },
	[SL_LOCK_WRITER] = { "WRITER", "writes" },
	[SL_LOCK_ROWS] = { "ROWS", "writes of the same rows, and schema changes" },
	[SL_LOCK_METADATA] = { "EXCLUSIVE METADATA",
		"reads and writes, at least for a moment (the algorithm is not predicted)" },
};

_Static_assert(sizeof(modes) / sizeof(modes[0]) == SL_LOCK_MODE_COUNT, "a mode has no row");

const char *sl_lock_mode_name(enum sl_lock_mode mode)
{
	return modes[mode].name;
}

const char *sl_lock_blocks(enum sl_lock_mode mode)
{
	return modes[mode].blocks;
}

struct needs {
	SL_VEC(struct sl_lock_need);
};

struct asking {
	struct sl_arena *arena;
	const struct sl_facts *facts;
	const struct sl_fact_statement *fact;
	const struct sl_replay_step *step;
	const char *text;
	size_t text_len;
	struct needs needs;
	bool unknown;
};

static bool is_fresh(const struct sl_entity *entity)
{
	return sl_entity_temporary(entity) ||
		(entity->kind == SL_ENTITY_TABLE && sl_as_table(entity)->fresh);
}

static struct sl_lock_need *row_of(struct asking *a, const char *schema, const char *name)
{
	for (size_t i = 0; i < a->needs.len; i++)
		if (sl_str_eq(a->needs.at[i].name, name) &&
			sl_str_eq(a->needs.at[i].schema, schema))
			return &a->needs.at[i];
	*sl_vec_add_in(a->arena,
		&a->needs) = (struct sl_lock_need){ .schema = sl_arena_strdup(a->arena, schema),
		.name = sl_arena_strdup(a->arena, name) };
	return &a->needs.at[a->needs.len - 1];
}

static void need(struct asking *a, enum sl_lock_mode mode, const char *schema, const char *name)
{
	const struct sl_entity *entity = sl_catalog_relation(a->step->before, schema, name);
	struct sl_lock_need *row;

	if (mode == SL_LOCK_NONE || name[0] == '\0' || (entity && is_fresh(entity)))
		return;
	if (!entity && !sl_catalog_uncertain(a->step->before))
		return;
	row = row_of(a, entity ? entity->schema : schema, entity ? entity->name : name);
	if (mode > row->mode)
		row->mode = mode;
}

/* "schema.table" or "table", as lists of names have it. */
static void need_dotted(struct asking *a, enum sl_lock_mode mode, const char *dotted)
{
	const char *dot = strchr(dotted, '.');

	if (dot)
		need(a, mode, sl_arena_strndup(a->arena, dotted, (size_t)(dot - dotted)), dot + 1);
	else
		need(a, mode, "", dotted);
}

static bool has_word(const struct asking *a, const char *word)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, SL_DIALECT_POSTGRES, a->text, a->text_len);
	while (sl_lexer_next_code(&lexer, &token))
		if (token.kind == SL_TOKEN_WORD && sl_token_is(&token, a->text, word))
			return true;
	return false;
}

/* --- ALTER -------------------------------------------------------------------------------------
 */

/* What is not here takes ACCESS EXCLUSIVE on the table. */
static const enum sl_lock_mode of_action[SL_SQL_ACTION_COUNT] = {
	[SL_SQL_ACTION_SET_STATISTICS] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_SET_OPTIONS] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_RESET_OPTIONS] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_VALIDATE_CONSTRAINT] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_CLUSTER_ON] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_NO_CLUSTER] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_ATTACH_PARTITION] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_FINALIZE_PARTITION] = SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	[SL_SQL_ACTION_ENABLE_TRIGGER] = SL_LOCK_SHARE_ROW_EXCLUSIVE,
	[SL_SQL_ACTION_DISABLE_TRIGGER] = SL_LOCK_SHARE_ROW_EXCLUSIVE,
};

static const struct sl_fact_constraint_def *constraint_of(const struct asking *a,
	const struct sl_fact_action *action)
{
	return action->constraint_row >= 0 ? &a->facts->constraint_def.at[action->constraint_row] :
					     NULL;
}

static enum sl_lock_mode mode_of(const struct asking *a, const struct sl_fact_action *action)
{
	const struct sl_fact_constraint_def *added = constraint_of(a, action);

	if (action->kind == SL_SQL_ACTION_ADD_CONSTRAINT && added &&
		added->kind == SL_SQL_CONSTRAINT_FOREIGN_KEY)
		return SL_LOCK_SHARE_ROW_EXCLUSIVE;
	if (action->kind == SL_SQL_ACTION_DETACH_PARTITION && action->concurrently)
		return SL_LOCK_SHARE_UPDATE_EXCLUSIVE;
	return of_action[action->kind] != SL_LOCK_NONE ? of_action[action->kind] :
							 SL_LOCK_ACCESS_EXCLUSIVE;
}

/* The other table of a foreign key that goes, or of one that is looked through. */
static void need_partners(struct asking *a, const struct sl_table *table,
	const struct sl_fact_action *action)
{
	enum sl_lock_mode mode = action->kind == SL_SQL_ACTION_VALIDATE_CONSTRAINT ?
		SL_LOCK_ROW_SHARE :
		SL_LOCK_ACCESS_EXCLUSIVE;

	for (size_t i = 0; i < table->constraints.len; i++) {
		const struct sl_constraint *key = &table->constraints.at[i];
		bool column = action->kind == SL_SQL_ACTION_DROP_COLUMN ||
			action->kind == SL_SQL_ACTION_ALTER_TYPE;

		if (key->kind == SL_CONSTRAINT_FOREIGN &&
			(column ? sl_names_has(&key->columns, action->name) :
				  sl_str_eq(key->name, action->name)))
			need(a, mode, key->ref_schema, key->ref_table);
	}
}

static void need_others(struct asking *a, const struct sl_entity *entity,
	const struct sl_fact_action *action)
{
	const struct sl_fact_object *other = action->object_row >= 0 ?
		&a->facts->object.at[action->object_row] :
		NULL;

	switch (action->kind) {
	case SL_SQL_ACTION_DROP_COLUMN:
	case SL_SQL_ACTION_ALTER_TYPE:
	case SL_SQL_ACTION_DROP_CONSTRAINT:
	case SL_SQL_ACTION_VALIDATE_CONSTRAINT:
		if (entity && entity->kind == SL_ENTITY_TABLE)
			need_partners(a, sl_as_table(entity), action);
		return;
	case SL_SQL_ACTION_ATTACH_PARTITION:
	case SL_SQL_ACTION_DETACH_PARTITION:
	case SL_SQL_ACTION_FINALIZE_PARTITION:
		if (other)
			need(a, SL_LOCK_ACCESS_EXCLUSIVE, other->schema, other->name);
		return;
	case SL_SQL_ACTION_INHERIT:
	case SL_SQL_ACTION_NO_INHERIT:
		if (other)
			need(a, SL_LOCK_SHARE_UPDATE_EXCLUSIVE, other->schema, other->name);
		return;
	default:
		return;
	}
}

static bool is_relation(enum sl_sql_object kind)
{
	return kind == SL_SQL_OBJECT_TABLE || kind == SL_SQL_OBJECT_FOREIGN_TABLE ||
		kind == SL_SQL_OBJECT_VIEW || kind == SL_SQL_OBJECT_MATVIEW ||
		kind == SL_SQL_OBJECT_SEQUENCE || kind == SL_SQL_OBJECT_RELATION;
}

/* ALTER DOMAIN looks through every table that uses it. */
static void need_users_of(struct asking *a, const struct sl_fact_object *domain)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(a->step->before, SL_ENTITY_TABLE);

	for (const struct sl_entity *o; (o = sl_catalog_next(&it));) {
		const struct sl_table *table = sl_as_table(o);

		for (size_t i = 0; i < table->columns.len; i++) {
			const char *type = table->columns.at[i].type;
			const char *dot = strrchr(type, '.');

			if (sl_str_eq(dot ? dot + 1 : type, domain->name))
				need(a, SL_LOCK_SHARE, o->schema, o->name);
		}
	}
}

static void alter_domain(struct asking *a, const struct sl_fact_object *domain)
{
	for (size_t i = 0; i < a->facts->action.len; i++) {
		const struct sl_fact_action *action = &a->facts->action.at[i];
		const struct sl_fact_constraint_def *added = constraint_of(a, action);

		if (action->kind == SL_SQL_ACTION_SET_NOT_NULL ||
			action->kind == SL_SQL_ACTION_VALIDATE_CONSTRAINT ||
			(action->kind == SL_SQL_ACTION_ADD_CONSTRAINT &&
				!(added && added->not_valid)))
			need_users_of(a, domain);
	}
}

static const struct sl_fact_object *altered(const struct asking *a)
{
	for (size_t i = 0; i < a->facts->object.len; i++) {
		enum sl_sql_role role = a->facts->object.at[i].role;

		if (role == SL_SQL_ROLE_ALTERED || role == SL_SQL_ROLE_RENAMED)
			return &a->facts->object.at[i];
	}
	return NULL;
}

static void alter(struct asking *a)
{
	const struct sl_fact_object *object = altered(a);
	const struct sl_entity *entity;

	if (!object)
		return;
	if (object->kind == SL_SQL_OBJECT_DOMAIN)
		alter_domain(a, object);
	if (object->of_table[0] != '\0' && object->kind != SL_SQL_OBJECT_INDEX)
		need(a, SL_LOCK_ACCESS_EXCLUSIVE, object->of_schema, object->of_table);
	if (!is_relation(object->kind))
		return;
	if (object->kind == SL_SQL_OBJECT_SEQUENCE) {
		need(a, SL_LOCK_SHARE_ROW_EXCLUSIVE, object->schema, object->name);
		return;
	}
	entity = sl_catalog_relation(a->step->before, object->schema, object->name);
	for (size_t i = 0; i < a->facts->action.len; i++) {
		need(a, mode_of(a, &a->facts->action.at[i]), object->schema, object->name);
		need_others(a, entity, &a->facts->action.at[i]);
	}
	if (a->facts->action.len == 0)
		need(a, SL_LOCK_ACCESS_EXCLUSIVE, object->schema, object->name);
}

/* --- CREATE ------------------------------------------------------------------------------------
 */

static void create(struct asking *a)
{
	const struct sl_facts *f = a->facts;

	for (size_t i = 0; i < f->index_def.len; i++)
		need(a,
			f->index_def.at[i].concurrently ? SL_LOCK_SHARE_UPDATE_EXCLUSIVE :
							  SL_LOCK_SHARE,
			f->index_def.at[i].table_schema, f->index_def.at[i].table_name);
	for (size_t i = 0; i < f->trigger_def.len; i++)
		need(a, SL_LOCK_SHARE_ROW_EXCLUSIVE, f->trigger_def.at[i].table_schema,
			f->trigger_def.at[i].table_name);
	for (size_t i = 0; i < f->policy_def.len; i++)
		need(a, SL_LOCK_ACCESS_EXCLUSIVE, f->policy_def.at[i].schema,
			f->policy_def.at[i].table_name);
	for (size_t i = 0; i < f->view_def.len; i++)
		if (f->view_def.at[i].or_replace)
			need(a, SL_LOCK_ACCESS_EXCLUSIVE, f->view_def.at[i].schema,
				f->view_def.at[i].name);
	for (size_t i = 0; i < f->table_def.len; i++) {
		const struct sl_fact_table_def *def = &f->table_def.at[i];

		need(a, SL_LOCK_ACCESS_EXCLUSIVE, def->partition_of_schema, def->partition_of);
		for (size_t k = 0; k < def->inherits.len; k++)
			need_dotted(a, SL_LOCK_SHARE_UPDATE_EXCLUSIVE, def->inherits.at[k]);
	}
}

/* Foreign keys, wherever they are written. */
static void refer(struct asking *a)
{
	for (size_t i = 0; i < a->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *def = &a->facts->constraint_def.at[i];

		if (def->kind == SL_SQL_CONSTRAINT_FOREIGN_KEY)
			need(a, SL_LOCK_SHARE_ROW_EXCLUSIVE, def->ref_schema, def->ref_table);
	}
}

/* --- DROP and the rest -------------------------------------------------------------------------
 */

static void drop_index(struct asking *a, const struct sl_fact_object *object,
	enum sl_lock_mode mode)
{
	const struct sl_index *index;
	const struct sl_entity *owner = sl_catalog_index_owner(a->step->before, object->schema,
		object->name, &index);

	if (owner)
		need(a, mode, owner->schema, owner->name);
}

static void drop_table(struct asking *a, const struct sl_fact_object *object)
{
	const struct sl_table *table = sl_catalog_table(a->step->before, object->schema,
		object->name);

	need(a, SL_LOCK_ACCESS_EXCLUSIVE, object->schema, object->name);
	if (!table)
		return;
	for (size_t i = 0; i < table->constraints.len; i++)
		if (table->constraints.at[i].kind == SL_CONSTRAINT_FOREIGN)
			need(a, SL_LOCK_ACCESS_EXCLUSIVE, table->constraints.at[i].ref_schema,
				table->constraints.at[i].ref_table);
	if (table->partition_of)
		need_dotted(a, SL_LOCK_ACCESS_EXCLUSIVE, table->partition_of);
}

/* CASCADE takes the tables that refer to this one along. */
static void need_referrers(struct asking *a, const struct sl_fact_object *object)
{
	const struct sl_entity *entity = sl_catalog_relation(a->step->before, object->schema,
		object->name);
	struct sl_catalog_iter it = sl_catalog_each_kind(a->step->before, SL_ENTITY_TABLE);

	if (!entity)
		return;
	for (const struct sl_entity *o; (o = sl_catalog_next(&it));) {
		const struct sl_table *table = sl_as_table(o);

		for (size_t i = 0; i < table->constraints.len; i++)
			if (table->constraints.at[i].kind == SL_CONSTRAINT_FOREIGN &&
				sl_str_eq(table->constraints.at[i].ref_table, entity->name) &&
				sl_str_eq(table->constraints.at[i].ref_schema, entity->schema))
				need(a, SL_LOCK_ACCESS_EXCLUSIVE, o->schema, o->name);
	}
}

static void drop(struct asking *a, const struct sl_fact_object *object)
{
	if (object->kind == SL_SQL_OBJECT_INDEX)
		drop_index(a, object,
			a->fact->concurrently ? SL_LOCK_SHARE_UPDATE_EXCLUSIVE :
						SL_LOCK_ACCESS_EXCLUSIVE);
	else if (object->kind == SL_SQL_OBJECT_STATISTICS)
		a->unknown = true; /* whose they are is not in the statement */
	else if (object->of_table[0] != '\0')
		need(a, SL_LOCK_ACCESS_EXCLUSIVE, object->of_schema, object->of_table);
	else if (is_relation(object->kind))
		drop_table(a, object);
	if (a->fact->cascade && is_relation(object->kind))
		need_referrers(a, object);
}

static enum sl_lock_mode of_maintenance(const struct asking *a)
{
	bool beside = a->fact->concurrently;

	switch (a->fact->verb) {
	case SL_SQL_VERB_CLUSTER:
		return SL_LOCK_ACCESS_EXCLUSIVE;
	case SL_SQL_VERB_VACUUM:
		return has_word(a, "full") ? SL_LOCK_ACCESS_EXCLUSIVE :
					     SL_LOCK_SHARE_UPDATE_EXCLUSIVE;
	case SL_SQL_VERB_REFRESH:
		return beside ? SL_LOCK_EXCLUSIVE : SL_LOCK_ACCESS_EXCLUSIVE;
	case SL_SQL_VERB_REINDEX:
		return beside ? SL_LOCK_SHARE_UPDATE_EXCLUSIVE : SL_LOCK_SHARE;
	default:
		return SL_LOCK_SHARE_UPDATE_EXCLUSIVE;
	}
}

/* LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE. */
static enum sl_lock_mode of_lock(const struct asking *a)
{
	bool share = has_word(a, "share"), row = has_word(a, "row");
	bool exclusive = has_word(a, "exclusive"), update = has_word(a, "update");

	if (!has_word(a, "mode") || (has_word(a, "access") && exclusive))
		return SL_LOCK_ACCESS_EXCLUSIVE;
	if (has_word(a, "access"))
		return SL_LOCK_ACCESS_SHARE;
	if (share && update)
		return SL_LOCK_SHARE_UPDATE_EXCLUSIVE;
	if (share && row)
		return exclusive ? SL_LOCK_SHARE_ROW_EXCLUSIVE : SL_LOCK_ROW_SHARE;
	if (row)
		return SL_LOCK_ROW_EXCLUSIVE;
	return exclusive ? SL_LOCK_EXCLUSIVE : SL_LOCK_SHARE;
}

static void maintain(struct asking *a, const struct sl_fact_object *object)
{
	if (object->kind == SL_SQL_OBJECT_INDEX)
		drop_index(a, object, of_maintenance(a));
	else if (is_relation(object->kind))
		need(a, of_maintenance(a), object->schema, object->name);
	else
		a->unknown = true; /* REINDEX DATABASE */
}

/* SELECT ... FOR UPDATE and its kin. */
static bool locks_rows(const struct asking *a)
{
	return a->fact->verb == SL_SQL_VERB_SELECT && has_word(a, "for") &&
		(has_word(a, "update") || has_word(a, "share"));
}

static void use(struct asking *a, const struct sl_fact_object *object)
{
	switch (object->role) {
	case SL_SQL_ROLE_DROPPED:
		drop(a, object);
		return;
	case SL_SQL_ROLE_WRITTEN:
		need(a,
			a->fact->verb == SL_SQL_VERB_TRUNCATE ? SL_LOCK_ACCESS_EXCLUSIVE :
								SL_LOCK_ROW_EXCLUSIVE,
			object->schema, object->name);
		if (a->fact->verb == SL_SQL_VERB_TRUNCATE && a->fact->cascade)
			need_referrers(a, object);
		return;
	case SL_SQL_ROLE_READ:
		need(a, locks_rows(a) ? SL_LOCK_ROW_SHARE : SL_LOCK_ACCESS_SHARE, object->schema,
			object->name);
		return;
	case SL_SQL_ROLE_COMMENTED:
		if (object->of_table[0] != '\0')
			need(a, SL_LOCK_SHARE_UPDATE_EXCLUSIVE, object->of_schema,
				object->of_table);
		else if (is_relation(object->kind))
			need(a, SL_LOCK_SHARE_UPDATE_EXCLUSIVE, object->schema, object->name);
		return;
	case SL_SQL_ROLE_LOCKED:
		need(a, of_lock(a), object->schema, object->name);
		return;
	case SL_SQL_ROLE_MAINTAINED:
		maintain(a, object);
		return;
	case SL_SQL_ROLE_REFERENCED:
		if (a->fact->object == SL_SQL_OBJECT_STATISTICS ||
			a->fact->object == SL_SQL_OBJECT_PUBLICATION)
			need(a, SL_LOCK_SHARE_UPDATE_EXCLUSIVE, object->schema, object->name);
		return;
	case SL_SQL_ROLE_CREATED:
	case SL_SQL_ROLE_ALTERED:
	case SL_SQL_ROLE_RENAMED:
	case SL_SQL_ROLE_GRANTED:
	case SL_SQL_ROLE_COUNT:
		break;
	}
}

static void ask_postgres(struct asking *a)
{
	if (a->fact->status != SL_SQL_PARSED || a->fact->calls ||
		a->fact->kind == SL_SQL_KIND_BLOCK || a->fact->verb == SL_SQL_VERB_EXECUTE)
		a->unknown = true;
	alter(a);
	create(a);
	refer(a);
	for (size_t i = 0; i < a->facts->object.len; i++)
		use(a, &a->facts->object.at[i]);
}

/* A table of another database is in no catalogue of ours. */
static void ask_mysql(struct asking *a, enum sl_dialect dialect)
{
	const struct sl_lock_names names = sl_mysql_lock_names(a->arena, dialect, a->fact, a->text,
		a->text_len);

	for (size_t i = 0; i < names.len; i++) {
		const struct sl_lock_need *name = &names.at[i];

		if (name->schema[0] == '\0')
			need(a, name->mode, "", name->name);
		else
			row_of(a, name->schema, name->name)->mode = name->mode;
	}
	a->unknown = a->fact->kind != SL_SQL_KIND_SESSION;
}

static bool goes_along(const struct sl_effect *effect)
{
	return effect->kind == SL_EFFECT_DROPPED && effect->implied && effect->entity &&
		(effect->entity->kind == SL_ENTITY_TABLE || effect->entity->kind == SL_ENTITY_VIEW);
}

static bool is_parent(const struct sl_lock_need *row, const char *dotted)
{
	size_t len = strlen(row->schema);

	return sl_str_starts(dotted, row->schema) && dotted[len] == '.' &&
		sl_str_eq(dotted + len + 1, row->name);
}

static struct sl_lock_need *row_above(struct asking *a, const char *dotted);

/* The row under whose lock a table stands: its own, or that of what it is a part or an heir of. */
static struct sl_lock_need *row_over(struct asking *a, const struct sl_entity *entity)
{
	const struct sl_table *table = sl_as_table(entity);
	struct sl_lock_need *row = NULL;

	for (size_t i = 0; i < a->needs.len; i++)
		if (sl_str_eq(a->needs.at[i].name, entity->name) &&
			sl_str_eq(a->needs.at[i].schema, entity->schema))
			return &a->needs.at[i];
	if (table->partition_of)
		return row_above(a, table->partition_of);
	for (size_t i = 0; !row && i < table->inherits.len; i++)
		row = row_above(a, table->inherits.at[i]);
	return row;
}

static struct sl_lock_need *row_above(struct asking *a, const char *dotted)
{
	const char *dot = strchr(dotted, '.');
	const struct sl_table *parent;

	for (size_t i = 0; i < a->needs.len; i++)
		if (is_parent(&a->needs.at[i], dotted))
			return &a->needs.at[i];
	if (!dot)
		return NULL;
	parent = sl_catalog_table(a->step->before,
		sl_arena_strndup(a->arena, dotted, (size_t)(dot - dotted)), dot + 1);
	return parent ? row_over(a, &parent->id) : NULL;
}

/* SQLite has one lock, under which all of it happens. */
static struct sl_lock_need *row_of_effect(struct asking *a, const struct sl_entity *entity)
{
	struct sl_lock_need *row;

	if (sl_catalog_dialect(a->step->before) != SL_DIALECT_SQLITE)
		return row_over(a, entity);
	row = row_of(a, entity->schema, entity->name);
	row->mode = SL_LOCK_WRITER;
	return row;
}

/* What the replay knows of rows that are read or written anew, and of what CASCADE takes along. */
static void add_effects(struct asking *a)
{
	for (size_t i = 0; i < a->step->effects_len; i++) {
		const struct sl_effect *effect = &a->step->effects[i];
		struct sl_lock_need *row;

		if (goes_along(effect) &&
			sl_catalog_dialect(a->step->before) == SL_DIALECT_POSTGRES)
			need(a, SL_LOCK_ACCESS_EXCLUSIVE, effect->entity->schema,
				effect->entity->name);
		if (effect->fresh || !effect->entity || effect->entity->kind != SL_ENTITY_TABLE ||
			!(effect->rewrites || effect->scans) || is_fresh(effect->entity))
			continue;
		row = row_of_effect(a, effect->entity);
		if (!row) {
			a->unknown = true;
			continue;
		}
		row->rewrites = row->rewrites || effect->rewrites;
		row->scans = row->scans || effect->scans;
	}
}

static bool writes(const struct sl_fact_statement *fact)
{
	return fact->writes || fact->kind == SL_SQL_KIND_DDL || fact->kind == SL_SQL_KIND_DML ||
		fact->status != SL_SQL_PARSED;
}

void sl_lock_needs(struct sl_lock_needs *out, struct sl_arena *arena, const struct sl_facts *facts,
	const struct sl_replay_step *step, const char *text, size_t len)
{
	struct asking a = { .arena = arena,
		.facts = facts,
		.fact = sl_facts_statement(facts),
		.step = step,
		.text = text,
		.text_len = len };
	enum sl_dialect dialect = sl_catalog_dialect(step->before);

	if (dialect == SL_DIALECT_POSTGRES)
		ask_postgres(&a);
	else if (dialect == SL_DIALECT_SQLITE && writes(a.fact))
		row_of(&a, "", "")->mode = SL_LOCK_WRITER;
	else if (dialect != SL_DIALECT_SQLITE)
		ask_mysql(&a, dialect);
	add_effects(&a);
	*out = (struct sl_lock_needs){ a.needs.at, a.needs.len, a.unknown };
}
