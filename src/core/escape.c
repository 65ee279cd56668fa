#include "sluice/core/escape.h"

#include "sluice/core/utf8.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* C0, DEL, C1 and the marks that turn the direction of the text around: for a terminal orders, for
 * a reader on a page a way to be shown something else than what is there. */
static bool moves_the_text(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
		(point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static const char *html_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* What would hide or turn around the text beside it is shown as what it is: people approve what
 * they see. */
void sl_escape_html(struct sl_buf *out, const char *s)
{
	const char *end = s + strlen(s);
	size_t size = 0;

	for (; s < end; s += size) {
		const char *entity = html_entity(*s);
		uint32_t point = sl_utf8_decode(s, (size_t)(end - s), &size);

		if (entity)
			sl_buf_adds(out, entity);
		else if ((moves_the_text(point) && !strchr("\t\n\r", *s)) || point == 0xfffe ||
			point == 0xffff) /* no characters of XML */
			sl_buf_addf(out, "\\u%04x", (unsigned)point);
		else
			sl_buf_add(out, s, size);
	}
}

void sl_escape_url(struct sl_buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_alnum(*s) || strchr("-._~", *s))
			sl_buf_addc(out, *s);
		else
			sl_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

static void quoted(struct sl_buf *out, const char *s, char quote)
{
	sl_buf_addc(out, quote);
	for (; *s != '\0'; s++) {
		if (*s == quote)
			sl_buf_addc(out, quote);
		sl_buf_addc(out, *s);
	}
	sl_buf_addc(out, quote);
}

void sl_escape_ident(struct sl_buf *out, const char *s, char quote)
{
	quoted(out, s, quote);
}

void sl_escape_sql(struct sl_buf *out, const char *s)
{
	quoted(out, s, '\'');
}

static bool is_plain_word(const char *s)
{
	const char *first = s;

	while (is_alnum(*s) || (*s != '\0' && strchr("_./:@%+=,", *s)) || (*s == '-' && s > first))
		s++;
	return *s == '\0' && s > first;
}

void sl_escape_shell(struct sl_buf *out, const char *s)
{
	if (is_plain_word(s)) {
		sl_buf_adds(out, s);
		return;
	}
	sl_buf_addc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			sl_buf_adds(out, "'\\'");
		sl_buf_addc(out, *s);
	}
	sl_buf_addc(out, '\'');
}

const char *sl_shell_word(struct sl_arena *arena, const char *s)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4 * strlen(s) + 3);

	sl_escape_shell(&out, s);
	return sl_arena_strdup(arena, sl_buf_str(&out));
}

/* Every ASCII punctuation that CommonMark or a host's dialect could read, as an entity: hosts treat
 * "\@" and "\#" as the plain character and would still mention somebody. */
void sl_escape_markdown(struct sl_buf *out, const char *s)
{
	const char *end = s + strlen(s);
	size_t size = 0;

	for (; s < end; s += size) {
		uint32_t point = sl_utf8_decode(s, (size_t)(end - s), &size);

		if (strchr("\n\r\t", *s))
			sl_buf_addc(out, ' ');
		else if (moves_the_text(point))
			sl_buf_addf(out, "&#92;u%04x", (unsigned)point);
		else if (strchr("&<>\"'`*_{}[]()#+-!|~@:\\$^=", *s))
			sl_buf_addf(out, "&#%u;", (unsigned)point);
		else
			sl_buf_add(out, s, size);
	}
}

/* Nothing is markup there; what turns the text around would do it all the same. */
void sl_escape_code(struct sl_buf *out, const char *s, const char *without)
{
	const char *end = s + strlen(s);
	size_t size = 0;

	for (; s < end; s += size) {
		uint32_t point = sl_utf8_decode(s, (size_t)(end - s), &size);

		if (strchr(without, *s))
			continue;
		if (moves_the_text(point) && !strchr("\t\n\r", *s))
			sl_buf_addf(out, "\\u%04x", (unsigned)point);
		else
			sl_buf_add(out, s, size);
	}
}

void sl_escape_terminal(struct sl_buf *out, const char *s, size_t len)
{
	size_t size = 0;

	for (size_t at = 0; at < len; at += size) {
		uint32_t point = sl_utf8_decode(s + at, len - at, &size);
		bool broken = sl_utf8_valid_prefix(s + at, size) != size;

		if (!broken && !moves_the_text(point)) {
			sl_buf_add(out, s + at, size);
			continue;
		}
		for (size_t i = 0; i < size; i++)
			sl_buf_addf(out, "\\x%02x", (unsigned)(unsigned char)s[at + i]);
	}
}

static const char *roff_escape(char c)
{
	switch (c) {
	case '\\':
		return "\\(rs";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '"':
		return "\\(dq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	case '\n':
		return " ";
	default:
		return NULL;
	}
}

void sl_escape_roff(struct sl_buf *out, const char *s)
{
	if (*s == '.')
		sl_buf_adds(out, "\\&");
	for (; *s != '\0'; s++) {
		const char *escape = roff_escape(*s);

		if (escape)
			sl_buf_adds(out, escape);
		else
			sl_buf_addc(out, *s);
	}
}
