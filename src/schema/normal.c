/* One spelling for texts that mean the same.  What is dropped never changes the meaning; what is
 * equal in meaning but written with other tokens stays different. */
#include "catalog_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/vec.h"
#include "sluice/sql/token.h"

#include <assert.h>

#define TEXT_MAX ((size_t)64 * 1024 * 1024)

struct tokens {
	SL_VEC(struct sl_token);
};

/* Names that must keep their quotes.  Sorted. */
static const char *const reserved[] = { "abort", "action", "add", "after", "all", "alter", "always",
	"analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "attach",
	"autoincrement", "before", "begin", "between", "both", "by", "cascade", "case", "cast",
	"check", "collate", "column", "commit", "conflict", "constraint", "create", "cross",
	"current", "current_catalog", "current_date", "current_role", "current_schema",
	"current_time", "current_timestamp", "current_user", "database", "default", "deferrable",
	"deferred", "delete", "desc", "detach", "distinct", "do", "drop", "each", "else", "end",
	"escape", "except", "exclude", "exclusive", "exists", "explain", "fail", "false", "fetch",
	"filter", "first", "following", "for", "foreign", "from", "full", "generated", "glob",
	"grant", "group", "groups", "having", "if", "ignore", "ilike", "immediate", "in", "index",
	"indexed", "initially", "inner", "insert", "instead", "intersect", "into", "is", "isnull",
	"join", "key", "last", "lateral", "leading", "left", "like", "limit", "localtime",
	"localtimestamp", "match", "materialized", "natural", "no", "not", "nothing", "notnull",
	"null", "nulls", "of", "offset", "on", "only", "or", "order", "others", "outer", "over",
	"overlaps", "partition", "placing", "plan", "pragma", "preceding", "primary", "query",
	"raise", "range", "recursive", "references", "regexp", "reindex", "release", "rename",
	"replace", "restrict", "returning", "right", "rollback", "row", "rows", "savepoint",
	"select", "session_user", "set", "similar", "some", "symmetric", "table", "tablesample",
	"temp", "temporary", "then", "ties", "to", "trailing", "transaction", "trigger", "true",
	"unbounded", "union", "unique", "update", "user", "using", "vacuum", "values", "variadic",
	"verbose", "view", "virtual", "when", "where", "window", "with", "without" };

/* Those that SQLite takes for a name nowhere; the other keywords it lets pass, and so its ALTER
 * writes them without quotes.  Sorted. */
static const char *const sqlite_reserved[] = { "add", "all", "alter", "and", "as", "autoincrement",
	"between", "case", "check", "collate", "commit", "constraint", "create", "default",
	"deferrable", "delete", "distinct", "drop", "else", "escape", "except", "exists", "foreign",
	"from", "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull",
	"join", "limit", "not", "nothing", "notnull", "null", "on", "or", "order", "primary",
	"references", "returning", "select", "set", "table", "then", "to", "transaction", "union",
	"unique", "update", "using", "values", "when", "where" };

/* Words that are followed by a blank even before a parenthesis. */
static const char *const spaced[] = { "all", "and", "any", "as", "between", "by", "case", "check",
	"default", "distinct", "else", "except", "exists", "from", "having", "in", "include",
	"intersect", "into", "is", "join", "key", "like", "limit", "not", "on", "or", "over",
	"references", "returning", "select", "set", "then", "union", "unique", "using", "values",
	"when", "where", "with" };

