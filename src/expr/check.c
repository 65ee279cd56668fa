/*
 * Precedence as SQLite has it, from loose to tight:
 *	or  /  and  /  not  /  = == <> != is in like between  /  < <= > >=  /  + -  /  * / %  /  ||
 * Each level writes its tokens to the output as it reads them.
 */
#include "check.h"

#include "lexer.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <strings.h>

#define DEPTH_MAX 30
#define ARGS_MAX  64

enum kind { TEXT, INT, REAL, BOOL, ANY, KIND_COUNT }; /* ANY: NULL, which suits all */

_Static_assert((int)TEXT == (int)SL_EXPR_TEXT && (int)INT == (int)SL_EXPR_INT &&
		(int)REAL == (int)SL_EXPR_REAL && (int)BOOL == (int)SL_EXPR_BOOL,
	"kinds start as the door's types");

static const char *const kind_names[] = {
	[TEXT] = "a text",
	[INT] = "a number",
	[REAL] = "a number",
	[BOOL] = "a truth value",
	[ANY] = "null",
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == KIND_COUNT, "a kind has no name");

/* What a part of the expression is. */
struct operand {
	enum kind kind;
	size_t column;
	const struct sl_expr_var *var; /* it is just this variable */
	const char *literal; /* it is just this text */
};

struct parser {
	const struct check *check;
	struct lexer lexer;
	struct token now;
	unsigned depth;
	struct sl_error *err;
};

static enum sl_code parse_or(struct parser *parser, struct operand *out);
static enum sl_code parse_relation(struct parser *parser, struct operand *out);

static enum sl_code advance(struct parser *parser)
{
	return lexer_next(&parser->lexer, &parser->now, parser->err);
}

/* Writes the word or sign at hand and reads on. */
static enum sl_code pass(struct parser *parser)
{
	sl_buf_addf(parser->check->out, " %s ", parser->now.text);
	return advance(parser);
}

static bool at_sign(const struct parser *parser, const char *sign)
{
	return token_is_sign(&parser->now, sign);
}

static bool at_word(const struct parser *parser, const char *word)
{
	return token_is_word(&parser->now, word);
}

static enum sl_code unexpected(const struct parser *parser, const char *wanted)
{
	const struct token *now = &parser->now;

	if (now->kind == TOKEN_END)
		return sl_error_set(parser->err, SL_EINVAL, "column %zu: %s is missing at the end",
			now->column, wanted);
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: %s is missing before '%.40s'",
		now->column, wanted, now->text);
}

static enum sl_code expect_sign(struct parser *parser, const char *sign)
{
	char wanted[8] = { '\'', sign[0], '\'' };

	return at_sign(parser, sign) ? pass(parser) : unexpected(parser, wanted);
}

static enum sl_code expect_word(struct parser *parser, const char *word)
{
	return at_word(parser, word) ? pass(parser) : unexpected(parser, word);
}

static bool is_number(enum kind kind)
{
	return kind == INT || kind == REAL || kind == ANY;
}

static bool suits(enum kind a, enum kind b)
{
	return a == b || a == ANY || b == ANY || (is_number(a) && is_number(b));
}

static enum kind joined(enum kind a, enum kind b)
{
	if (a == ANY)
		return b;
	return a == INT && b == REAL ? REAL : a;
}

static enum sl_code want(const struct parser *parser, const struct operand *operand, enum kind kind)
{
	if (suits(operand->kind, kind))
		return SL_OK;
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: %s where %s belongs",
		operand->column, kind_names[operand->kind], kind_names[kind]);
}

/* A text that the variable never is. */
static enum sl_code check_known(const struct parser *parser, const struct sl_expr_var *var,
	const struct operand *text)
{
	const char *near;

	if (!var || !var->known || !text->literal)
		return SL_OK;
	for (size_t i = 0; i < var->n_known; i++) {
		if (sl_str_eq(var->known[i], text->literal))
			return SL_OK;
	}
	near = sl_nearest(text->literal, var->known, var->n_known);
	if (near)
		return sl_error_set(parser->err, SL_EINVAL,
			"column %zu: there is no %s '%.64s', did you mean '%s'?", text->column,
			var->name, text->literal, near);
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: there is no %s '%.64s'",
		text->column, var->name, text->literal);
}

static enum sl_code compare(const struct parser *parser, const struct operand *left,
	const struct operand *right)
{
	enum sl_code code = check_known(parser, left->var, right);

	if (code == SL_OK)
		code = check_known(parser, right->var, left);
	if (code != SL_OK || suits(left->kind, right->kind))
		return code;
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: %s is compared with %s",
		right->column, kind_names[left->kind], kind_names[right->kind]);
}

