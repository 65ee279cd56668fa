/* The inside of a replay, for the files that know a statement each. */
#ifndef SLUICE_SCHEMA_REPLAY_INT_H
#define SLUICE_SCHEMA_REPLAY_INT_H

#include "catalog_int.h"

#include "sluice/core/vec.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"

/* Types as they were written lately, and as they are kept: a file has few, and many times. */
#define TYPES_LATELY 8

struct normal_type {
	const char *written, *normal;
};

struct sl_replay {
	struct pool *pool; /* what stays: the catalogues, until they are condensed */
	struct sl_arena *scratch; /* what lives until the next statement */
	const struct sl_catalog *base; /* referenced */
	const struct sl_catalog *now; /* in the pool, or base */
	const struct sl_catalog *at_begin; /* what ROLLBACK goes back to, referenced, or NULL */
	struct normal_type types[TYPES_LATELY]; /* in the pool */
	size_t next_type;
	size_t condensed; /* bytes of the catalogue when it was condensed; 0: not yet */
	size_t growth; /* of the pool beyond that, until it is condensed again */
	size_t most; /* bytes of a catalogue, above which nothing more is replayed; 0: not known */

	struct {
		SL_VEC(struct sl_effect);
	} effects;

	struct {
		SL_VEC(struct sl_problem);
	} problems;

	/* The statement at hand. */
	struct sl_catalog work; /* becomes the next catalogue when it differs from now */
	const struct sl_facts *facts;
	const struct sl_fact_statement *statement;
	const char *text;
	size_t text_len;
	size_t action;
};

/* Moves the catalogue at hand to memory of its own; the former ones go, unless somebody keeps them.
 */
void sl_replay_condense(struct sl_replay *replay);

/* What lives as long as the catalogues. */
static inline struct sl_arena *sl_keeping(const struct sl_replay *replay)
{
	return replay->pool->arena;
}

static inline bool sl_is_postgres(const struct sl_replay *replay)
{
	return replay->work.dialect == SL_DIALECT_POSTGRES;
}

static inline bool sl_is_sqlite(const struct sl_replay *replay)
{
	return replay->work.dialect == SL_DIALECT_SQLITE;
}

const char *sl_keep(struct sl_replay *replay, const char *text);

/* A collation as it was written, "app.german"; its schema, "" for the engine's own, into *schema.
 */
const char *sl_keep_collation(struct sl_replay *replay, const char *written, const char **schema);
struct sl_names sl_keep_names(struct sl_replay *replay, const struct sl_names *names);

/* Normalised and kept; NULL for "". */
const char *sl_keep_sql(struct sl_replay *replay, const char *sql);

struct sl_effect *sl_effect_add(struct sl_replay *replay, enum sl_effect_kind kind,
	const struct sl_entity *entity, const char *part);

/* What a problem is about. */
struct about {
	enum sl_entity_kind kind;
	const char *schema, *name, *part;
};

/* Refuses unless the caller says otherwise. */
struct sl_problem *sl_problem_add(struct sl_replay *replay, enum sl_problem_kind kind,
	const struct about *about, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same, but nothing when an object may exist or be gone out of sight. */
void sl_problem_unless_uncertain(struct sl_replay *replay, enum sl_problem_kind kind,
	const struct about *about, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether a relation is there already; a problem unless forgiven. */
bool sl_relation_stands(struct sl_replay *replay, enum sl_entity_kind kind, const char *schema,
	const char *name, bool forgiven);

/* A problem when PostgreSQL knows no such schema. */
void sl_check_schema(struct sl_replay *replay, const char *schema, const char *name);

/* Where an object named so is made. */
const char *sl_new_schema(struct sl_replay *replay, const char *schema, bool temporary);

/* Names of the system, of Sluice and of other tools' histories: never unknown, never kept. */
bool sl_out_of_sight(const struct sl_replay *replay, const char *schema, const char *name);

/* "crm.orders", for messages; in the scratch. */
const char *sl_spoken(struct sl_replay *replay, const char *schema, const char *name);

/* The relation that the statement works on.  NULL when it is out of sight or if_exists forgives;
 * else what is missing is a problem (unless uncertain), and a partial table stands for it from now
 * on. */
const struct sl_entity *sl_relation_needed(struct sl_replay *replay, const char *schema,
	const char *name, bool if_exists);

/* A copy that may be changed; sl_catalog_put() it at the end of the statement. */
struct sl_table *sl_table_edit(struct sl_replay *replay, const struct sl_entity *table);

/* Lists are edited in a fresh copy: items of size bytes; i may be len to append. */
void *sl_list_insert(struct sl_arena *arena, const void *at, size_t len, size_t size, size_t i,
	const void *item);
void *sl_list_remove(struct sl_arena *arena, const void *at, size_t len, size_t size, size_t i);
void *sl_list_copy(struct sl_arena *arena, const void *at, size_t len, size_t size);

void sl_table_add_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_column *column);
void sl_table_remove_column(struct sl_replay *replay, struct sl_table *table, size_t i);
void sl_table_set_column(struct sl_replay *replay, struct sl_table *table, size_t i,
	const struct sl_column *column);
void sl_table_add_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_constraint *constraint);
void sl_table_remove_constraint(struct sl_replay *replay, struct sl_table *table, size_t i);
void sl_table_set_constraint(struct sl_replay *replay, struct sl_table *table, size_t i,
	const struct sl_constraint *constraint);
