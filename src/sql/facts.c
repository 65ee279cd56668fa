#include "facts.h"

#include <string.h>

/* clang-format off */

/* ---- words ---- */

#define SL_FACT_WORDS(type)          static const char *const type##_words[] = {
#define SL_FACT_WORD(constant, word) [constant] = word,
#define SL_FACT_WORDS_END(count)     };
#include "sluice/sql/facts.def"

#define SL_FACT_WORDS(type)                                \
	const char *sl_##type##_name(enum sl_##type value) \
	{                                                  \
		return type##_words[value];                \
	}                                                  \
	static const char *type##_of(int value)            \
	{                                                  \
		return type##_words[value];                \
	}
#include "sluice/sql/facts.def"

/* ---- the declaration at run time ---- */

#define SL_FACT_TABLE(table, doc)                                            \
	static const struct sl_fact_column *table##_columns(size_t *columns) \
	{                                                                    \
		typedef struct sl_fact_##table row;                          \
		static const struct sl_fact_column rows[] = {
#define SL_FACT_TEXT(name, doc)   { #name, doc, SL_FACT_TYPE_TEXT, offsetof(row, name), NULL },
#define SL_FACT_FLAG(name, doc)   { #name, doc, SL_FACT_TYPE_FLAG, offsetof(row, name), NULL },
#define SL_FACT_NUMBER(name, doc) { #name, doc, SL_FACT_TYPE_NUMBER, offsetof(row, name), NULL },
#define SL_FACT_CHOICE(name, type, doc) \
	{ #name, doc, SL_FACT_TYPE_CHOICE, offsetof(row, name), type##_of },
#define SL_FACT_NAMES(name, doc)  { #name, doc, SL_FACT_TYPE_NAMES, offsetof(row, name), NULL },
#define SL_FACT_SPAN(doc)         { "at", doc, SL_FACT_TYPE_SPAN, offsetof(row, at), NULL },
#define SL_FACT_END(table)                                    \
		};                                            \
		*columns = sizeof(rows) / sizeof(rows[0]); \
		return rows;                                  \
	}
#include "sluice/sql/facts.def"

static const struct sl_fact_table tables[] = {
#define SL_FACT_TABLE(table, doc)                                                          \
	{ #table, doc, offsetof(struct sl_facts, table), sizeof(struct sl_fact_##table), \
		table##_columns },
#include "sluice/sql/facts.def"
};

/* ---- finishing ---- */

#define SL_FACT_TABLE(table, doc)                                                          \
	static void finish_##table(struct sl_facts *facts, size_t end)                     \
	{                                                                                  \
		for (size_t i = 0; i < facts->table.len; i++) {                            \
			struct sl_fact_##table *row = &facts->table.at[i];
#define SL_FACT_TEXT(name, doc) \
			row->name = row->name ? row->name : "";
#define SL_FACT_SPAN(doc)                                                  \
			row->at = row->at < end ? row->at : end;           \
			row->len = row->len < end - row->at ? row->len : end - row->at;
#define SL_FACT_END(table)                                                 \
		}                                                          \
	}
#include "sluice/sql/facts.def"

static void finish_rows(struct sl_facts *facts, size_t end)
{
#define SL_FACT_TABLE(table, doc) finish_##table(facts, end);
#include "sluice/sql/facts.def"
}

/* clang-format on */

const struct sl_fact_table *sl_fact_tables(size_t *len)
{
	*len = sizeof(tables) / sizeof(tables[0]);
	return tables;
}

struct sl_facts *sl_facts_new(struct sl_arena *arena, size_t len)
{
	struct sl_facts *facts = sl_arena_calloc(arena, 1, sizeof(*facts));

	sl_fact_add(arena, facts, statement)->len = len;
	return facts;
}

void sl_facts_refuse(struct sl_facts *facts, enum sl_sql_status status, size_t at, const char *text)
{
	struct sl_fact_statement *statement = &facts->statement.at[0];
	struct sl_facts only = { .statement = facts->statement };

	*facts = only;
	statement->status = status;
	statement->status_at = (int64_t)at;
	statement->status_text = text;
}

static const char *tag_of(struct sl_arena *arena, const struct sl_facts *facts)
{
	const struct sl_fact_statement *statement = &facts->statement.at[0];
	const char *verb = sl_sql_verb_name(statement->verb);
	const char *object = sl_sql_object_name(statement->object);
	bool said = statement->kind == SL_SQL_KIND_DDL || statement->kind == SL_SQL_KIND_DCL ||
		statement->kind == SL_SQL_KIND_UTILITY;

	if (!said || object[0] == '\0' || statement->verb == SL_SQL_VERB_IMPORT ||
		statement->verb == SL_SQL_VERB_SELECT_INTO)
		return verb;
	if (statement->verb == SL_SQL_VERB_RENAME && facts->action.len > 0 &&
		facts->action.at[0].kind != SL_SQL_ACTION_RENAME)
		return sl_sql_action_name(facts->action.at[0].kind);
	if (statement->verb == SL_SQL_VERB_COMMENT || statement->verb == SL_SQL_VERB_LABEL)
		return sl_arena_join(arena, verb, " on ", object, NULL);
	return sl_arena_join(arena, verb, " ", object, NULL);
}

void sl_facts_finish(struct sl_arena *arena, struct sl_facts *facts)
{
	struct sl_fact_statement *statement = &facts->statement.at[0];

	statement->tag = tag_of(arena, facts);
	finish_rows(facts, statement->len);
}

bool sl_sql_is_unseen(const struct sl_fact_statement *statement)
{
	if (statement->status != SL_SQL_PARSED)
		return statement->status != SL_SQL_EMPTY;
	switch (statement->verb) {
	case SL_SQL_VERB_EXECUTE:
	case SL_SQL_VERB_ATTACH:
	case SL_SQL_VERB_DROP_OWNED:
	case SL_SQL_VERB_IMPORT:
		return true;
	default:
		return statement->kind == SL_SQL_KIND_BLOCK;
	}
}

const struct sl_fact_object *sl_facts_object(const struct sl_facts *facts, enum sl_sql_role role,
	enum sl_sql_object kind)
{
	for (size_t i = 0; i < facts->object.len; i++) {
		const struct sl_fact_object *object = &facts->object.at[i];

		if (object->role == role && (kind == SL_SQL_OBJECT_NONE || object->kind == kind))
			return object;
	}
	return NULL;
}

bool sl_names_has(const struct sl_names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++) {
		if (strcmp(names->at[i], name) == 0)
			return true;
	}
	return false;
}
