/*
 * The splitter: a pull reader that hands out one statement of a file at a time, as text.
 *
 * It holds at most one statement, at most `max_text` bytes of it: longer ones are read to their end
 * and handed out with `oversized` set and only their head as text.  It never splits inside strings,
 * comments, dollar quotes, parentheses (PostgreSQL), BEGIN ATOMIC bodies, SQLite's triggers,
 * MySQL's stored programs or executable comments, a block between goose's StatementBegin and
 * StatementEnd, or the data of a COPY ... FROM STDIN, which belongs to its statement.  MySQL's
 * DELIMITER lines are obeyed and not handed out.  Text that is only blanks and comments is no
 * statement.
 *
 * One thread at a time.  What a statement points to is valid until the next call.  The splitter
 * fails only when its source does; broken SQL is handed out as `unterminated`, never an error. That
 * the text is UTF-8 without NUL is the caller's check; anything else is split safely all the same.
 */
#ifndef SLUICE_SQL_SPLIT_H
#define SLUICE_SQL_SPLIT_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/model/words.h"
#include "sluice/sql/token.h"

#include <stdbool.h>
#include <stddef.h>

/* Default of max_text, and the size from which a statement is lexed but not parsed. */
#define SL_STATEMENT_WINDOW ((size_t)1024 * 1024)

/* Comments of one statement that are handed out, and the bytes of each. */
#define SL_COMMENTS_MAX     1000
#define SL_COMMENT_TEXT_MAX 1000

struct sl_splitter;

/* Where the bytes come from.  Sets *got, 0 only at the end. */
struct sl_sql_source {
	enum sl_code (*read)(void *ctx, char *buf, size_t size, size_t *got, struct sl_error *err);
	void *ctx;
};

struct sl_splitter_options {
	enum sl_dialect dialect;
	size_t max_text; /* bytes of a statement kept; 0: SL_STATEMENT_WINDOW */
	unsigned first_line; /* line of the file at which the text begins; 0: 1 */
	bool statement_blocks; /* obey -- +goose StatementBegin and StatementEnd */
};

/* A place in the file: lines from 1 (ended by LF, CR LF or a lone CR), columns from 1 in code
 * points. */
struct sl_place {
	unsigned line;
	unsigned column;
};

struct sl_sql_comment {
	const char *text; /* with its marks, without the line end; terminated; may be cut */
	struct sl_place at;
	unsigned end_line;
	bool leading; /* stands before the statement's first token */
};

enum sl_text_kind {
	SL_TEXT_END, /* no more statements; comments holds what followed the last one */
	SL_TEXT_SQL,
	SL_TEXT_COMMAND, /* a client's own command: psql's \x, SQLite's .x, MySQL's \x or source x
			  */
	SL_TEXT_KIND_COUNT
};

struct sl_statement_text {
	enum sl_text_kind kind;
	const char *
		text; /* from the first to the last token, without the terminator; not terminated */
	size_t len; /* bytes of text; at most max_text */
	size_t full_len; /* bytes in the file */
	size_t offset; /* of text in the input, bytes */
	unsigned number; /* from 1, SQL and commands counted alike */
	struct sl_place start; /* of the first token */
	struct sl_place end; /* just behind the last token */
	bool oversized; /* text is only the head */
	bool terminated; /* a terminator followed; false for the last statement without one */
	size_t copy_data; /* COPY FROM STDIN: offset of the data in text; 0 when there is none */
	size_t copy_len; /* bytes of data without the closing \. line */
	const char *unterminated; /* "string", "comment", …: what never ends; else NULL */
	struct sl_place unterminated_at; /* where it begins */
	const struct sl_sql_comment *comments; /* before, inside, and behind it on its last line */
	size_t comments_len;
	size_t comments_omitted; /* beyond SL_COMMENTS_MAX */
	/* What sl_lexer_next_code() would find in text, so that nobody lexes it again; NULL where
	 * it would find something else (MySQL, whose delimiters cut; COPY data; a head; a command).
	 */
	const struct sl_token *tokens;
	size_t tokens_len;
};

/* Over text that outlives the splitter; statements point into it, nothing is copied. */
struct sl_splitter *sl_splitter_new(const struct sl_splitter_options *options, const char *text,
	size_t len) __attribute__((returns_nonnull, warn_unused_result));

/* Over a source, which is read as the statements are asked for. */
struct sl_splitter *sl_splitter_new_source(const struct sl_splitter_options *options,
	const struct sl_sql_source *source) __attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_splitter_free(struct sl_splitter *splitter);
SL_DEFINE_CLEANUP(struct sl_splitter, sl_splitter_free);

/* SL_OK with out->kind SL_TEXT_END at the end (then again at each further call); else what the
 * source failed with. */
enum sl_code sl_splitter_next(struct sl_splitter *splitter, struct sl_statement_text *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Reads the tokens of a statement without comments, kept or lexed. */
struct sl_token_reader {
	const struct sl_token *at, *end; /* NULL: lexed */
	struct sl_lexer lexer;
};

void sl_token_reader_init(struct sl_token_reader *reader, enum sl_dialect dialect,
	const struct sl_statement_text *statement);

/* False at the end. */
bool sl_token_reader_next(struct sl_token_reader *reader, struct sl_token *out);

/* The place of the byte at offset `at` of the statement's text; at <= out->len. */
struct sl_place sl_statement_place(const struct sl_statement_text *statement, size_t at);

#endif
