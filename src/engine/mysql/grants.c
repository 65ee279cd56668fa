/* What a login may see: objects that it has no right on are not shown at all, so a catalogue would
 * shrink in silence. */
#include "read.h"

#include "grants.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <string.h>

/* Rights that show a kind of object each; of the last three, which all show routines, one will do.
 */
static const char *const needed[] = { "SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE",
	"ALTER ROUTINE", "CREATE ROUTINE" };

#define NEEDED  (sizeof(needed) / sizeof(needed[0]))
#define ROUTINE (NEEDED - 3)

/* The pattern of a grant: % and _ stand for anything, a backslash takes their meaning away. */
static bool matches(const char *pattern, const char *name)
{
	for (; *pattern != '\0'; pattern++, name++) {
		if (*pattern == '%') {
			for (; *name != '\0'; name++)
				if (matches(pattern + 1, name))
					return true;
			return pattern[1] == '\0';
		}
		if (*pattern == '\\' && pattern[1] != '\0')
			pattern++;
		else if (*pattern == '_' && *name != '\0')
			continue;
		if (*pattern != *name)
			return false;
	}
	return *name == '\0';
}

/* ON *.* or ON `pattern`.*; i is behind ON. */
static bool covers(const struct sl_my_tokens *t, size_t i)
{
	const char *text = sl_my_text(t, i, i + 3);

	if (sl_str_eq(text, "*.*"))
		return true;
	return sl_my_is_name(t, i) && sl_str_ends(text, ".*") &&
		matches(sl_my_name(t, i), t->read->database);
}

/* GRANT a, b c ON x.* TO y: which of the needed rights it gives. */
static void read_grant(struct sl_my_read *read, const char *grant, bool has[NEEDED])
{
	struct sl_my_tokens t = sl_my_tokens(read, grant);
	size_t on = 1;

	while (on < t.len && !sl_my_is(&t, on, "on"))
		on++;
	if (!sl_my_is(&t, 0, "grant") || on == t.len || !covers(&t, on + 1))
		return;
	for (size_t i = 1; i < on;) {
		size_t end = i;
		const char *words;

		while (end < on && !sl_my_is_char(&t, end, ','))
			end++;
		words = sl_my_text(&t, i, end);
		for (size_t n = 0; n < NEEDED; n++)
			has[n] = has[n] || sl_str_eq(words, needed[n]) ||
				sl_str_eq(words, "ALL PRIVILEGES");
		i = end + 1;
	}
}

enum sl_code sl_my_check_grants(struct sl_my_read *read, struct sl_error *err)
{
	sl_auto_buf struct sl_buf missing = SL_BUF_INIT(400);
	struct sl_rows rows = { 0 };
	bool has[NEEDED] = { false };
	enum sl_code code = sl_my_query(&read->conn->base, &rows, read->arena, "SHOW GRANTS", err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < rows.len; i++)
		read_grant(read, sl_rows_cell(&rows, i, 0), has);
	for (size_t n = ROUTINE; n < NEEDED; n++)
		has[ROUTINE] = has[ROUTINE] || has[n];
	for (size_t n = 0; n <= ROUTINE; n++)
		if (!has[n])
			sl_buf_addf(&missing, "%s%s", missing.len > 0 ? ", " : "", needed[n]);
	if (missing.len == 0)
		return SL_OK;
	return sl_error_set(err, SL_EDENIED,
		"the login does not see the whole database: GRANT %s ON `%s`.* TO it",
		sl_buf_str(&missing), read->database);
}