static bool listed(const char *const *words, size_t len, const char *word)
{
	size_t low = 0, high = len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(word, words[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static char *lowered(struct sl_arena *arena, const char *text, size_t len)
{
	char *copy = sl_arena_strndup(arena, text, len);

	for (size_t i = 0; i < len; i++)
		copy[i] = lower(copy[i]);
	return copy;
}

bool sl_name_needs_quotes(enum sl_dialect dialect, const char *name)
{
	if (sl_is_mysql(dialect)) /* each version reserves more words */
		return true;
	if (!(lower(*name) >= 'a' && lower(*name) <= 'z') && *name != '_')
		return true;
	for (const char *c = name; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || *c == '_' || (*c >= '0' && *c <= '9') ||
			(dialect != SL_DIALECT_POSTGRES && *c >= 'A' && *c <= 'Z');

		if (!letter)
			return true;
	}
	if (dialect == SL_DIALECT_SQLITE)
		return listed(sqlite_reserved, sizeof(sqlite_reserved) / sizeof(sqlite_reserved[0]),
			name);
	return listed(reserved, sizeof(reserved) / sizeof(reserved[0]), name);
}

static const char *quoted(struct sl_arena *arena, const char *name)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(TEXT_MAX);

	sl_escape_ident(&out, name, '"');
	return sl_arena_strdup(arena, sl_buf_str(&out));
}

static bool folds_words(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_POSTGRES || dialect == SL_DIALECT_SQLITE;
}

/* Text that is being put together; there is room for all of it. */
struct text {
	char *at;
	size_t len;
};

static void put_as_is(struct text *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len && s[i] != '\0'; i++)
		out->at[out->len++] = s[i];
}

static void put_lowered(struct text *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out->at[out->len++] = lower(s[i]);
}

/* Most that put_token() puts: in a quoted name every byte may have to be doubled. */
static size_t room_for(const struct sl_token *token)
{
	return token->kind == SL_TOKEN_NAME ? 2 * token->len + 2 : token->len;
}

static void put_token(struct text *out, struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_token *token, const char *sql)
{
	const char *name, *folded;

	if (token->kind == SL_TOKEN_WORD && folds_words(dialect)) {
		put_lowered(out, sql + token->at, token->len);
		return;
	}
	if (token->kind != SL_TOKEN_NAME || token->broken || !folds_words(dialect)) {
		put_as_is(out, sql + token->at, token->len);
		return;
	}
	name = sl_token_name(arena, dialect, token, sql);
	folded = dialect == SL_DIALECT_SQLITE ? lowered(arena, name, strlen(name)) : name;
	if (sl_name_needs_quotes(dialect, folded))
		folded = quoted(arena, name);
	put_as_is(out, folded, strlen(folded));
}

static bool is_char(const struct sl_token *token, const char *sql, char c)
{
	return sl_token_is_char(token, sql, c);
}

static bool is_one_of(const struct sl_token *token, const char *sql, const char *chars)
{
	return token->len == 1 && strchr(chars, sql[token->at]) &&
		is_char(token, sql, sql[token->at]);
}

static bool is_cast(const struct sl_token *token, const char *sql)
{
	return token->len == 2 && memcmp(sql + token->at, "::", 2) == 0;
}

/* How a token stands beside its neighbours. */
enum {
	HOLDS_BEFORE = 1, /* no blank before it */
	HOLDS_BEHIND = 2,
	MAY_BE_SIGN = 4,
	OPENS = 8,
};

static unsigned manner_of(const struct sl_token *token, const char *sql)
{
	const char *p = sql + token->at;

	if (is_cast(token, sql))
		return HOLDS_BEFORE | HOLDS_BEHIND;
	if (token->len != 1 || !is_char(token, sql, *p))
		return 0;
	switch (*p) {
	case '(':
		return HOLDS_BEHIND | OPENS;
	case '[':
	case '.':
		return HOLDS_BEFORE | HOLDS_BEHIND;
	case ')':
	case ']':
	case ',':
	case ';':
		return HOLDS_BEFORE;
	case '-':
	case '+':
		return MAY_BE_SIGN;
	default:
		return 0;
	}
}

/* A sign rather than a subtraction: nothing to subtract from stands before it. */
static bool is_sign(const struct tokens *tokens, size_t i, const char *sql)
{
	const struct sl_token *before;

	if (!is_one_of(&tokens->at[i], sql, "-+"))
		return false;
	if (i == 0)
		return true;
	before = &tokens->at[i - 1];
	return before->kind == SL_TOKEN_OPERATOR || is_one_of(before, sql, "([,");
}

static bool is_spaced_word(const struct sl_token *token, const char *sql)
{
	char word[16];

	if (token->kind != SL_TOKEN_WORD || token->len >= sizeof(word))
		return false;
	for (size_t i = 0; i < token->len; i++)
		word[i] = lower(sql[token->at + i]);
	word[token->len] = '\0';
	return listed(spaced, sizeof(spaced) / sizeof(spaced[0]), word);
}

static bool blank_between(const struct tokens *tokens, size_t i, const char *sql)
{
	const struct sl_token *a = &tokens->at[i - 1], *b = &tokens->at[i];
	unsigned before = manner_of(a, sql), behind = manner_of(b, sql);

	if ((before & HOLDS_BEHIND) || (behind & HOLDS_BEFORE))
		return false;
	if ((before & MAY_BE_SIGN) && is_sign(tokens, i - 1, sql))
		return false;
	if (behind & OPENS)
		return !(a->kind == SL_TOKEN_NAME ||
			(a->kind == SL_TOKEN_WORD && !is_spaced_word(a, sql)));
	return true;
}

/* Drops ( ... ) around the whole, as often as it stands there. */
static void drop_outer(struct tokens *tokens, size_t *first, size_t *end, const char *sql)
{
	while (*end > *first + 1 && is_char(&tokens->at[*first], sql, '(')) {
		size_t depth = 0, i = *first;

		for (; i < *end; i++) {
			if (is_char(&tokens->at[i], sql, '('))
				depth++;
			else if (is_char(&tokens->at[i], sql, ')') && --depth == 0)
				break;
		}
		if (i != *end - 1)
			return;
		(*first)++;
		(*end)--;
	}
}

static void read_tokens(struct tokens *tokens, enum sl_dialect dialect, const char *sql, size_t len)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, dialect, sql, len);
	while (sl_lexer_next_code(&lexer, &token))
		*sl_vec_add(tokens) = token;
	while (tokens->len > 0 && is_char(&tokens->at[tokens->len - 1], sql, ';'))
		tokens->len--;
}

