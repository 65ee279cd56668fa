/*
 * catalog: the structure of one database as plain data: what an engine's introspection fills, what
 * replay changes, and what review, snapshots and differences read.
 *
 * A catalogue never changes once it is built.  Replay (replay.h) makes the next one beside it and
 * shares everything that the statement left alone, so keeping "before" costs nothing.  Objects are
 * found by the hash of their names; iteration is in the order of the snapshot: kind, schema, name,
 * detail.
 *
 * Building: make a builder, add objects (plain structs on the caller's stack, deeply copied),
 * finish.  Inside the structs text may be NULL where the field says "or NULL"; anywhere else NULL
 * is read as "".  Objects of Sluice itself and recognised history tables are dropped on the way in
 * (sl_schema_ignored).
 *
 * Names are stored as the engine stores them (PostgreSQL: folded).  They compare byte by byte, but
 * SQLite's and MySQL's column, index and constraint names, and SQLite's names of every kind,
 * without regard to ASCII case.  The schema is "" where an engine has none: SQLite's main database,
 * and the one database that a MySQL or MariaDB target is; temporary objects are in "temp",
 * PostgreSQL's in "pg_temp".
 *
 * Threading: a catalogue may be read, referenced and released by many threads; a builder belongs to
 * one.  Lifetime: everything reached through a catalogue lives until its last reference goes.
 */
#ifndef SLUICE_SCHEMA_CATALOG_H
#define SLUICE_SCHEMA_CATALOG_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/core/names.h"
#include "sluice/model/words.h"

#include <stddef.h>
#include <stdint.h>

/* In the order of snapshots. */
enum sl_entity_kind {
	SL_ENTITY_SCHEMA,
	SL_ENTITY_EXTENSION,
	SL_ENTITY_TYPE,
	SL_ENTITY_SEQUENCE,
	SL_ENTITY_TABLE,
	SL_ENTITY_VIEW,
	SL_ENTITY_ROUTINE,
	SL_ENTITY_TRIGGER,
	SL_ENTITY_PLAIN, /* known by its definition only: policy, rule, collation, event, ... */
	SL_ENTITY_KIND_COUNT
};

const char *sl_entity_kind_name(enum sl_entity_kind kind);
bool sl_entity_kind_parse(enum sl_entity_kind *out, const char *name)
	__attribute__((warn_unused_result, nonnull));

/* The first member of every object: its identity. */
struct sl_entity {
	enum sl_entity_kind kind;
	const char *schema; /* "" for schemas and extensions themselves */
	const char *name;
	/* routine: identity arguments "integer, text", in MySQL, which has none, "function" or
	 * "procedure"; trigger: its table; plain: what it is, "policy on orders", "event"; "" for
	 * the rest */
	const char *detail;
};

enum sl_generated { SL_GENERATED_NONE, SL_GENERATED_STORED, SL_GENERATED_VIRTUAL };

enum sl_identity {
	SL_IDENTITY_NONE,
	SL_IDENTITY_ALWAYS,
	SL_IDENTITY_BY_DEFAULT,
	SL_IDENTITY_AUTO /* AUTOINCREMENT, AUTO_INCREMENT */
};

struct sl_column {
	const char *name;
	const char *type; /* sl_type_normal(): "character varying(20)"; "" where SQLite has none */
	const char *collation; /* "" unless it differs from the type's */
	const char *collation_schema; /* "" where it is the engine's own */
	const char *default_sql; /* or NULL; sl_sql_normal() */
	const char *generated_sql; /* the expression, or NULL */
	const char *extra; /* "on update current_timestamp", storage: what else the engine prints */
	const char *comment;
	enum sl_generated generated;
	enum sl_identity identity;
	bool not_null;
};

struct sl_columns {
	const struct sl_column *at;
	size_t len;
};

enum sl_constraint_kind {
	SL_CONSTRAINT_PRIMARY,
	SL_CONSTRAINT_UNIQUE,
	SL_CONSTRAINT_FOREIGN,
	SL_CONSTRAINT_CHECK,
	SL_CONSTRAINT_EXCLUDE,
	SL_CONSTRAINT_KIND_COUNT
};

const char *sl_constraint_kind_name(enum sl_constraint_kind kind);

enum sl_fk_action {
	SL_FK_NO_ACTION,
	SL_FK_RESTRICT,
	SL_FK_CASCADE,
	SL_FK_SET_NULL,
	SL_FK_SET_DEFAULT,
	SL_FK_ACTION_COUNT
};

/* "set null": as SQL spells it, lower case. */
const char *sl_fk_action_name(enum sl_fk_action action);

