/* Reading one statement's parse tree into facts. */
#ifndef SLUICE_SRC_SQL_POSTGRES_READER_H
#define SLUICE_SRC_SQL_POSTGRES_READER_H

#include "../facts.h"
#include "../tokens.h"
#include "pg.h"
#include "sluice/sql/token.h"

#define PG_NO_TOKEN SL_NO_TOKEN

struct pg_reader {
	struct sl_arena *arena;
	struct sl_facts *facts;
	struct sl_fact_statement *statement;
	const char *text;
	size_t len;

	struct sl_tokens tokens; /* lexed when first needed */

	/* Names of WITH that hide tables. */
	struct {
		SL_VEC(const char *);
	} ctes;

	const char *schema; /* that CREATE SCHEMA gives to what it creates, or NULL */
	unsigned depth;
	bool too_deep;
	int level; /* of dml: 0 the statement itself, 1 in WITH, 2 in a body */
};

/* ---- names (names.c) and types (types.c) ---- */

/* "" for NULL; the copy lives in the arena. */
const char *pg_copy(struct pg_reader *reader, const char *text);

/* A list of String nodes. */
struct sl_names pg_names(struct pg_reader *reader, const List *list);

/* The last part of a qualified name, the part before it into *schema. */
const char *pg_qualified(struct pg_reader *reader, const List *names, const char **schema);

/* name, or schema.name, quoted where they must be. */
const char *pg_dotted(struct pg_reader *reader, const char *schema, const char *name);

struct sl_fact_object *pg_add_object(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind);
struct sl_fact_object *pg_add_relation(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const RangeVar *relation);
struct sl_fact_object *pg_add_named(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const List *names);
struct sl_fact_object *pg_add_plain(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const char *name);

/* Names in lists carry no place: it becomes the first token behind the verb that says the name. */
void pg_find_object(struct pg_reader *reader, struct sl_fact_object *object);

/* An object as COMMENT, DROP, RENAME and the like name it: a list, a routine, a type … */
struct sl_fact_object *pg_add_any(struct pg_reader *reader, enum sl_sql_role role, ObjectType type,
	const void *node);

enum sl_sql_object pg_object_kind(ObjectType type);

/* The type as the engine prints it. */
const char *pg_type_text(struct pg_reader *reader, const TypeName *type);
void pg_column_type(struct pg_reader *reader, struct sl_fact_column_def *column,
	const TypeName *type);

/* "" for none. */
const char *pg_role_name(struct pg_reader *reader, const RoleSpec *role);
struct sl_names pg_role_names(struct pg_reader *reader, const List *roles);

/* The option's value as text: a word, number, string, type or name; "" for none. */
const char *pg_option_text(struct pg_reader *reader, const DefElem *option);
const DefElem *pg_option(const List *options, const char *name);
bool pg_option_flag(struct pg_reader *reader, const List *options, const char *name);

/* ---- the statement's text (span.c) ---- */

/* Number of tokens. */
size_t pg_tokens(struct pg_reader *reader);

/* Index of the token at or behind the byte. */
size_t pg_token_at(struct pg_reader *reader, int location);
const struct sl_token *pg_token(struct pg_reader *reader, size_t index);
bool pg_is(struct pg_reader *reader, size_t index, const char *word);
bool pg_is_char(struct pg_reader *reader, size_t index, char c);

/* The token behind the parenthesis that closes the one at index; index + 1 when it is none. */
size_t pg_behind(struct pg_reader *reader, size_t index);

/* First token in [from, to) outside parentheses that is the word; PG_NO_TOKEN when none. */
size_t pg_find(struct pg_reader *reader, size_t from, size_t to, const char *word);

/* First token in [from, to) that is the character, outside deeper parentheses. */
size_t pg_find_char(struct pg_reader *reader, size_t from, size_t to, char c);

/* End of the list element that begins at index: the comma or closing parenthesis, or the end. */
size_t pg_element_end(struct pg_reader *reader, size_t index);

/* The text from the first token to the one before `to`; "" when there is none. */
const char *pg_text(struct pg_reader *reader, size_t from, size_t to);

/* What stands in the parentheses that open at index; "" when none do. */
const char *pg_inside(struct pg_reader *reader, size_t index);

/* Offset of the token, and of the end of the one before `to`. */
size_t pg_begin(struct pg_reader *reader, size_t index);
size_t pg_end(struct pg_reader *reader, size_t to);

/* ---- expressions and queries (walk.c) ---- */

/* Notes the tables that are read, column references and calls.  Accepts NULL. */
void pg_walk(struct pg_reader *reader, const void *node, enum sl_sql_clause clause);
void pg_walk_list(struct pg_reader *reader, const List *list, enum sl_sql_clause clause);

/* Also notes the names that hide tables: the caller restores reader->ctes.len when it is done. */
void pg_walk_with(struct pg_reader *reader, const WithClause *with);