/* Each argument's kind: t text, i int, n number, b truth, a as the other a; the last one repeats.
 */
struct function {
	const char *name;
	unsigned least;
	unsigned most;
	const char *takes;
	char gives;
};

static const struct function functions[] = {
	{ "abs", 1, 1, "n", 'n' },
	{ "coalesce", 2, ARGS_MAX, "a", 'a' },
	{ "ifnull", 2, 2, "a", 'a' },
	{ "iif", 3, 3, "ba", 'a' },
	{ "instr", 2, 2, "t", 'i' },
	{ "length", 1, 1, "t", 'i' },
	{ "lower", 1, 1, "t", 't' },
	{ "max", 2, ARGS_MAX, "a", 'a' },
	{ "min", 2, ARGS_MAX, "a", 'a' },
	{ "nullif", 2, 2, "a", 'a' },
	{ "replace", 3, 3, "t", 't' },
	{ "round", 1, 2, "ni", 'r' },
	{ "substr", 2, 3, "ti", 't' },
	{ "trim", 1, 2, "t", 't' },
	{ "upper", 1, 1, "t", 't' },
};

#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static const struct function *function_of(const char *name)
{
	for (size_t i = 0; i < N_FUNCTIONS; i++) {
		if (strcasecmp(functions[i].name, name) == 0)
			return &functions[i];
	}
	return NULL;
}

bool check_function_is_listed(const char *name)
{
	/* LIKE is a function to SQLite. */
	return function_of(name) || strcasecmp(name, "like") == 0;
}

static enum sl_code refuse_function(const struct parser *parser, const struct token *name)
{
	const char *names[N_FUNCTIONS];
	const char *near;

	for (size_t i = 0; i < N_FUNCTIONS; i++)
		names[i] = functions[i].name;
	near = sl_nearest(name->text, names, N_FUNCTIONS);
	if (near)
		return sl_error_set(parser->err, SL_EINVAL,
			"column %zu: no function '%.40s', did you mean '%s'?", name->column,
			name->text, near);
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: no function '%.40s'", name->column,
		name->text);
}

static enum kind kind_of_letter(char letter, enum kind same)
{
	switch (letter) {
	case 't':
		return TEXT;
	case 'b':
		return BOOL;
	case 'r':
		return REAL;
	case 'i':
	case 'n':
		return INT;
	default:
		return same;
	}
}

/* One argument; *same collects what the a's and n's are. */
static enum sl_code parse_argument(struct parser *parser, const struct function *function,
	unsigned i, enum kind *same)
{
	size_t n = strlen(function->takes);
	char letter = function->takes[i < n ? i : n - 1];
	struct operand operand = { 0 };
	enum sl_code code = parse_or(parser, &operand);

	if (code == SL_OK)
		code = want(parser, &operand, kind_of_letter(letter, *same));
	if (letter == 'a' || letter == 'n')
		*same = joined(*same, operand.kind);
	return code;
}

static enum sl_code parse_call(struct parser *parser, const struct token *name, struct operand *out)
{
	const struct function *function = function_of(name->text);
	enum kind same = ANY;
	unsigned n = 0;
	enum sl_code code;

	if (!function)
		return refuse_function(parser, name);
	sl_buf_adds(parser->check->out, function->name);
	code = expect_sign(parser, "(");
	while (code == SL_OK) {
		code = parse_argument(parser, function, n++, &same);
		if (code != SL_OK || !at_sign(parser, ",") || n == function->most)
			break;
		code = pass(parser);
	}
	if (code != SL_OK)
		return code;
	if (n < function->least || at_sign(parser, ","))
		return sl_error_set(parser->err, SL_EINVAL, "column %zu: %s takes %s%u arguments",
			name->column, function->name,
			function->least == function->most ? "" :
				n < function->least       ? "at least " :
							    "at most ",
			n < function->least ? function->least : function->most);
	out->kind = function->gives == 'n' ? same : kind_of_letter(function->gives, same);
	return expect_sign(parser, ")");
}

static enum sl_code refuse_name(const struct parser *parser, const struct token *name)
{
	static const char *const statements[] = { "select", "with", "values", "insert", "update",
		"delete", "pragma", "attach", "exists" };

	struct {
		SL_VEC(const char *);
	} names = { 0 };