void sl_table_add_index(struct sl_replay *replay, struct sl_indexes *indexes,
	const struct sl_index *index);
void sl_table_remove_index(struct sl_replay *replay, struct sl_indexes *indexes, size_t i);

/* The place of the name, or the list's length. */
size_t sl_column_at(const struct sl_replay *replay, const struct sl_table *table, const char *name);
size_t sl_constraint_at(const struct sl_replay *replay, const struct sl_table *table,
	const char *name);
size_t sl_index_at(const struct sl_replay *replay, const struct sl_indexes *indexes,
	const char *name);
bool sl_same_names(const struct sl_replay *replay, const struct sl_names *a,
	const struct sl_names *b);
bool sl_names_have(const struct sl_replay *replay, const struct sl_names *names, const char *name);

/* Names as PostgreSQL chooses them: table_column_key, at most 63 bytes, free in the schema. */
const char *sl_chosen_name(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_names *columns, const char *label);

/* A default as PostgreSQL prints it: a string literal bears the column's type, 'x'::text. */
const char *sl_default_sql(struct sl_replay *replay, const char *text, const char *type);

/* From the facts: a column, and the constraint of a row (checked against the table). */
struct sl_column sl_column_from(struct sl_replay *replay, const struct sl_fact_column_def *def,
	const struct sl_table *table);
void sl_constraint_apply(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_constraint_def *def, bool altering);
void sl_serial_sequence(struct sl_replay *replay, const struct sl_table *table,
	struct sl_column *column);

/* The statements. */
void sl_replay_create_table(struct sl_replay *replay, const struct sl_fact_table_def *def);
void sl_replay_create_index(struct sl_replay *replay, const struct sl_fact_index_def *def);
void sl_replay_create_view(struct sl_replay *replay, const struct sl_fact_view_def *def);
void sl_replay_create_sequence(struct sl_replay *replay, const struct sl_fact_sequence_def *def);
void sl_replay_create_type(struct sl_replay *replay, const struct sl_fact_type_def *def);
void sl_replay_create_routine(struct sl_replay *replay, const struct sl_fact_routine_def *def);
void sl_replay_create_trigger(struct sl_replay *replay, const struct sl_fact_trigger_def *def);
void sl_replay_create_plain(struct sl_replay *replay, const struct sl_fact_object *object);
void sl_replay_drop(struct sl_replay *replay, const struct sl_fact_object *object);
void sl_replay_alter(struct sl_replay *replay, const struct sl_fact_object *object);
void sl_replay_comment(struct sl_replay *replay, const struct sl_fact_object *object);
void sl_replay_data(struct sl_replay *replay);

/* One action of ALTER TABLE on the table, which is being edited. */
void sl_replay_action(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action);

/* The same for the partitions and heirs of the table. */
void sl_replay_children_alter(struct sl_replay *replay, const struct sl_entity *parent);
void sl_replay_children_index(struct sl_replay *replay, const struct sl_entity *parent,
	const struct sl_index *index);

/* What falls with the relation or column, or stands in the way: constraints, views, triggers, owned
 * sequences.  cascade: it is dropped too. */
void sl_release_relation(struct sl_replay *replay, const struct sl_entity *relation, bool cascade);
void sl_release_column(struct sl_replay *replay, struct sl_table *table, const char *column,
	bool cascade);

/* Views stand in the way of another type, too. */
void sl_hold_column(struct sl_replay *replay, const struct sl_table *table, const char *column);

/* The object of the name with any detail: SQLite's triggers, a routine without arguments. */
const struct sl_entity *sl_find_named(const struct sl_replay *replay, enum sl_entity_kind kind,
	const char *schema, const char *name);

/* As the table spells it; a problem when it has no such column. */
const char *sl_known_column(struct sl_replay *replay, const struct sl_entity *owner,
	const char *name);

/* What a statement's object is in the work's catalogue, or NULL. */
const struct sl_entity *sl_find_object(struct sl_replay *replay,
	const struct sl_fact_object *object);

/* "policy on orders": what an object that is kept by its definition is. */
const char *sl_plain_detail(struct sl_replay *replay, const struct sl_fact_object *object);

/* Whether the kind may be read from. */
bool sl_is_relation_kind(enum sl_sql_object kind);

/* The bounds of the integer type. */
int64_t sl_sequence_min(const char *type);
int64_t sl_sequence_max(const char *type);

/* "nextval('crm.orders_id_seq'::regclass)" */
const char *sl_next_value(struct sl_replay *replay, const struct sl_entity *sequence);

/* How PostgreSQL calls a key that is an expression, in the names it chooses: lower(a) is "lower".
 */
const char *sl_expression_label(struct sl_replay *replay, const char *expression);
void sl_sequence_options(struct sl_replay *replay, struct sl_sequence *sequence,
	const struct sl_fact_sequence_def *def);

/* What else names the thing follows its new name. */
void sl_rename_relation(struct sl_replay *replay, const struct sl_entity *relation,
	const char *schema, const char *name);
void sl_rename_self(struct sl_replay *replay, struct sl_table *table, const char *schema,
	const char *name);
void sl_rename_column(struct sl_replay *replay, struct sl_table *table, const char *from,
	const char *to);

/* Whether PostgreSQL writes the rows anew for the type to change. */
bool sl_type_change_rewrites(const char *from, const char *to);

#endif
