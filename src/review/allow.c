#include "allow.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <string.h>

#define MARK      "sluice:allow"
#define MARK_FILE "sluice:allow-file"

struct part {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct part trim(struct part p)
{
	while (p.len > 0 && is_blank(p.at[0]))
		p = (struct part){ p.at + 1, p.len - 1 };
	while (p.len > 0 && is_blank(p.at[p.len - 1]))
		p.len--;
	return p;
}

/* What stands between the comment's marks. */
static struct part inside(const char *text)
{
	struct part p = { text, strlen(text) };

	if (p.len >= 2 && p.at[0] == '-' && p.at[1] == '-') {
		p = (struct part){ p.at + 2, p.len - 2 };
	} else if (p.len >= 2 && p.at[0] == '/' && p.at[1] == '*') {
		p = (struct part){ p.at + 2, p.len - 2 };
		if (p.len >= 2 && p.at[p.len - 2] == '*' && p.at[p.len - 1] == '/')
			p.len -= 2;
	} else if (p.len >= 1 && p.at[0] == '#') {
		p = (struct part){ p.at + 1, p.len - 1 };
	}
	return trim(p);
}

static bool take_mark(struct part *p, const char *mark)
{
	size_t len = strlen(mark);

	if (p->len < len || memcmp(p->at, mark, len) != 0)
		return false;
	if (p->len > len && !is_blank(p->at[len]))
		return false;
	*p = trim((struct part){ p->at + len, p->len - len });
	return true;
}

/* Up to the next blank, or up to the separator. */
static struct part take_until(struct part *p, char separator)
{
	struct part word = { p->at, 0 };

	while (word.len < p->len && p->at[word.len] != separator &&
		!(separator == ' ' && is_blank(p->at[word.len])))
		word.len++;
	*p = (struct part){ p->at + word.len, p->len - word.len };
	return word;
}

static const char *wrong_of(struct sl_arena *arena, const struct allow *allow, bool misplaced)
{
	const struct sl_rule *near;

	if (allow->word[0] == '\0')
		return "it names no rule";
	if (!allow->rule) {
		near = sl_rule_nearest(allow->word);
		return near ? sl_arena_printf(arena, "unknown rule %s, did you mean %s?",
				      allow->word, near->id) :
			      sl_arena_printf(arena, "unknown rule %s", allow->word);
	}
	if (sl_str_eq(allow->rule->id, "syntax-error"))
		return "a statement that cannot be parsed cannot be accepted";
	if (allow->reason[0] == '\0')
		return sl_arena_printf(arena, "it gives no reason for %s", allow->word);
	if (misplaced)
		return "sluice:allow-file stands before the first statement";
	return NULL;
}

static void comment_read(struct allows *out, struct sl_arena *arena,
	const struct sl_statement_text *statement, const struct sl_sql_comment *comment)
{
	struct part text = inside(comment->text);
	bool file = take_mark(&text, MARK_FILE);
	bool misplaced = file && statement->number > 1;
	struct part rules;
	struct part reason;

	if (!file && !take_mark(&text, MARK))
		return;
	rules = take_until(&text, ' ');
	reason = trim(text);
	do {
		struct part word = take_until(&rules, ',');
		struct allow allow = {
			.word = sl_arena_strndup(arena, word.at, word.len),
			.reason = sl_arena_strndup(arena, reason.at, reason.len),
			.statement = file ? 0 : statement->number,
			.at = comment->at,
			.end = comment->at,
		};

		allow.end.column += (unsigned)sl_utf8_count(comment->text, strlen(comment->text));
		allow.rule = sl_rule_find(allow.word);
		allow.wrong = wrong_of(arena, &allow, misplaced);
		if (allow.wrong)
			allow.rule = NULL;
		*sl_vec_add(out) = allow;
		if (rules.len > 0)
			rules = (struct part){ rules.at + 1, rules.len - 1 };
	} while (rules.len > 0);
}

void allows_read(struct allows *out, struct sl_arena *arena,
	const struct sl_statement_text *statement)
{
	for (size_t i = 0; i < statement->comments_len; i++)
		comment_read(out, arena, statement, &statement->comments[i]);
}

struct allow *allows_find(const struct allows *allows, const struct sl_rule *rule,
	unsigned statement)
{
	for (size_t i = 0; i < allows->len; i++) {
		struct allow *allow = &allows->at[i];

		if (allow->rule == rule && (allow->statement == 0 || allow->statement == statement))
			return allow;
	}
	return NULL;
}