struct sl_constraint {
	enum sl_constraint_kind kind;
	const char *name; /* "" where the engine keeps none */
	struct sl_names columns; /* CHECK and EXCLUDE: empty */
	const char *expression; /* CHECK: the condition; EXCLUDE: what follows the word; or NULL */
	const char *ref_schema, *ref_table; /* FOREIGN */
	struct sl_names ref_columns; /* empty: the primary key of ref_table */
	enum sl_fk_action on_update, on_delete;
	struct sl_names set_columns; /* what ON DELETE SET NULL sets; empty: all */
	const char *extra; /* "match full", "include (a)", "nulls not distinct", "on conflict
			      replace" */
	const char *comment;
	bool not_valid; /* existing rows were not checked */
	bool not_enforced;
	bool deferrable, initially_deferred;
	bool no_inherit;
	/* Beside the structure, never hashed: */
	const char
		*of_column; /* the column that it was written with, and in SQLite goes with; "" */
};

struct sl_constraints {
	const struct sl_constraint *at;
	size_t len;
};

/* One key part of an index: a column or an expression. */
struct sl_index_part {
	const char *column; /* or NULL */
	const char *expression; /* or NULL */
	const char *collation; /* "" the column's own */
	const char *collation_schema; /* "" where it is the engine's own */
	const char *extra; /* operator class, "nulls first" where not the default, prefix "(10)" */
	const char
		*operators; /* operator class as SQL writes it, where it has a schema or options */
	bool descending;
};

struct sl_index_parts {
	const struct sl_index_part *at;
	size_t len;
};

/* Indexes that back a primary key, unique or exclusion constraint are not listed. */
struct sl_index {
	const char *name;
	const char *method; /* "btree", "gin", "fulltext"; "" the engine's only one */
	struct sl_index_parts parts;
	struct sl_names include;
	const char *predicate; /* WHERE of a partial index, or NULL */
	const char *extra; /* "nulls not distinct", storage parameters */
	const char *comment;
	bool unique;
	bool invalid; /* left behind by a failed CREATE INDEX CONCURRENTLY */
};

struct sl_indexes {
	const struct sl_index *at;
	size_t len;
};

enum sl_table_kind {
	SL_TABLE_PLAIN,
	SL_TABLE_PARTITIONED,
	SL_TABLE_FOREIGN,
	SL_TABLE_VIRTUAL, /* SQLite: the module and its arguments are in extra */
	SL_TABLE_KIND_COUNT
};

struct sl_table {
	struct sl_entity id;
	enum sl_table_kind kind;
	struct sl_columns columns; /* in order */
	struct sl_constraints constraints;
	struct sl_indexes indexes;
	struct sl_names inherits; /* parents in order, "schema.table" */
	/* what else stands among the columns, as the engine prints it: MariaDB's PERIOD FOR */
	struct sl_names clauses;
	const char *partition_by; /* "range (at)", or NULL */
	const char *partition_of; /* "schema.table", or NULL */
	const char *partition_bound; /* "for values from (1) to (2)", or NULL */
	const char *extra; /* storage parameters, engine, charset: normalised text */
	struct sl_names also; /* what else there is, as statements that follow CREATE; sorted */
	const char *comment;
	bool strict, without_rowid; /* SQLite */
	bool unlogged, row_security, force_row_security; /* PostgreSQL */
	bool temporary; /* never part of a snapshot */
	/* Beside the structure, never hashed: */
	int64_t rows, bytes; /* estimates; -1 when unknown (0 is an empty table) */
	bool fresh; /* made by the replay at hand: holds no old rows */
	bool partial; /* known only by what statements said of it: more columns may exist */
};

/* What a view reads. */
struct sl_reference {
	const char *schema, *name;
	const char *column; /* "*" for all; or NULL: not known which */
};

struct sl_references {
	const struct sl_reference *at;
	size_t len;
};

struct sl_view {
	struct sl_entity id;
	const char *definition; /* the SELECT, sl_sql_normal() or the engine's own print */
	const char *extra; /* "security_barrier=true", "with check option"; MySQL: what stands
			    * before the word VIEW */
	const char *session; /* see sl_routine */
	struct sl_names also; /* see sl_table */
	const char *comment;
	struct sl_indexes indexes; /* materialised */
	bool materialised;
	bool temporary; /* never part of a snapshot */
	/* Beside the structure, never hashed: */
	struct sl_names columns; /* empty when unknown */
	struct sl_references reads;
	bool reads_known; /* false: who depends on what is guessed from the words of the definition
			   */
};