	const char *near;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (token_is_word(name, statements[i]))
			return sl_error_set(parser->err, SL_EINVAL,
				"column %zu: '%s' has no place in an expression", name->column,
				name->text);
	}
	for (size_t i = 0; i < parser->check->n_vars; i++)
		*sl_vec_add_in(parser->check->arena, &names) = parser->check->vars[i].name;
	near = sl_nearest(name->text, names.at, names.len);
	if (near)
		return sl_error_set(parser->err, SL_EINVAL,
			"column %zu: unknown name '%.64s', did you mean '%s'?", name->column,
			name->text, near);
	return sl_error_set(parser->err, SL_EINVAL, "column %zu: unknown name '%.64s'",
		name->column, name->text);
}

static enum sl_code use_variable(struct parser *parser, const struct token *name,
	struct operand *out)
{
	const struct check *check = parser->check;

	for (size_t i = 0; i < check->n_vars; i++) {
		if (strcasecmp(check->vars[i].name, name->text) != 0)
			continue;
		check->used[i] = true;
		out->var = &check->vars[i];
		out->kind = (enum kind)check->vars[i].type;
		sl_escape_ident(check->out, check->vars[i].name, '"');
		return SL_OK;
	}
	return refuse_name(parser, name);
}

static bool is_keyword(const struct token *token)
{
	static const char *const words[] = { "or", "and", "not", "is", "in", "like", "between",
		"when", "then", "else", "end" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (token_is_word(token, words[i]))
			return true;
	}
	return false;
}

static enum sl_code parse_name(struct parser *parser, struct operand *out)
{
	struct token name = parser->now;
	enum sl_code code;

	if (is_keyword(&name))
		return unexpected(parser, "a value");
	if (token_is_word(&name, "null")) {
		out->kind = ANY;
		return pass(parser);
	}
	if (token_is_word(&name, "true") || token_is_word(&name, "false")) {
		out->kind = BOOL;
		return pass(parser);
	}
	code = advance(parser);
	if (code != SL_OK)
		return code;
	if (name.kind == TOKEN_NAME && at_sign(parser, "("))
		return parse_call(parser, &name, out);
	return use_variable(parser, &name, out);
}

/* CASE [value] WHEN ... THEN ... [WHEN ... THEN ...] [ELSE ...] END */
static enum sl_code parse_case(struct parser *parser, struct operand *out)
{
	struct operand value = { .kind = BOOL };
	struct operand part = { 0 };
	enum sl_code code = pass(parser);

	out->kind = ANY;
	if (code == SL_OK && !at_word(parser, "when"))
		code = parse_or(parser, &value);
	do {
		if (code == SL_OK)
			code = expect_word(parser, "when");
		if (code == SL_OK)
			code = parse_or(parser, &part);
		if (code == SL_OK)
			code = compare(parser, &value, &part);
		if (code == SL_OK)
			code = expect_word(parser, "then");
		if (code == SL_OK)
			code = parse_or(parser, &part);
		if (code == SL_OK)
			code = want(parser, &part, out->kind);
		out->kind = joined(out->kind, part.kind);
	} while (code == SL_OK && at_word(parser, "when"));
	if (code == SL_OK && at_word(parser, "else")) {
		code = pass(parser);
		if (code == SL_OK)
			code = parse_or(parser, &part);
		if (code == SL_OK)
			code = want(parser, &part, out->kind);
		out->kind = joined(out->kind, part.kind);
	}
	return code == SL_OK ? expect_word(parser, "end") : code;
}

static enum sl_code parse_brackets(struct parser *parser, struct operand *out)
{
	size_t column = parser->now.column;
	enum sl_code code = pass(parser);

	if (code == SL_OK)
		code = parse_or(parser, out);
	out->column = column;
	return code == SL_OK ? expect_sign(parser, ")") : code;
}

static enum sl_code parse_number(struct parser *parser, struct operand *out)
{
	out->kind = parser->now.kind == TOKEN_INT ? INT : REAL;
	return pass(parser);
}

static enum sl_code parse_text(struct parser *parser, struct operand *out)
{
	out->kind = TEXT;
	out->literal = parser->now.text;
	sl_escape_sql(parser->check->out, out->literal);
	return advance(parser);
}

static enum sl_code parse_primary(struct parser *parser, struct operand *out)
{
	*out = (struct operand){ .kind = ANY, .column = parser->now.column };
	switch (parser->now.kind) {
	case TOKEN_TEXT:
		return parse_text(parser, out);
	case TOKEN_INT:
	case TOKEN_REAL:
		return parse_number(parser, out);
	case TOKEN_NAME:
	case TOKEN_QUOTED:
		return at_word(parser, "case") ? parse_case(parser, out) : parse_name(parser, out);
	case TOKEN_SIGN:
		if (at_sign(parser, "("))
			return parse_brackets(parser, out);
		break;
	case TOKEN_END:
		break;
	}
	return unexpected(parser, "a value");
}

