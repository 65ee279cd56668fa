/* The only escapers of the house.  Each appends to a bounded buffer, unless it says otherwise. */
#ifndef SLUICE_CORE_ESCAPE_H
#define SLUICE_CORE_ESCAPE_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"

/* For text and for attribute values in either quotes.  Control characters and marks that turn the
 * direction of the text around become visible (\u202e). */
void sl_escape_html(struct sl_buf *out, const char *s);

/* One path segment or query value (RFC 3986 unreserved kept). */
void sl_escape_url(struct sl_buf *out, const char *s);

/* "name" or `name`, the quote doubled inside: an SQL identifier.  quote is '"' or '`'. */
void sl_escape_ident(struct sl_buf *out, const char *s, char quote);

/* 'text', quotes doubled: an SQL string constant (standard_conforming_strings on). */
void sl_escape_sql(struct sl_buf *out, const char *s);

/* One word for a POSIX shell, whatever is in it; in quotes only where it needs them. */
void sl_escape_shell(struct sl_buf *out, const char *s);

/* The same as a text of the arena's, for a command that somebody will copy. */
const char *sl_shell_word(struct sl_arena *arena, const char *s);

/* Markdown in a table cell: no mention, link, HTML, pipe or line break survives as such; controls
 * and marks that turn the text around become visible, as in HTML. */
void sl_escape_markdown(struct sl_buf *out, const char *s);

/* Text of a manual page, for man(7): one line, no request, no escape, quotes as they are. */
void sl_escape_roff(struct sl_buf *out, const char *s);

/* Between backquotes or in a fenced block of Markdown: the same become visible; the ASCII
 * characters of `without`, which would end it, are left out. */
void sl_escape_code(struct sl_buf *out, const char *s, const char *without);

/* A line for a terminal: control bytes and broken UTF-8 shown as \xHH. */
void sl_escape_terminal(struct sl_buf *out, const char *s, size_t len);

#endif