struct sl_sequence {
	struct sl_entity id;
	const char *type; /* "bigint" */
	int64_t start, increment, min, max, cache;
	bool cycle;
	const char *owned_by; /* "schema.table.column", or NULL */
	const char *comment;
};

enum sl_type_kind {
	SL_TYPE_ENUM,
	SL_TYPE_DOMAIN,
	SL_TYPE_COMPOSITE,
	SL_TYPE_RANGE,
	SL_TYPE_OTHER,
	SL_TYPE_KIND_COUNT
};

struct sl_type {
	struct sl_entity id;
	enum sl_type_kind kind;
	struct sl_names labels; /* enum, in order */
	const char *base; /* domain: its type; range: the subtype; or NULL */
	const char *default_sql; /* domain, or NULL */
	bool not_null; /* domain */
	struct sl_constraints checks; /* domain */
	struct sl_columns attributes; /* composite */
	const char *definition; /* other, or NULL */
	const char *extra; /* domain: "collate ..."; range: its options behind the subtype */
	struct sl_names also; /* see sl_table */
	const char *comment;
};

enum sl_routine_kind {
	SL_ROUTINE_FUNCTION,
	SL_ROUTINE_PROCEDURE,
	SL_ROUTINE_AGGREGATE,
	SL_ROUTINE_KIND_COUNT
};

struct sl_routine {
	struct sl_entity id; /* detail: identity arguments */
	enum sl_routine_kind kind;
	const char *definition; /* the whole CREATE statement */
	/* MySQL: what the session was when it was made, for that is what it runs under: the
	 * assignments of a SET, "sql_mode = '', time_zone = 'SYSTEM'"; "" elsewhere */
	const char *session;
	const char *comment;
};

struct sl_trigger {
	struct sl_entity id; /* detail: the table or view, in the same schema */
	const char *definition; /* the whole CREATE statement */
	const char *session; /* see sl_routine */
	const char *enabled; /* "" as usual, else "disabled", "replica", "always" */
	const char *comment;
};

struct sl_extension {
	struct sl_entity id;
	const char *version;
	const char *in_schema;
};

struct sl_schema {
	struct sl_entity id;
	const char *comment;
};

struct sl_plain {
	struct sl_entity id;
	const char *definition;
	struct sl_names also; /* see sl_table */
	const char *session; /* see sl_routine */
};

/* The object as its kind; asserts the kind. */
const struct sl_table *sl_as_table(const struct sl_entity *entity);
const struct sl_view *sl_as_view(const struct sl_entity *entity);
const struct sl_sequence *sl_as_sequence(const struct sl_entity *entity);
const struct sl_type *sl_as_type(const struct sl_entity *entity);
const struct sl_routine *sl_as_routine(const struct sl_entity *entity);
const struct sl_trigger *sl_as_trigger(const struct sl_entity *entity);
const struct sl_extension *sl_as_extension(const struct sl_entity *entity);
const struct sl_schema *sl_as_schema(const struct sl_entity *entity);
const struct sl_plain *sl_as_plain(const struct sl_entity *entity);

/* Whether it belongs to a session, not to the schema. */
bool sl_entity_temporary(const struct sl_entity *entity);

struct sl_catalog;

const struct sl_catalog *sl_catalog_ref(const struct sl_catalog *catalog)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_catalog_unref(const struct sl_catalog *catalog);

static inline void sl_catalog_unref_p(const struct sl_catalog **catalog)
{
	sl_catalog_unref(*catalog);
	*catalog = NULL;
}

enum sl_dialect sl_catalog_dialect(const struct sl_catalog *catalog);

/* The engine's version as in model/words.h's neighbours: 150020; 0 when unknown. */
int sl_catalog_version(const struct sl_catalog *catalog);

/* The schemas that an unqualified name is looked for in; the first is where objects are made. */
struct sl_names sl_catalog_search_path(const struct sl_catalog *catalog);

/* Database properties ("encoding", "user_version"), sorted; hashed. */
size_t sl_catalog_properties(const struct sl_catalog *catalog);
const char *sl_catalog_property_key(const struct sl_catalog *catalog, size_t i);
const char *sl_catalog_property_value(const struct sl_catalog *catalog, size_t i);

/* What the database holds and the catalogue does not: "2 text search configurations".  A verdict on
 * drift is then "unknown", never "clean". */
struct sl_names sl_catalog_incomplete(const struct sl_catalog *catalog);

/* A statement was replayed that could not be modelled: an object that is missing here may exist. */
bool sl_catalog_uncertain(const struct sl_catalog *catalog);