/* A value with its sign; a blank keeps "- -" from being a comment. */
static enum sl_code parse_unary(struct parser *parser, struct operand *out)
{
	size_t column = parser->now.column;
	bool sign = at_sign(parser, "-") || at_sign(parser, "+");
	enum sl_code code;

	if (!sign)
		return parse_primary(parser, out);
	if (++parser->depth > DEPTH_MAX)
		return sl_error_set(parser->err, SL_ELIMIT, "column %zu: nested too deeply",
			column);
	code = pass(parser);
	if (code == SL_OK)
		code = parse_unary(parser, out);
	if (code == SL_OK)
		code = want(parser, out, REAL);
	parser->depth--;
	*out = (struct operand){ .kind = out->kind, .column = column };
	return code;
}

/* The levels of operators that join two values of one kind, tightest first. */
static const struct level {
	const char *signs[3];
	enum kind kind;
} levels[] = {
	{ { "||" }, TEXT },
	{ { "*", "/", "%" }, REAL },
	{ { "+", "-" }, REAL },
};

#define TOP_LEVEL (sizeof(levels) / sizeof(levels[0]) - 1)

static bool at_level(const struct parser *parser, size_t level)
{
	for (size_t i = 0; i < 3 && levels[level].signs[i]; i++) {
		if (at_sign(parser, levels[level].signs[i]))
			return true;
	}
	return false;
}

static enum sl_code parse_level(struct parser *parser, size_t level, struct operand *out)
{
	enum sl_code code = level == 0 ? parse_unary(parser, out) :
					 parse_level(parser, level - 1, out);

	while (code == SL_OK && at_level(parser, level)) {
		struct operand right = { 0 };

		code = want(parser, out, levels[level].kind);
		if (code == SL_OK)
			code = pass(parser);
		if (code == SL_OK)
			code = level == 0 ? parse_unary(parser, &right) :
					    parse_level(parser, level - 1, &right);
		if (code == SL_OK)
			code = want(parser, &right, levels[level].kind);
		*out = (struct operand){ .kind = joined(out->kind, right.kind),
			.column = out->column };
	}
	return code;
}

/* Reads on behind an operator, compares, and leaves a truth value in left. */
static enum sl_code finish_comparison(struct parser *parser, struct operand *left,
	enum sl_code (*side)(struct parser *parser, struct operand *out))
{
	struct operand right = { 0 };
	enum sl_code code = pass(parser);

	if (code == SL_OK)
		code = side(parser, &right);
	if (code == SL_OK)
		code = compare(parser, left, &right);
	*left = (struct operand){ .kind = BOOL, .column = left->column };
	return code;
}

static enum sl_code parse_sum(struct parser *parser, struct operand *out)
{
	return parse_level(parser, TOP_LEVEL, out);
}

static enum sl_code parse_relation(struct parser *parser, struct operand *out)
{
	enum sl_code code = parse_sum(parser, out);

	while (code == SL_OK &&
		(at_sign(parser, "<") || at_sign(parser, "<=") || at_sign(parser, ">") ||
			at_sign(parser, ">=")))
		code = finish_comparison(parser, out, parse_sum);
	return code;
}

static enum sl_code parse_in(struct parser *parser, struct operand *left)
{
	enum sl_code code = pass(parser);

	if (code == SL_OK)
		code = expect_sign(parser, "(");
	while (code == SL_OK) {
		struct operand item = { 0 };

		code = parse_or(parser, &item);
		if (code == SL_OK)
			code = compare(parser, left, &item);
		if (code != SL_OK || !at_sign(parser, ","))
			break;
		code = pass(parser);
	}
	return code == SL_OK ? expect_sign(parser, ")") : code;
}

static enum sl_code parse_between(struct parser *parser, struct operand *left)
{
	struct operand low = { 0 };
	struct operand high = { 0 };
	enum sl_code code = pass(parser);

	if (code == SL_OK)
		code = parse_relation(parser, &low);
	if (code == SL_OK)
		code = compare(parser, left, &low);
	if (code == SL_OK)
		code = expect_word(parser, "and");
	if (code == SL_OK)
		code = parse_relation(parser, &high);
	return code == SL_OK ? compare(parser, left, &high) : code;
}

