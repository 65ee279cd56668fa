/* A statement's tokens without comments, and finding one's way among them by index. */
#ifndef SLUICE_SRC_SQL_TOKENS_H
#define SLUICE_SRC_SQL_TOKENS_H

#include "sluice/core/vec.h"
#include "sluice/sql/statement.h"
#include "sluice/sql/token.h"

/* Index of a token: there is none. */
#define SL_NO_TOKEN ((size_t)-1)

struct sl_tokens {
	struct sl_arena *arena;
	const char *text;
	size_t text_len;
	bool lexed;

	struct {
		const struct sl_token *at;
		size_t len;
	} list;
};

/* Those of the input; lexed where the splitter did not keep them. */
struct sl_tokens sl_tokens_of(struct sl_arena *arena, const struct sl_sql_input *input);

extern const struct sl_token sl_tokens_none;

/* Lexes the text; done once, by sl_tokens_need(). */
void sl_tokens_lex(struct sl_tokens *tokens, enum sl_dialect dialect);

static inline void sl_tokens_need(struct sl_tokens *tokens, enum sl_dialect dialect)
{
	if (!tokens->lexed)
		sl_tokens_lex(tokens, dialect);
}

/* The token, or one of kind SL_TOKEN_END. */
static inline const struct sl_token *sl_tokens_at(const struct sl_tokens *tokens, size_t index)
{
	return index < tokens->list.len ? &tokens->list.at[index] : &sl_tokens_none;
}

static inline bool sl_tokens_is(const struct sl_tokens *tokens, size_t index, const char *word)
{
	return sl_token_is(sl_tokens_at(tokens, index), tokens->text, word);
}

static inline bool sl_tokens_is_char(const struct sl_tokens *tokens, size_t index, char c)
{
	const struct sl_token *token = sl_tokens_at(tokens, index);

	return token->kind == SL_TOKEN_PUNCTUATION && tokens->text[token->at] == c;
}

/* Index of the token at or behind the byte. */
size_t sl_tokens_find_byte(const struct sl_tokens *tokens, size_t at);

/* The token behind the parenthesis that closes the one at index; index + 1 when it is none. */
size_t sl_tokens_behind(const struct sl_tokens *tokens, size_t index);

/* First token in [from, to) outside parentheses that is the word; SL_NO_TOKEN when none. */
size_t sl_tokens_find(const struct sl_tokens *tokens, size_t from, size_t to, const char *word);

/* First token in [from, to) that is the character, outside deeper parentheses. */
size_t sl_tokens_find_char(const struct sl_tokens *tokens, size_t from, size_t to, char c);

/* End of the list element that begins at index: the comma or closing parenthesis, or the end. */
size_t sl_tokens_element_end(const struct sl_tokens *tokens, size_t index);

/* Offset of the token, and of the end of the one before `to`. */
size_t sl_tokens_begin(const struct sl_tokens *tokens, size_t index);
size_t sl_tokens_end(const struct sl_tokens *tokens, size_t to);

/* The text from the first token to the one before `to`; "" when there is none. */
const char *sl_tokens_text(const struct sl_tokens *tokens, size_t from, size_t to);

/* What stands in the parentheses that open at index; "" when none do. */
const char *sl_tokens_inside(const struct sl_tokens *tokens, size_t index);

#endif