/* No object but schemas and extensions that every new database has ("public", "plpgsql"). */
bool sl_catalog_empty(const struct sl_catalog *catalog);

/* By exact identity; detail "" where the kind has none.  NULL when absent. */
const struct sl_entity *sl_catalog_find(const struct sl_catalog *catalog, enum sl_entity_kind kind,
	const char *schema, const char *name, const char *detail);

/* schema NULL or "": found along the search path (temporary ones first).  NULL when absent. */
const struct sl_table *sl_catalog_table(const struct sl_catalog *catalog, const char *schema,
	const char *name);
const struct sl_view *sl_catalog_view(const struct sl_catalog *catalog, const char *schema,
	const char *name);

/* Table, view or sequence: they share one name space. */
const struct sl_entity *sl_catalog_relation(const struct sl_catalog *catalog, const char *schema,
	const char *name);

/* By the dialect's rule of case; NULL when absent. */
const struct sl_column *sl_table_column(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name);
const struct sl_constraint *sl_table_constraint(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name);
const struct sl_index *sl_table_index(const struct sl_catalog *catalog,
	const struct sl_table *table, const char *name);
const struct sl_constraint *sl_table_primary(const struct sl_table *table);

/* The table or materialised view that holds the index; schema NULL or "": along the search path.
 * *index is NULL when the index backs a constraint, which then bears its name.  For PostgreSQL and
 * SQLite; MySQL's index names belong to their table, so the answer is always NULL. */
const struct sl_entity *sl_catalog_index_owner(const struct sl_catalog *catalog, const char *schema,
	const char *name, const struct sl_index **index);

/* Objects in the order of the snapshot:
 *
 *	struct sl_catalog_iter it = sl_catalog_each(catalog);
 *	for (const struct sl_entity *o; (o = sl_catalog_next(&it));) ...
 *
 * sl_catalog_each_kind() gives those of one kind. */
struct sl_catalog_iter {
	const void *stack[48];
	unsigned depth;
	int kind; /* or -1 */
};

struct sl_catalog_iter sl_catalog_each(const struct sl_catalog *catalog);
struct sl_catalog_iter sl_catalog_each_kind(const struct sl_catalog *catalog,
	enum sl_entity_kind kind);
const struct sl_entity *sl_catalog_next(struct sl_catalog_iter *it);

struct sl_catalog_builder;

struct sl_catalog_builder *sl_catalog_builder_new(enum sl_dialect dialect, int version)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_catalog_builder_free(struct sl_catalog_builder *builder);
SL_DEFINE_CLEANUP(struct sl_catalog_builder, sl_catalog_builder_free);

/* Deep copy of the object whose first member this is: sl_catalog_add(b, &table.id). */
void sl_catalog_add(struct sl_catalog_builder *builder, const struct sl_entity *entity)
	__attribute__((nonnull));

/* Default: "public" for PostgreSQL, "" for the others. */
void sl_catalog_set_search_path(struct sl_catalog_builder *builder, struct sl_names schemas);
void sl_catalog_add_property(struct sl_catalog_builder *builder, const char *key,
	const char *value);
/* Objects may exist that are not added: nothing that is missing is a mistake. */
void sl_catalog_set_uncertain(struct sl_catalog_builder *builder);
void sl_catalog_add_incomplete(struct sl_catalog_builder *builder, const char *what);

/* The caller owns one reference of *out; the builder is spent either way.  SL_EINVAL when two
 * objects have one identity. */
enum sl_code sl_catalog_finish(const struct sl_catalog **out, struct sl_catalog_builder *builder,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Whether the relation is Sluice's own ledger or a recognised history table of another tool, which
 * snapshots, differences, drift and the test for emptiness leave out.  name "" asks for the whole
 * schema.  Pure. */
bool sl_schema_ignored(enum sl_dialect dialect, const char *schema, const char *name)
	__attribute__((nonnull));

/* A type's text in lower case, one blank between words, none inside parentheses nor after a comma.
 * PostgreSQL's aliases are not resolved: give it what format_type() prints, or the facts' type.
 * Owned by the arena. */
struct sl_arena;
const char *sl_type_normal(struct sl_arena *arena, enum sl_dialect dialect, const char *type);

/* SQL text as tokens with one blank between them where one is needed, without comments, keywords
 * and unquoted names lower case, needless quotes and outer parentheses dropped, no final ';'.  So
 * two texts that the engine's ALTER rewrote differently compare equal.  Owned by the arena. */
const char *sl_sql_normal(struct sl_arena *arena, enum sl_dialect dialect, const char *sql,
	size_t len);

#endif
