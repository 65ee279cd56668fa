#include "sluice/sql/split.h"

#include "boundary.h"
#include "chars.h"
#include "sluice/core/alloc.h"
#include "sluice/core/arena.h"
#include "sluice/core/utf8.h"
#include "sluice/core/vec.h"
#include "window.h"

#include <string.h>

struct sl_splitter {
	enum sl_dialect dialect;
	bool statement_blocks;
	struct sl_window window;
	unsigned number;
	bool in_block; /* goose */
	char delimiter[SL_TAG_MAX];

	struct sl_arena *arena; /* of the comments */

	struct {
		SL_VEC(struct sl_sql_comment);
	} comments;

	size_t comments_omitted;

	struct {
		SL_VEC(struct sl_token);
	} tokens; /* of the statement at hand, without comments; by offset in it */

	bool keeps_tokens;

	/* the statement at hand; offsets of the input */
	enum sl_text_kind kind; /* SL_TEXT_END before its first token */
	struct sl_boundary boundary;
	size_t start, end;
	size_t copy_data, copy_end;
	struct sl_place start_place, end_place;
	bool end_is_placed;
	struct sl_place open_place; /* of the last token that came in pieces */
	const char *unterminated;
	struct sl_place unterminated_at;
};

static struct sl_splitter *splitter_new(const struct sl_splitter_options *options)
{
	struct sl_splitter *s = sl_xcalloc(1, sizeof(*s));

	s->dialect = options->dialect;
	s->statement_blocks = options->statement_blocks;
	s->arena = sl_arena_new();
	sl_window_init(&s->window, options);
	return s;
}

struct sl_splitter *sl_splitter_new(const struct sl_splitter_options *options, const char *text,
	size_t len)
{
	struct sl_splitter *s = splitter_new(options);

	sl_window_use_memory(&s->window, text, len);
	return s;
}

struct sl_splitter *sl_splitter_new_source(const struct sl_splitter_options *options,
	const struct sl_sql_source *source)
{
	struct sl_splitter *s = splitter_new(options);

	sl_window_use_source(&s->window, source);
	return s;
}

void sl_splitter_free(struct sl_splitter *splitter)
{
	if (!splitter)
		return;
	sl_window_done(&splitter->window);
	sl_vec_done(&splitter->tokens);
	sl_arena_free(splitter->arena);
	free(splitter);
}

/* ---- the input ---- */

static size_t offset_of(const struct sl_splitter *s, size_t index)
{
	return sl_window_offset(&s->window, index);
}

static size_t here(const struct sl_splitter *s)
{
	return offset_of(s, s->window.lexer.pos);
}

static struct sl_place place_of(struct sl_splitter *s, const struct sl_token *token)
{
	return sl_window_place(&s->window, offset_of(s, token->at));
}

/* Before the marker goes beyond the statement's last token. */
static void place_end(struct sl_splitter *s)
{
	if (s->kind != SL_TEXT_END && !s->end_is_placed) {
		s->end_place = sl_window_place(&s->window, s->end);
		s->end_is_placed = true;
	}
}

static enum sl_code refill(struct sl_splitter *s, struct sl_error *err)
{
	place_end(s);
	return sl_window_refill(&s->window, s->kind == SL_TEXT_END ? SL_NOWHERE : s->start, err);
}

/* The next step once there is text for it. */
static enum sl_code step_refilled(struct sl_splitter *s, struct sl_token *token, enum sl_step *step,
	struct sl_error *err)
{
	while (*step == SL_STEP_MORE) {
		enum sl_code code = refill(s, err);

		if (code != SL_OK)
			return code;
		*step = sl_lexer_step(&s->window.lexer, token);
	}
	return SL_OK;
}

/* The next token, or a piece of one; *found is false at the end of the input. */
static inline enum sl_code next_token(struct sl_splitter *s, struct sl_token *token, bool *found,
	struct sl_error *err)
{
	enum sl_step step = sl_lexer_step(&s->window.lexer, token);
	enum sl_code code = step == SL_STEP_MORE ? step_refilled(s, token, &step, err) : SL_OK;

	*found = code == SL_OK && step == SL_STEP_TOKEN;
	return code;
}

/* ---- comments ---- */

static struct sl_sql_comment *add_comment(struct sl_splitter *s, const struct sl_token *token)
{
	struct sl_sql_comment *comment;
	const char *text = s->window.lexer.text + token->at;
	size_t len = token->len;

	if (s->comments.len == SL_COMMENTS_MAX) {
		s->comments_omitted++;
		return NULL;
	}
	if (len > SL_COMMENT_TEXT_MAX)
		len = sl_utf8_cut(text, len, SL_COMMENT_TEXT_MAX);
	while (len > 0 && text[len - 1] == '\r')
		len--;
	comment = sl_vec_add_in(s->arena, &s->comments);
	comment->text = sl_arena_strndup(s->arena, text, len);
	comment->at = place_of(s, token);
	comment->leading = s->kind == SL_TEXT_END;
	return comment;
}

