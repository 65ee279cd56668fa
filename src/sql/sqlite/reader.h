/*
 * Reading SQLite's statements: all of the DDL by a small recursive parser over the shared tokens,
 * of queries and expressions what they name (tables, columns, functions).  Where the text is not
 * what the parser expects, the statement is a syntax error at that token.
 */
#ifndef SLUICE_SRC_SQL_SQLITE_READER_H
#define SLUICE_SRC_SQL_SQLITE_READER_H

#include "../facts.h"
#include "../tokens.h"

struct lite_reader {
	struct sl_arena *arena;
	struct sl_facts *facts;
	struct sl_fact_statement *statement;
	struct sl_tokens tokens;
	size_t pos; /* the next token */
	size_t end; /* the statement's, or a part's */
	bool failed;
	size_t failed_at; /* token */
	const char *failed_text;
	int level; /* of dml */
	bool key_descends; /* PRIMARY KEY DESC with its column: not the rowid */

	struct {
		SL_VEC(const char *);
	} ctes;
};

/* ---- tokens (reader.c) ---- */

/* Whether the next token is the word, the character. */
static inline bool lite_at(const struct lite_reader *reader, const char *word)
{
	return reader->pos < reader->end && sl_tokens_is(&reader->tokens, reader->pos, word);
}

static inline bool lite_at_char(const struct lite_reader *reader, char c)
{
	return reader->pos < reader->end &&
		sl_token_is_char(sl_tokens_at(&reader->tokens, reader->pos), reader->tokens.text,
			c);
}

/* Takes the next token when it is the word, the character. */
static inline bool lite_take(struct lite_reader *reader, const char *word)
{
	bool found = lite_at(reader, word);

	reader->pos += found;
	return found;
}

static inline bool lite_take_char(struct lite_reader *reader, char c)
{
	bool found = lite_at_char(reader, c);

	reader->pos += found;
	return found;
}

/* The same, and a syntax error when it is not. */
void lite_expect(struct lite_reader *reader, const char *word);
void lite_expect_char(struct lite_reader *reader, char c);

/* A syntax error at the next token, unless there was one before. */
void lite_fail(struct lite_reader *reader);

/* Whether the token is a word of the list: sorted, in lower case. */
bool lite_is_word_of(const struct lite_reader *reader, size_t index, const char *const *words,
	size_t n);

/* Whether the next token may be a name, as a reserved word may not; the name, taken. */
bool lite_at_name(const struct lite_reader *reader);
const char *lite_name(struct lite_reader *reader);

/* (a, b, c): the names in parentheses; empty without them.  What follows a name is skipped. */
struct sl_names lite_name_list(struct lite_reader *reader);

/* Skips a pair of parentheses and gives what stands in them. */
const char *lite_parenthesised(struct lite_reader *reader);

/* IF EXISTS, IF NOT EXISTS. */
bool lite_if_exists(struct lite_reader *reader);
bool lite_if_not_exists(struct lite_reader *reader);

/* Takes [schema .] name as an object. */
struct sl_fact_object *lite_object(struct lite_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind);

/* Text and offsets of tokens [from, to). */
const char *lite_text(const struct lite_reader *reader, size_t from, size_t to);

/* The statement is over: anything that is left is an error. */
void lite_expect_end(struct lite_reader *reader);

/* ---- queries and expressions (query.c) ---- */

/* Notes what the tokens [from, to) name. */
void lite_scan(struct lite_reader *reader, size_t from, size_t to, enum sl_sql_clause clause);

/* Notes the names of a WITH at the next token, which goes behind it; its text, or "". */
const char *lite_with(struct lite_reader *reader);

/* First of the words in [from, to) outside parentheses, else `to`.  The list ends with NULL. */
size_t lite_first_of(const struct lite_reader *reader, size_t from, size_t to,
	const char *const *words);

/* ---- statements; the next token is behind the verb ---- */

void lite_create(struct lite_reader *reader);
void lite_create_table(struct lite_reader *reader, bool temporary);
void lite_column(struct lite_reader *reader, const struct sl_fact_object *table);
void lite_alter(struct lite_reader *reader);
void lite_drop(struct lite_reader *reader);

/* INSERT, REPLACE, UPDATE, DELETE from the verb on, up to the reader's end. */
void lite_dml(struct lite_reader *reader, const char *with);

void lite_pragma(struct lite_reader *reader);

#endif