/* Whether the expression is a literal, perhaps cast or negated. */
bool pg_is_constant(const void *node);

/* ---- statements ---- */

/* statement.c: any, as a part of another too. */
void pg_read_statement(struct pg_reader *reader, const void *node);

/* dml.c: a command whose tokens are [from, to). */
void pg_read_dml(struct pg_reader *reader, const void *node, size_t from, size_t to);
void pg_read_copy(struct pg_reader *reader, const void *node);
void pg_read_truncate(struct pg_reader *reader, const void *node);
void pg_read_select(struct pg_reader *reader, const void *node);

/* table.c, column.c, alter.c */
void pg_read_create_table(struct pg_reader *reader, const void *node);
void pg_read_foreign_table(struct pg_reader *reader, const void *node);
void pg_read_create_table_as(struct pg_reader *reader, const void *node);
void pg_read_into(struct pg_reader *reader, const IntoClause *into);
void pg_read_alter_table(struct pg_reader *reader, const void *node);

/* The row's index; `table` is its owner as the facts call it. */
int64_t pg_read_column(struct pg_reader *reader, const ColumnDef *def,
	const struct sl_fact_object *table);
int64_t pg_read_constraint(struct pg_reader *reader, const Constraint *def,
	const struct sl_fact_object *table);
struct sl_fact_action *pg_add_action(struct pg_reader *reader, enum sl_sql_action kind);

/* relation.c */
void pg_read_index(struct pg_reader *reader, const void *node);
void pg_read_view(struct pg_reader *reader, const void *node);
void pg_read_create_sequence(struct pg_reader *reader, const void *node);
void pg_read_alter_sequence(struct pg_reader *reader, const void *node);
void pg_read_statistics(struct pg_reader *reader, const void *node);
void pg_read_refresh(struct pg_reader *reader, const void *node);

/* object.c: what applies to objects of any kind */
void pg_read_schema(struct pg_reader *reader, const void *node);
void pg_read_drop(struct pg_reader *reader, const void *node);
void pg_read_rename(struct pg_reader *reader, const void *node);
void pg_read_set_schema(struct pg_reader *reader, const void *node);
void pg_read_owner(struct pg_reader *reader, const void *node);
void pg_read_depends(struct pg_reader *reader, const void *node);
void pg_read_comment(struct pg_reader *reader, const void *node);
void pg_read_label(struct pg_reader *reader, const void *node);

/* type.c */
void pg_read_enum(struct pg_reader *reader, const void *node);
void pg_read_alter_enum(struct pg_reader *reader, const void *node);
void pg_read_composite(struct pg_reader *reader, const void *node);
void pg_read_range(struct pg_reader *reader, const void *node);
void pg_read_define(struct pg_reader *reader, const void *node);
void pg_read_domain(struct pg_reader *reader, const void *node);
void pg_read_alter_domain(struct pg_reader *reader, const void *node);

/* routine.c */
void pg_read_function(struct pg_reader *reader, const void *node);
void pg_read_alter_function(struct pg_reader *reader, const void *node);
void pg_read_do(struct pg_reader *reader, const void *node);
void pg_read_call(struct pg_reader *reader, const void *node);
void pg_read_trigger(struct pg_reader *reader, const void *node);
void pg_read_policy(struct pg_reader *reader, const void *node);
void pg_read_alter_policy(struct pg_reader *reader, const void *node);
void pg_read_rule(struct pg_reader *reader, const void *node);

/* grant.c */
void pg_read_grant(struct pg_reader *reader, const void *node);
void pg_read_grant_role(struct pg_reader *reader, const void *node);
void pg_read_default_privileges(struct pg_reader *reader, const void *node);

/* session.c */
void pg_read_transaction(struct pg_reader *reader, const void *node);
void pg_read_set(struct pg_reader *reader, const void *node);
void pg_read_alter_system(struct pg_reader *reader, const void *node);
void pg_read_alter_role_set(struct pg_reader *reader, const void *node);
void pg_read_alter_database_set(struct pg_reader *reader, const void *node);
void pg_read_discard(struct pg_reader *reader, const void *node);
void pg_read_lock(struct pg_reader *reader, const void *node);
void pg_read_prepare(struct pg_reader *reader, const void *node);
void pg_read_cursor(struct pg_reader *reader, const void *node);
void pg_read_explain(struct pg_reader *reader, const void *node);

/* utility.c */
void pg_read_vacuum(struct pg_reader *reader, const void *node);
void pg_read_reindex(struct pg_reader *reader, const void *node);
void pg_read_cluster(struct pg_reader *reader, const void *node);
void pg_read_database(struct pg_reader *reader, const void *node);
void pg_read_composed(struct pg_reader *reader, const void *node);
void pg_read_import(struct pg_reader *reader, const void *node);
void pg_read_owned(struct pg_reader *reader, const void *node);
void pg_read_named(struct pg_reader *reader, const void *node);

#endif