static void note_broken(struct sl_splitter *s, const char *what, struct sl_place place)
{
	if (!s->unterminated) {
		s->unterminated = what;
		s->unterminated_at = place;
	}
}

/* Whether the comment is "-- +goose MARK". */
static bool goose_mark(const struct sl_sql_comment *comment, const char *mark)
{
	const char *p = comment->text;

	if (strncmp(p, "--", 2) != 0)
		return false;
	p += 2 + strspn(p + 2, " \t");
	if (strncmp(p, "+goose", 6) != 0)
		return false;
	p += 6 + strspn(p + 6, " \t");
	return strncmp(p, mark, strlen(mark)) == 0;
}

/* Whether the comment ends a block of goose; it may begin one. */
static bool block_ends(struct sl_splitter *s, const struct sl_sql_comment *comment)
{
	if (!s->statement_blocks || !comment)
		return false;
	if (s->in_block && goose_mark(comment, "StatementEnd")) {
		s->in_block = false;
		return true;
	}
	s->in_block = s->in_block || goose_mark(comment, "StatementBegin");
	return false;
}

/* Takes a comment with all its pieces; *ends when it ends a block of goose. */
static enum sl_code take_comment(struct sl_splitter *s, struct sl_token *token, bool *ends,
	struct sl_error *err)
{
	struct sl_sql_comment *comment;
	struct sl_place place;
	enum sl_code code = SL_OK;
	bool found = true;

	place_end(s);
	place = place_of(s, token);
	comment = add_comment(s, token);
	while (s->window.lexer.open && !token->broken && found && code == SL_OK)
		code = next_token(s, token, &found, err);
	if (code != SL_OK)
		return code;
	if (token->broken)
		note_broken(s, "comment", place);
	s->window.lexer.open = SL_OPEN_NONE;
	if (comment)
		comment->end_line = sl_window_place(&s->window, here(s)).line;
	*ends = block_ends(s, comment);
	return SL_OK;
}

static bool blank_to_line_end(const struct sl_lexer *lexer)
{
	for (size_t i = lexer->pos; i < lexer->len; i++) {
		char c = lexer->text[i];

		if (c == '\n' || c == '\r')
			return true;
		if (c != ' ' && c != '\t')
			return false;
	}
	return true;
}

static bool same_line(const struct sl_lexer *lexer, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (lexer->text[i] == '\n' || lexer->text[i] == '\r')
			return false;
	}
	return true;
}

/* A comment behind the terminator, on the same line and with nothing behind it, is the statement's.
 */
static enum sl_code take_trailing_comment(struct sl_splitter *s, struct sl_error *err)
{
	struct sl_lexer *lexer = &s->window.lexer;
	struct sl_lexer before;
	struct sl_token token;
	bool ends;

	while (lexer->more_follows && lexer->len - lexer->pos < 2 * SL_LOOKAHEAD) {
		enum sl_code code = refill(s, err);

		if (code != SL_OK)
			return code;
	}
	before = *lexer;
	if (sl_lexer_step(lexer, &token) == SL_STEP_TOKEN && token.kind == SL_TOKEN_COMMENT &&
		same_line(lexer, before.pos, token.at) &&
		(lexer->text[token.at] != '/' || blank_to_line_end(lexer)))
		return take_comment(s, &token, &ends, err);
	*lexer = before;
	return SL_OK;
}

/* ---- clients' own lines ---- */

static bool is_mysql(const struct sl_splitter *s)
{
	return s->dialect == SL_DIALECT_MYSQL || s->dialect == SL_DIALECT_MARIADB;
}

static void reset_boundary(struct sl_splitter *s)
{
	sl_boundary_init(&s->boundary, s->dialect, s->window.lexer.delimiter != NULL);
}

static void set_delimiter(struct sl_splitter *s, const char *text, size_t len)
{
	size_t n = 0;

	while (len > 0 && sl_char_is(*text, SL_CHAR_SPACE)) {
		text++;
		len--;
	}
	if (len > 1 && (*text == '\'' || *text == '"' || *text == '`')) {
		const char *end = memchr(text + 1, *text, len - 1);

		text++;
		len = end ? (size_t)(end - text) : len - 1;
	}
	while (n < len && n < SL_TAG_MAX - 1 && !sl_char_is(text[n], SL_CHAR_SPACE)) {
		s->delimiter[n] = text[n];
		n++;
	}
	s->delimiter[n] = '\0';
	s->window.lexer.delimiter = s->delimiter[0] == '\0' || strcmp(s->delimiter, ";") == 0 ?
		NULL :
		s->delimiter;
	reset_boundary(s);
}

