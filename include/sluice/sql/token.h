/*
 * The lexer that all dialects share: splitter, SQLite's parser, fingerprints and the spans of facts
 * stand on it, so they cannot disagree about where a string ends.
 *
 * It owns nothing but the text it borrows, never fails, and is memory-safe on any bytes, valid
 * UTF-8 or not.  Blanks are never tokens.  What is unterminated is one token up to the end of the
 * text with `broken` set.  MySQL's executable comments are code: their opener and their end are
 * SL_TOKEN_COMMENT tokens of their own, what is between them are ordinary tokens.
 */
#ifndef SLUICE_SQL_TOKEN_H
#define SLUICE_SQL_TOKEN_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum sl_token_kind {
	SL_TOKEN_END,
	SL_TOKEN_COMMENT, /* line or block comment */
	SL_TOKEN_MARK, /* opener or end of an executable comment */
	SL_TOKEN_WORD, /* keyword or unquoted name */
	SL_TOKEN_NAME, /* quoted name: "a" `a` [a] U&"a" */
	SL_TOKEN_STRING, /* 'a' E'a' U&'a' B'1' X'1f' N'a' $$a$$ $t$a$t$; "a" in MySQL */
	SL_TOKEN_NUMBER,
	SL_TOKEN_PARAMETER, /* $1 ?1 :a @a; MySQL's @user and @@system variables */
	SL_TOKEN_OPERATOR, /* a run of operator characters, or one that stands alone */
	SL_TOKEN_PUNCTUATION, /* one of ( ) [ ] { } , ; . : */
	SL_TOKEN_COMMAND, /* a client's own command up to the line's end: \x of psql and mysql */
	SL_TOKEN_DELIMITER, /* the lexer's delimiter; \g and \G of mysql */
	SL_TOKEN_BAD, /* a byte that begins nothing */
	SL_TOKEN_KIND_COUNT
};

struct sl_token {
	enum sl_token_kind kind;
	bool broken; /* unterminated */
	size_t at; /* byte offset in the text */
	size_t len;
};

struct sl_lexer {
	const char *text; /* borrowed */
	size_t len;
	size_t pos;
	enum sl_dialect dialect;
	bool ansi_quotes; /* MySQL: "a" is a name */
	bool no_backslash_escapes; /* MySQL */
	bool in_executable; /* MySQL: inside an executable comment */
	const char *delimiter; /* MySQL: what DELIMITER set; NULL for ; */

	/* The splitter's: text arrives in pieces, and a token may be open over several. */
	bool more_follows;
	int open; /* enum of lexer.h */
	unsigned depth; /* of nested comments */
	char *tag; /* of the open dollar quote, SL_TAG_MAX bytes of room; NULL without pieces */
	size_t tag_len;
};

void sl_lexer_init(struct sl_lexer *lexer, enum sl_dialect dialect, const char *text, size_t len);

/* The next token; comments are tokens too.  False at the end, with kind SL_TOKEN_END. */
bool sl_lexer_next(struct sl_lexer *lexer, struct sl_token *out);

/* The same without comments and marks. */
bool sl_lexer_next_code(struct sl_lexer *lexer, struct sl_token *out);

/* The rest of sl_token_is(): the token has the word's length. */
bool sl_token_spells(const struct sl_token *token, const char *text, const char *word)
	__attribute__((nonnull));

/* Whether the token is the unquoted word, given in lower case, in any case.  Asked of each token
 * for many words: nearly all differ in the first letter or the length. */
static inline bool sl_token_is(const struct sl_token *token, const char *text, const char *word)
{
	char first;

	if (token->kind != SL_TOKEN_WORD)
		return false;
	first = text[token->at];
	if (first >= 'A' && first <= 'Z')
		first = (char)(first + ('a' - 'A'));
	return first == word[0] && strlen(word) == token->len && sl_token_spells(token, text, word);
}

/* Whether the token is this one punctuation or operator character. */
static inline bool sl_token_is_char(const struct sl_token *token, const char *text, char c)
{
	return token->len == 1 && text[token->at] == c &&
		(token->kind == SL_TOKEN_PUNCTUATION || token->kind == SL_TOKEN_OPERATOR);
}

/* The name that a word or quoted name stands for: quotes and doubled quotes removed, an unquoted
 * word folded as the dialect folds it (PostgreSQL: lower case; the others: kept). */
const char *sl_token_name(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_token *token, const char *text) __attribute__((returns_nonnull, nonnull));

/* The value of a string token, for the plain, E'' and dollar-quoted forms; other forms are given as
 * they stand. */
const char *sl_token_string(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_token *token, const char *text) __attribute__((returns_nonnull, nonnull));

/* Where the first ${ outside of comments begins, with which tools write what they fill in before a
 * server sees the text; len: nowhere. */
size_t sl_sql_placeholder(enum sl_dialect dialect, const char *text, size_t len)
	__attribute__((nonnull));

/* Adds the statement's tokens without comments, each as it stands, joined by one space: what
 * fingerprints and statement hashes are made of. */
void sl_sql_normalise(struct sl_buf *out, enum sl_dialect dialect, const char *text, size_t len);

#endif
