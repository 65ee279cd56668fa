#include "layout_int.h"

#include <string.h>
#include <strings.h>

/* One line of a file, and what it says to the tool. */
struct cursor {
	const struct text *text;
	size_t pos; /* behind the line */
	size_t start; /* of the line */
	unsigned line; /* its number, from 1 */
	struct text words; /* behind the marker, trimmed */
};

static struct text trim(struct text t)
{
	while (t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t'))
		t = (struct text){ t.at + 1, t.len - 1 };
	while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

static bool is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

/* "-- MARKER words" at the start of a line, blanks after the dashes or none. */
static bool marked(struct text line, const char *marker, struct text *words)
{
	size_t len = strlen(marker);
	struct text t = line;

	if (t.len < 2 || memcmp(t.at, "--", 2) != 0)
		return false;
	t = trim((struct text){ t.at + 2, t.len - 2 });
	if (t.len < len || memcmp(t.at, marker, len) != 0)
		return false;
	*words = trim((struct text){ t.at + len, t.len - len });
	return true;
}

/* Goes to the next line with the marker. */
static bool cursor_next(struct cursor *c, const char *marker)
{
	struct text line;

	for (;;) {
		c->start = c->pos;
		if (!text_line(c->text, &c->pos, &line))
			return false;
		c->line++;
		if (marked(line, marker, &c->words))
			return true;
	}
}

static bool has_marked(const struct text *text, const char *marker, const char *word)
{
	struct cursor c = { .text = text };

	while (cursor_next(&c, marker)) {
		if (c.words.len >= strlen(word) && strncasecmp(c.words.at, word, strlen(word)) == 0)
			return true;
	}
	return false;
}

bool section_is_goose(const struct text *text)
{
	return has_marked(text, "+goose", "up");
}

bool section_is_dbmate(const struct text *text)
{
	return has_marked(text, "migrate:", "up");
}

static bool bad(struct reader *r, const struct entry *entry, unsigned line, const char *remedy,
	const char *message)
{
	problem_add(r, SL_LAYOUT_BAD_DIRECTIVE, entry->path, line, remedy, "%s", message);
	return false;
}

/* Where the up section begins, or the down section ends it. */
static bool begin_up(struct section *out, struct reader *r, const struct entry *entry,
	const struct cursor *c)
{
	if (out->up)
		return bad(r, entry, c->line, "keep one", "a second up section");
	if (out->down)
		return bad(r, entry, c->line, "put the up section first",
			"the up section stands behind the down section");
	if (text_has_statement(c->text->at, c->start, r->dialect))
		return bad(r, entry, c->line, "move it below the line",
			"SQL stands before the up section");
	out->up = c->text->at + c->pos;
	out->up_len = c->text->len - c->pos;
	out->first_line = c->line + 1;
	return true;
}

static bool begin_down(struct section *out, struct reader *r, const struct entry *entry,
	const struct cursor *c)
{
	if (!out->up)
		return bad(r, entry, c->line, "put the up section first",
			"a down section without an up section before it");
	if (out->down)
		return bad(r, entry, c->line, "keep one", "a second down section");
	out->up_len = (size_t)(c->text->at + c->start - out->up);
	out->down = c->text->at + c->pos;
	out->down_len = c->text->len - c->pos;
	return true;
}

/* line of the StatementBegin that is open, 0 when none is. */
static bool goose_block(struct section *out, struct reader *r, const struct entry *entry,
	const struct cursor *c, unsigned *open)
{
	bool begins = is_word(c->words, "StatementBegin");

	if (begins == (*open > 0))
		return bad(r, entry, c->line, "pair StatementBegin with StatementEnd",
			begins ? "StatementBegin inside a statement" :
				 "StatementEnd without StatementBegin");
	*open = begins ? c->line : 0;
	if (!out->down)
		out->statement_blocks = true;
	return true;
}

static bool goose_line(struct section *out, struct reader *r, const struct entry *entry,
	const struct cursor *c, unsigned *open)
{
	if (is_word(c->words, "StatementBegin") || is_word(c->words, "StatementEnd"))
		return goose_block(out, r, entry, c, open);
	if (is_word(c->words, "Up"))
		return begin_up(out, r, entry, c);
	if (is_word(c->words, "Down"))
		return begin_down(out, r, entry, c);
	if (is_word(c->words, "NO TRANSACTION")) {
		out->no_transaction = true;
		return true;
	}
	if (is_word(c->words, "ENVSUB OFF"))
		return true;
	if (is_word(c->words, "ENVSUB ON")) {
		problem_add(r, SL_LAYOUT_UNSUPPORTED, entry->path, c->line,
			"write the values into the file",
			"environment variables in SQL (ENVSUB) are not read");
		return false;
	}
	return bad(r, entry, c->line,
		"use Up, Down, StatementBegin, StatementEnd or NO TRANSACTION",
		"an unknown +goose line");
}

static bool goose(struct section *out, struct reader *r, const struct entry *entry,
	const struct text *text)
{
	struct cursor c = { .text = text };
	unsigned open = 0;

	while (cursor_next(&c, "+goose")) {
		if (!goose_line(out, r, entry, &c, &open))
			return false;
	}
	if (open > 0)
		return bad(r, entry, open, "add -- +goose StatementEnd",
			"StatementBegin without StatementEnd");
	if (!out->up)
		return bad(r, entry, 0, "add a line -- +goose Up before the statements",
			"no up section");
	return true;
}

/* "up transaction:false" behind "migrate:". */
static bool dbmate_line(struct section *out, struct reader *r, const struct entry *entry,
	const struct cursor *c)
{
	struct text options = c->words;
	size_t word = 0;

	while (word < options.len && options.at[word] != ' ' && options.at[word] != '\t')
		word++;
	options = trim((struct text){ options.at + word, options.len - word });
	if (options.len > 0 && !is_word(options, "transaction:false") &&
		!is_word(options, "transaction:true"))
		return bad(r, entry, c->line, "the only option is transaction:false",
			"an unknown option of a migrate: line");
	if (is_word((struct text){ c->words.at, word }, "down"))
		return begin_down(out, r, entry, c);
	if (!is_word((struct text){ c->words.at, word }, "up"))
		return bad(r, entry, c->line, "use migrate:up or migrate:down",
			"an unknown migrate: line");
	out->no_transaction = is_word(options, "transaction:false");
	return begin_up(out, r, entry, c);
}

static bool dbmate(struct section *out, struct reader *r, const struct entry *entry,
	const struct text *text)
{
	struct cursor c = { .text = text };

	while (cursor_next(&c, "migrate:")) {
		if (!dbmate_line(out, r, entry, &c))
			return false;
	}
	if (!out->up)
		return bad(r, entry, 0, "add a line -- migrate:up before the statements",
			"no up section");
	return true;
}

bool section_is_sqlx(const struct sl_layout_file *file)
{
	const struct text text = { file->data, file->len };
	struct text line, words;
	size_t pos = 0;

	return text_line(&text, &pos, &line) && marked(line, "no-transaction", &words) &&
		words.len == 0;
}

/* The whole file runs.  Two tools that number their files as plain ones do say "no transaction"
 * in a comment: sqlx on the first line, Atlas in the head. */
static bool whole(struct section *out, const struct text *text)
{
	struct text line = { "", 0 };
	struct text words;
	size_t pos = 0;

	*out = (struct section){ .up = text->at, .up_len = text->len, .first_line = 1 };
	if (text_line(text, &pos, &line) && marked(line, "no-transaction", &words))
		out->no_transaction = words.len == 0;
	pos = 0;
	while (text_line(text, &pos, &line) && line.len >= 2 && memcmp(line.at, "--", 2) == 0) {
		if (marked(line, "atlas:txmode", &words) && is_word(words, "none"))
			out->no_transaction = true;
	}
	return true;
}

bool section_read(struct section *out, struct reader *r, const struct entry *entry,
	const struct text *text)
{
	*out = (struct section){ 0 };
	if (r->kind == SL_LAYOUT_GOOSE)
		return goose(out, r, entry, text);
	if (r->kind == SL_LAYOUT_DBMATE)
		return dbmate(out, r, entry, text);
	return whole(out, text);
}
