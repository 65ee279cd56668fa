/* The rows as chapters of a manual page. */
#include "sluice/config/option.h"

#include "sluice/core/escape.h"
#include "tree.h"

static void add_row(const struct sl_option *row, struct sl_buf *out)
{
	sl_auto_buf struct sl_buf range = SL_BUF_INIT(2048);

	option_range(row, &range);
	sl_buf_adds(out, ".TP\n\\fB");
	sl_escape_roff(out, row->path);
	sl_buf_addf(out, "\\fR (%s%s", option_type_name(row->type), range.len > 0 ? ": " : "");
	sl_escape_roff(out, sl_buf_str(&range));
	sl_buf_addf(out, "%s)\n", row->flags & SL_OPTION_REQUIRED ? "; required" : "");
	sl_escape_roff(out, row->doc);
	if (row->fallback) {
		sl_buf_adds(out, "\nDefault: \\fB");
		sl_escape_roff(out, row->fallback[0] ? row->fallback : "\"\"");
		sl_buf_adds(out, "\\fR.");
	}
	sl_buf_adds(out,
		row->flags & SL_OPTION_RESTART ? "\nTakes effect at the next start.\n" : "\n");
}

void sl_option_roff(const struct sl_option_set *set, struct sl_buf *out)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct option_node *root = option_tree(arena, set);

	for (size_t i = 0; i < root->keys.len; i++) {
		const struct option_node *section = root->keys.at[i];

		if (option_has_flag(section, SL_OPTION_LATER))
			continue;
		sl_buf_addf(out, ".SH %s\n", section->name);
		if (section->row && section->row->type == SL_OPTION_SECTION) {
			sl_escape_roff(out, section->row->doc);
			sl_buf_addc(out, '\n');
		}
		option_rows(section, add_row, out);
	}
}