/* PostgreSQL's "bit" and "char" are other types than bit and char. */
static bool is_quoted_type(const struct tokens *tokens, size_t i, const char *sql)
{
	const struct sl_token *token = &tokens->at[i];
	const char *text = sql + token->at;

	return i > 0 && token->kind == SL_TOKEN_NAME && is_cast(&tokens->at[i - 1], sql) &&
		((token->len == 5 && memcmp(text, "\"bit\"", 5) == 0) ||
			(token->len == 6 && memcmp(text, "\"char\"", 6) == 0));
}

/* Of most texts; longer ones are put together elsewhere. */
#define SHORT 512

const char *sl_sql_normal(struct sl_arena *arena, enum sl_dialect dialect, const char *sql,
	size_t len)
{
	struct tokens tokens = { 0 };
	size_t first = 0, end, room = 1;
	char shortly[SHORT];
	sl_autofree char *longer = NULL;
	struct text out = { shortly, 0 };

	read_tokens(&tokens, dialect, sql, len);
	end = tokens.len;
	drop_outer(&tokens, &first, &end, sql);
	for (size_t i = first; i < end; i++)
		room += room_for(&tokens.at[i]) + 1;
	if (room > sizeof(shortly))
		out.at = longer = sl_xcalloc(1, room);
	for (size_t i = first; i < end; i++) {
		if (i > first && blank_between(&tokens, i, sql))
			out.at[out.len++] = ' ';
		if (is_quoted_type(&tokens, i, sql))
			put_as_is(&out, sql + tokens.at[i].at, tokens.at[i].len);
		else
			put_token(&out, arena, dialect, &tokens.at[i], sql);
	}
	assert(out.len < room);
	sl_vec_done(&tokens);
	return sl_arena_strndup(arena, out.at, out.len);
}

const char *sl_type_normal(struct sl_arena *arena, enum sl_dialect dialect, const char *type)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(TEXT_MAX);
	struct tokens tokens = { 0 };

	read_tokens(&tokens, dialect, type, strlen(type));
	for (size_t i = 0; i < tokens.len; i++) {
		const struct sl_token *token = &tokens.at[i];
		bool word = token->kind == SL_TOKEN_WORD;

		if (i > 0 && !is_one_of(token, type, "(),.[]") &&
			!is_one_of(&tokens.at[i - 1], type, "(,.[") &&
			!is_sign(&tokens, i - 1, type))
			sl_buf_addc(&out, ' ');
		sl_buf_adds(&out,
			word ? lowered(arena, type + token->at, token->len) :
			       sl_arena_strndup(arena, type + token->at, token->len));
	}
	sl_vec_done(&tokens);
	return sl_arena_strdup(arena, sl_buf_str(&out));
}