static enum sl_code parse_like(struct parser *parser, struct operand *left)
{
	struct operand right = { 0 };
	enum sl_code code = pass(parser);

	if (code == SL_OK)
		code = parse_relation(parser, &right);
	if (code == SL_OK)
		code = want(parser, left, TEXT);
	return code == SL_OK ? want(parser, &right, TEXT) : code;
}

/* IN, BETWEEN or LIKE, each perhaps behind NOT. */
static enum sl_code parse_worded(struct parser *parser, struct operand *left)
{
	enum sl_code code = at_word(parser, "not") ? pass(parser) : SL_OK;

	if (code != SL_OK)
		return code;
	if (at_word(parser, "in"))
		code = parse_in(parser, left);
	else if (at_word(parser, "between"))
		code = parse_between(parser, left);
	else if (at_word(parser, "like"))
		code = parse_like(parser, left);
	else
		code = unexpected(parser, "in, like or between");
	*left = (struct operand){ .kind = BOOL, .column = left->column };
	return code;
}

static enum sl_code parse_is(struct parser *parser, struct operand *left)
{
	struct operand right = { 0 };
	enum sl_code code = pass(parser);

	if (code == SL_OK && at_word(parser, "not"))
		code = pass(parser);
	if (code == SL_OK)
		code = parse_relation(parser, &right);
	if (code == SL_OK)
		code = compare(parser, left, &right);
	*left = (struct operand){ .kind = BOOL, .column = left->column };
	return code;
}

static enum sl_code parse_equality(struct parser *parser, struct operand *out)
{
	enum sl_code code = parse_relation(parser, out);

	while (code == SL_OK) {
		if (at_sign(parser, "=") || at_sign(parser, "==") || at_sign(parser, "<>") ||
			at_sign(parser, "!="))
			code = finish_comparison(parser, out, parse_relation);
		else if (at_word(parser, "is"))
			code = parse_is(parser, out);
		else if (at_word(parser, "not") || at_word(parser, "in") ||
			at_word(parser, "like") || at_word(parser, "between"))
			code = parse_worded(parser, out);
		else
			break;
	}
	return code;
}

static enum sl_code parse_not(struct parser *parser, struct operand *out)
{
	size_t column = parser->now.column;
	enum sl_code code;

	if (!at_word(parser, "not"))
		return parse_equality(parser, out);
	if (++parser->depth > DEPTH_MAX)
		return sl_error_set(parser->err, SL_ELIMIT, "column %zu: nested too deeply",
			column);
	code = pass(parser);
	if (code == SL_OK)
		code = parse_not(parser, out);
	if (code == SL_OK)
		code = want(parser, out, BOOL);
	parser->depth--;
	*out = (struct operand){ .kind = BOOL, .column = column };
	return code;
}

static enum sl_code parse_joined(struct parser *parser, struct operand *out, const char *word,
	enum sl_code (*side)(struct parser *parser, struct operand *out))
{
	enum sl_code code = side(parser, out);

	while (code == SL_OK && at_word(parser, word)) {
		struct operand right = { 0 };

		code = want(parser, out, BOOL);
		if (code == SL_OK)
			code = pass(parser);
		if (code == SL_OK)
			code = side(parser, &right);
		if (code == SL_OK)
			code = want(parser, &right, BOOL);
		*out = (struct operand){ .kind = BOOL, .column = out->column };
	}
	return code;
}

static enum sl_code parse_and(struct parser *parser, struct operand *out)
{
	return parse_joined(parser, out, "and", parse_not);
}

static enum sl_code parse_or(struct parser *parser, struct operand *out)
{
	enum sl_code code;

	if (++parser->depth > DEPTH_MAX)
		return sl_error_set(parser->err, SL_ELIMIT, "column %zu: nested too deeply",
			parser->now.column);
	code = parse_joined(parser, out, "or", parse_and);
	parser->depth--;
	return code;
}

enum sl_code check_expr(const struct check *check, const char *text, struct sl_error *err)
{
	struct parser parser = {
		.check = check,
		.lexer = { .start = text, .at = text, .arena = check->arena },
		.err = err,
	};
	struct operand whole = { 0 };
	enum sl_code code = advance(&parser);

	if (code == SL_OK)
		code = parse_or(&parser, &whole);
	if (code != SL_OK)
		return code;
	if (parser.now.kind != TOKEN_END)
		return sl_error_set(err, SL_EINVAL, "column %zu: '%.40s' has no place here",
			parser.now.column, parser.now.text);
	return want(&parser, &whole, BOOL);
}