/* Whether the token, the first of a statement, begins a client's own line. */
static bool begins_command(struct sl_splitter *s, const struct sl_token *token)
{
	const char *text = s->window.lexer.text;

	if (token->kind == SL_TOKEN_COMMAND)
		return true;
	if (s->dialect == SL_DIALECT_SQLITE)
		return text[token->at] == '.' && place_of(s, token).column == 1;
	return is_mysql(s) &&
		(sl_token_is(token, text, "delimiter") || sl_token_is(token, text, "source"));
}

/* The line from the token on; a DELIMITER line is obeyed and gone. */
static enum sl_code take_command(struct sl_splitter *s, struct sl_token *token,
	struct sl_error *err)
{
	struct sl_lexer *lexer = &s->window.lexer;
	bool delimiter = sl_token_is(token, lexer->text, "delimiter"), found = true;
	enum sl_code code = SL_OK;

	s->start_place = place_of(s, token);
	s->start = offset_of(s, token->at);
	s->end = s->start;
	s->kind = delimiter ? SL_TEXT_END : SL_TEXT_COMMAND;
	lexer->open = SL_OPEN_NONE;
	lexer->pos = token->at;
	(void)sl_lexer_line(lexer, token);
	if (delimiter)
		set_delimiter(s, lexer->text + token->at + 9, token->len - 9);
	while (lexer->open && found && code == SL_OK)
		code = next_token(s, token, &found, err);
	s->end = here(s);
	s->end_is_placed = false;
	if (s->end > s->start + 1 && sl_window_at(&s->window, s->end - 1)[0] == '\r')
		s->end--;
	return code;
}

/* ---- COPY data ---- */

/* Length of the line at the lexer with its end; *whole is false when more of it has to be read. */
static size_t copy_line(const struct sl_lexer *lexer, bool *whole)
{
	const char *p = lexer->text + lexer->pos;
	size_t left = lexer->len - lexer->pos;
	const char *lf = left > 0 ? memchr(p, '\n', left) : NULL;

	*whole = lf || !lexer->more_follows;
	return lf ? (size_t)(lf - p) + 1 : left;
}

static bool is_copy_end(const char *line, size_t len)
{
	return len >= 2 && line[0] == '\\' && line[1] == '.' &&
		(len == 2 || line[2] == '\n' || line[2] == '\r');
}

/* What follows COPY … FROM STDIN: from the next line to the line \. or the input's end. */
static enum sl_code take_copy_data(struct sl_splitter *s, struct sl_error *err)
{
	struct sl_lexer *lexer = &s->window.lexer;
	bool line_begins = false, whole;

	while (lexer->pos < lexer->len || lexer->more_follows) {
		size_t len = copy_line(lexer, &whole);

		if (!whole && len < SL_LOOKAHEAD) {
			enum sl_code code = refill(s, err);

			if (code != SL_OK)
				return code;
			continue;
		}
		if (line_begins && is_copy_end(lexer->text + lexer->pos, len)) {
			s->copy_end = here(s);
			s->end = s->copy_end + 2;
			lexer->pos += len;
			return SL_OK;
		}
		lexer->pos += len;
		line_begins = whole;
		s->end = here(s);
		s->end_is_placed = false;
		if (whole && s->copy_data == 0)
			s->copy_data = s->end;
	}
	s->copy_end = s->end;
	return SL_OK;
}

/* ---- statements ---- */

static void begin_statement(struct sl_splitter *s)
{
	sl_arena_clear(s->arena);
	memset(&s->comments, 0, sizeof(s->comments));
	s->comments_omitted = 0;
	s->kind = SL_TEXT_END;
	s->end_is_placed = false;
	s->copy_data = 0;
	s->copy_end = 0;
	s->unterminated = NULL;
	s->tokens.len = 0;
	s->keeps_tokens = !is_mysql(s);
	reset_boundary(s);
}

static void note_token(struct sl_splitter *s, const struct sl_token *token, bool continued)
{
	struct sl_lexer *lexer = &s->window.lexer;

	if (s->kind == SL_TEXT_END) {
		s->start = offset_of(s, token->at);
		s->start_place = place_of(s, token);
		s->kind = SL_TEXT_SQL;
	}
	if (lexer->open && !continued)
		s->open_place = place_of(s, token);
	if (token->broken) {
		note_broken(s, sl_open_name(lexer->open), s->open_place);
		lexer->open = SL_OPEN_NONE;
	}
	s->end = here(s);
	s->end_is_placed = false;
}

