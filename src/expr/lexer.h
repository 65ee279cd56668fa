/* Tokens of an expression: what SQL writes, less than SQL knows. */
#ifndef SLUICE_EXPR_LEXER_H
#define SLUICE_EXPR_LEXER_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"

#include <stdbool.h>

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* or a keyword */
	TOKEN_QUOTED, /* a name in double quotes: never a keyword */
	TOKEN_TEXT,
	TOKEN_INT,
	TOKEN_REAL,
	TOKEN_SIGN /* an operator, bracket or comma */
};

struct token {
	enum token_kind kind;
	const char *text; /* names and texts without their quotes */
	size_t column; /* from 1, code points */
};

struct lexer {
	const char *start;
	const char *at;
	struct sl_arena *arena;
};

/* The next token; SL_EINVAL with "column 7: ...". */
enum sl_code lexer_next(struct lexer *lexer, struct token *out, struct sl_error *err)
	__attribute__((warn_unused_result));

bool token_is_sign(const struct token *token, const char *sign);

/* Case does not matter. */
bool token_is_word(const struct token *token, const char *word);

#endif
