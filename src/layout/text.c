#include "layout_int.h"

#include "sluice/core/utf8.h"

#include <string.h>

static const char save_as_utf8[] = "save the file as UTF-8 text";

static unsigned line_of(const struct text *text, size_t pos)
{
	unsigned line = 1;

	for (size_t i = 0; i < pos; i++) {
		if (text->at[i] == '\n')
			line++;
	}
	return line;
}

bool text_is_utf16(const struct text *text)
{
	return text->len >= 2 &&
		(memcmp(text->at, "\xff\xfe", 2) == 0 || memcmp(text->at, "\xfe\xff", 2) == 0);
}

struct text text_behind_mark(struct text text)
{
	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		text = (struct text){ text.at + 3, text.len - 3 };
	return text;
}

bool text_is_clean(struct reader *r, const char *path, const struct text_faults *faults)
{
	if (faults->utf16)
		problem_add(r, SL_LAYOUT_UNREADABLE, path, 0, save_as_utf8, "the file is UTF-16");
	else if (faults->nul_line > 0)
		problem_add(r, SL_LAYOUT_UNREADABLE, path, faults->nul_line, save_as_utf8,
			"the file holds a NUL byte");
	else if (faults->invalid_line > 0)
		problem_add(r, SL_LAYOUT_UNREADABLE, path, faults->invalid_line, save_as_utf8,
			"the file is not UTF-8 text");
	else
		return true;
	return false;
}

static struct text_faults faults_of(const struct text *text)
{
	const char *nul = text->len > 0 ? memchr(text->at, '\0', text->len) : NULL;
	size_t valid = nul ? 0 : sl_utf8_valid_prefix(text->at, text->len);
	struct text_faults faults = { .utf16 = false };

	if (nul)
		faults.nul_line = line_of(text, (size_t)(nul - text->at));
	else if (valid < text->len)
		faults.invalid_line = line_of(text, valid);
	return faults;
}

bool text_check(struct text *out, struct reader *r, const struct entry *entry)
{
	struct text text = { entry->file->data, entry->file->len };
	struct text_faults faults = { .utf16 = text_is_utf16(&text) };

	if (text.len > SL_LAYOUT_FILE_LIMIT && !r->any_size) {
		problem_add(r, SL_LAYOUT_UNREADABLE, entry->path, 0, "split it into several files",
			"the file has %zu bytes, more than %u", text.len, SL_LAYOUT_FILE_LIMIT);
		return false;
	}
	text = text_behind_mark(text);
	if (!faults.utf16)
		faults = faults_of(&text);
	if (!text_is_clean(r, entry->path, &faults))
		return false;
	*out = text;
	return true;
}

bool text_line(const struct text *text, size_t *pos, struct text *line)
{
	const char *start = text->at + *pos;
	size_t rest = text->len - *pos;
	const char *end;

	if (rest == 0)
		return false;
	end = memchr(start, '\n', rest);
	line->at = start;
	line->len = end ? (size_t)(end - start) : rest;
	*pos += end ? line->len + 1 : rest;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == ';';
}

static bool has_hash_comments(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_MYSQL || dialect == SL_DIALECT_MARIADB;
}

static size_t skip_line(const char *at, size_t len)
{
	const char *end = memchr(at, '\n', len);

	return end ? (size_t)(end - at) + 1 : len;
}

/* From the opening slash; the whole rest when it is never closed. */
static size_t skip_block(const char *at, size_t len, bool nested)
{
	size_t depth = 1;
	size_t i = 2;

	while (i + 1 < len && depth > 0) {
		if (at[i] == '*' && at[i + 1] == '/') {
			depth--;
			i += 2;
		} else if (nested && at[i] == '/' && at[i + 1] == '*') {
			depth++;
			i += 2;
		} else {
			i++;
		}
	}
	return depth > 0 ? len : i;
}

/* The length of the comment or blank at the start; 0 when a statement begins here.  MySQL runs
 * what stands in an executable comment. */
static size_t skip_nothing(const char *at, size_t len, enum sl_dialect dialect)
{
	if (is_blank(at[0]))
		return 1;
	if (at[0] == '#' && has_hash_comments(dialect))
		return skip_line(at, len);
	if (len < 2)
		return 0;
	if (at[0] == '-' && at[1] == '-')
		return skip_line(at, len);
	if (at[0] != '/' || at[1] != '*')
		return 0;
	if (has_hash_comments(dialect) && len > 2 && (at[2] == '!' || at[2] == 'M'))
		return 0;
	return skip_block(at, len, dialect == SL_DIALECT_POSTGRES);
}

bool text_has_statement(const char *at, size_t len, enum sl_dialect dialect)
{
	while (len > 0) {
		size_t skipped = skip_nothing(at, len, dialect);

		if (skipped == 0)
			return true;
		at += skipped;
		len -= skipped;
	}
	return false;
}