static void keep_token(struct sl_splitter *s, const struct sl_token *token, bool continued)
{
	struct sl_token *kept;

	if (!s->keeps_tokens || s->kind != SL_TEXT_SQL)
		return;
	if (s->end - s->start > s->window.max) {
		s->keeps_tokens = false;
		sl_vec_done(&s->tokens);
		return;
	}
	if (continued) {
		kept = &s->tokens.at[s->tokens.len - 1];
		kept->broken = token->broken;
		kept->len = here(s) - s->start - kept->at;
		return;
	}
	kept = sl_vec_add(&s->tokens);
	*kept = *token;
	kept->at = offset_of(s, token->at) - s->start;
}

/* One token of code; *ends when it was the terminator. */
static enum sl_code take_code(struct sl_splitter *s, struct sl_token *token, bool continued,
	bool *ends, struct sl_error *err)
{
	const char *text = s->window.lexer.text;
	enum sl_code code;

	*ends = false;
	if (s->kind == SL_TEXT_END && !continued && begins_command(s, token)) {
		code = take_command(s, token, err);
		*ends = s->kind == SL_TEXT_COMMAND;
		return code;
	}
	if (!continued && sl_boundary_feed(&s->boundary, token, text) && !s->in_block &&
		!s->window.lexer.in_executable) {
		*ends = s->kind != SL_TEXT_END;
		if (!*ends)
			reset_boundary(s);
		return SL_OK;
	}
	if (!s->in_block || s->window.lexer.open || !sl_token_is_char(token, text, ';'))
		note_token(s, token, continued);
	keep_token(s, token, continued);
	return SL_OK;
}

/* Up to the terminator; *terminated is false when the input ended first. */
static enum sl_code scan_statement(struct sl_splitter *s, bool *terminated, struct sl_error *err)
{
	struct sl_token token;
	bool found, ends;

	*terminated = false;
	for (;;) {
		bool continued = s->window.lexer.open != SL_OPEN_NONE;
		enum sl_code code = next_token(s, &token, &found, err);

		if (code != SL_OK || !found)
			return code;
		if (token.kind == SL_TOKEN_COMMENT)
			code = take_comment(s, &token, &ends, err);
		else
			code = take_code(s, &token, continued, &ends, err);
		if (code != SL_OK)
			return code;
		if (ends && s->kind != SL_TEXT_END) {
			*terminated = true;
			return SL_OK;
		}
	}
}

static void hand_out_text(struct sl_splitter *s, struct sl_statement_text *out)
{
	size_t max = s->window.max;

	out->text = sl_window_at(&s->window, s->start);
	out->offset = s->start;
	out->full_len = s->end - s->start;
	out->len = out->full_len;
	if (out->full_len > max) {
		out->oversized = true;
		out->len = sl_utf8_cut(out->text, max, max);
	}
	out->number = ++s->number;
	out->start = s->start_place;
	out->end = s->end_place;
	if (s->copy_data > 0) {
		out->copy_data = s->copy_data - s->start;
		out->copy_len = s->copy_end - s->copy_data;
	}
	out->unterminated = s->unterminated;
	out->unterminated_at = s->unterminated_at;
}

/* Semicolons at the end of goose's block are none of the statement's. */
static void hand_out_tokens(struct sl_splitter *s, struct sl_statement_text *out)
{
	if (!s->keeps_tokens || out->kind != SL_TEXT_SQL || out->oversized || out->copy_data > 0)
		return;
	while (s->tokens.len > 0 && s->tokens.at[s->tokens.len - 1].at >= out->len)
		s->tokens.len--;
	out->tokens = s->tokens.at;
	out->tokens_len = s->tokens.len;
}

static void hand_out(struct sl_splitter *s, bool terminated, struct sl_statement_text *out)
{
	*out = (struct sl_statement_text){ .kind = s->kind, .text = "" };
	place_end(s);
	out->terminated = terminated && s->kind == SL_TEXT_SQL;
	if (s->kind != SL_TEXT_END)
		hand_out_text(s, out);
	hand_out_tokens(s, out);
	out->comments = s->comments.at;
	out->comments_len = s->comments.len;
	out->comments_omitted = s->comments_omitted;
}

enum sl_code sl_splitter_next(struct sl_splitter *splitter, struct sl_statement_text *out,
	struct sl_error *err)
{
	struct sl_splitter *s = splitter;
	bool terminated;
	enum sl_code code;

	begin_statement(s);
	code = scan_statement(s, &terminated, err);
	if (code != SL_OK)
		return code;
	if (terminated && s->boundary.from_stdin)
		code = take_copy_data(s, err);
	else if (terminated && !s->statement_blocks)
		code = take_trailing_comment(s, err);
	else if (!terminated && s->kind == SL_TEXT_SQL && sl_boundary_open(&s->boundary))
		note_broken(s, sl_boundary_open(&s->boundary), s->start_place);
	if (code != SL_OK)
		return code;
	hand_out(s, terminated, out);
	return SL_OK;
}
