/*
 * Statements and their facts: what one SQL statement does, in the same words for every dialect.
 * facts.def declares the facts; the enumerations and structs below are made from it by the
 * preprocessor, so that adding a fact is one line there.
 *
 *	const struct sl_facts *facts = sl_sql_parse(arena, &input);
 *	for (size_t i = 0; i < facts->column_def.len; i++)
 *		use(facts->column_def.at[i].name);
 *
 * Everything lives in the caller's arena.  Text is never NULL.  Parsing is pure and cannot fail:
 *what is not understood is said by the statement row's status, with the byte and the reason; then
 *kind, verb, object and at most one row of `object` are what the first words say, and there are no
 *other rows.  Threads may parse at the same time, each with an arena of its own.
 *
 * Rows that stand for a part of the text have `at` and `len`, bytes in the statement's text;
 * sl_statement_place() turns them into lines and columns.
 */
#ifndef SLUICE_SQL_STATEMENT_H
#define SLUICE_SQL_STATEMENT_H

#include "sluice/core/arena.h"
#include "sluice/core/names.h"
#include "sluice/core/vec.h"
#include "sluice/model/words.h"
#include "sluice/sql/split.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Expressions and queries nested deeper than this are not walked: SL_SQL_TOO_DEEP. */
#define SL_SQL_DEPTH_MAX 1000

/* clang-format off */
/* enum sl_sql_kind, sl_sql_verb, sl_sql_object, … */
#define SL_FACT_WORDS(type)          enum sl_##type {
#define SL_FACT_WORD(constant, word) constant,
#define SL_FACT_WORDS_END(count)     count };
#include "sluice/sql/facts.def"

/* const char *sl_sql_kind_name(enum sl_sql_kind), … : static text, lower case */
#define SL_FACT_WORDS(type) \
	const char *sl_##type##_name(enum sl_##type value) __attribute__((returns_nonnull));
#include "sluice/sql/facts.def"

/* struct sl_fact_statement, sl_fact_object, … */
#define SL_FACT_TABLE(name, doc)        struct sl_fact_##name {
#define SL_FACT_TEXT(name, doc)         const char *name;
#define SL_FACT_FLAG(name, doc)         bool name;
#define SL_FACT_NUMBER(name, doc)       int64_t name;
#define SL_FACT_CHOICE(name, type, doc) enum sl_##type name;
#define SL_FACT_NAMES(name, doc)        struct sl_names name;
#define SL_FACT_SPAN(doc)               size_t at; size_t len;
#define SL_FACT_END(name)               };
#include "sluice/sql/facts.def"

/* A list of rows for each table; `statement` has exactly one. */
struct sl_facts {
#define SL_FACT_TABLE(name, doc) struct { SL_VEC(struct sl_fact_##name); } name;
#include "sluice/sql/facts.def"
};

/* clang-format on */

struct sl_sql_input {
	enum sl_dialect dialect;
	int version; /* of the engine, 0 unknown */
	const char *text; /* one statement, without its terminator; need not be terminated */
	size_t len;
	bool oversized; /* text is only the head: verb and object are read, the rest is opaque */
	const struct sl_token *tokens; /* the splitter's; NULL: the text is lexed */
	size_t tokens_len;
};

/* What the statement does.  A statement that the grammar refuses is a syntax error, unless the
 * version is known and newer than the grammar: then it is opaque. */
const struct sl_facts *sl_sql_parse(struct sl_arena *arena, const struct sl_sql_input *input)
	__attribute__((returns_nonnull, nonnull));

/* The same for what the splitter handed out: client commands, COPY data and oversized statements
 * are understood. */
const struct sl_facts *sl_sql_parse_statement(struct sl_arena *arena, enum sl_dialect dialect,
	int version, const struct sl_statement_text *statement)
	__attribute__((returns_nonnull, nonnull));

/* The one row of facts->statement. */
static inline const struct sl_fact_statement *sl_facts_statement(const struct sl_facts *facts)
{
	return &facts->statement.at[0];
}

/* Whether it can do what nobody sees in its text: not understood, or code and names that are found
 * only when it runs (DO, CALL, EXECUTE, ATTACH, DROP OWNED, IMPORT FOREIGN SCHEMA).  Of high risk.
 */
bool sl_sql_is_unseen(const struct sl_fact_statement *statement) __attribute__((nonnull));

/* First object of the role and kind (SL_OBJECT_NONE: any kind), or NULL. */
const struct sl_fact_object *sl_facts_object(const struct sl_facts *facts, enum sl_sql_role role,
	enum sl_sql_object kind);

bool sl_names_has(const struct sl_names *names, const char *name) __attribute__((nonnull));

/* The declaration of the facts at run time, for user rules and documentation. */
enum sl_fact_type {
	SL_FACT_TYPE_TEXT,
	SL_FACT_TYPE_FLAG,
	SL_FACT_TYPE_NUMBER,
	SL_FACT_TYPE_CHOICE,
	SL_FACT_TYPE_NAMES,
	SL_FACT_TYPE_SPAN, /* offset is that of `at`; `len` follows it */
	SL_FACT_TYPE_COUNT
};

struct sl_fact_column {
	const char *name;
	const char *doc;
	enum sl_fact_type type;
	size_t offset; /* in the row */
	const char *(*word)(int value); /* of a choice, else NULL */
};

struct sl_fact_table {
	const char *name;
	const char *doc;
	size_t list; /* offset in struct sl_facts of {at, len, cap} */
	size_t row; /* bytes of a row */
	const struct sl_fact_column *(*columns)(size_t *len);
};

/* All tables in the order of facts.def; *len is set. */
const struct sl_fact_table *sl_fact_tables(size_t *len) __attribute__((returns_nonnull, nonnull));

#endif
