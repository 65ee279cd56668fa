/* The lexer's inside, for the splitter: a token at a time out of text that arrives in pieces. */
#ifndef SLUICE_SRC_SQL_LEXER_H
#define SLUICE_SRC_SQL_LEXER_H

#include "sluice/sql/token.h"

/* Bytes that must follow a token's first byte, unless the input ends, for it to be recognised; also
 * the longest dollar-quote tag and MySQL delimiter that are. */
#define SL_LOOKAHEAD 1024
#define SL_TAG_MAX   256

/* What goes on in the next piece. */
enum sl_open {
	SL_OPEN_NONE,
	SL_OPEN_LINE_COMMENT,
	SL_OPEN_BLOCK_COMMENT,
	SL_OPEN_QUOTE, /* '..' in which only the quote is special */
	SL_OPEN_ESCAPE_QUOTE, /* '..' with backslashes */
	SL_OPEN_DOUBLE_QUOTE,
	SL_OPEN_ESCAPE_DOUBLE_QUOTE,
	SL_OPEN_BACKTICK,
	SL_OPEN_BRACKET,
	SL_OPEN_DOLLAR,
	SL_OPEN_WORD,
	SL_OPEN_NUMBER,
	SL_OPEN_LINE, /* a client's command */
	SL_OPEN_COUNT
};

enum sl_step {
	SL_STEP_TOKEN, /* a token, or the piece of one while lexer->open is not SL_OPEN_NONE */
	SL_STEP_MORE, /* text must be added first */
	SL_STEP_END
};

/* A piece of an open token is a token of the kind that the whole one has. */
enum sl_step sl_lexer_step(struct sl_lexer *lexer, struct sl_token *out);

/* Takes everything up to the line's end as one SL_TOKEN_COMMAND, beginning at the lexer's place. */
enum sl_step sl_lexer_line(struct sl_lexer *lexer, struct sl_token *out);

/* How people call an open thing that never ends: "string", "comment". */
const char *sl_open_name(int open);

#endif
