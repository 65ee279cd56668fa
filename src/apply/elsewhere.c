#include "sluice/apply/elsewhere.h"

#include "history_int.h"

static const struct sl_elsewhere_file *all_absent(struct sl_arena *arena, size_t n)
{
	struct sl_elsewhere_file *files = sl_arena_calloc(arena, n + 1, sizeof(*files));

	for (size_t i = 0; i < n; i++)
		files[i] = (struct sl_elsewhere_file){ SL_ELSEWHERE_ABSENT, "", "" };
	return files;
}

/* Rows that belong to no file of the set, which cannot be known to be harmless. */
static const char *odd_rows(const struct history *history, struct sl_arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; i < history->len; i++)
		n += history->rows[i].is_file;
	return n > 1 ?
		sl_arena_printf(arena, "the history of %s (%s) has %zu rows where it keeps one",
			history->tool->name, history->shown, n) :
		"";
}

/* golang-migrate says one version for all: while that one is dirty, none below it is known. */
static void spread_failure(const struct history *history, const struct sl_migration_set *set,
	struct sl_elsewhere_file *files)
{
	if (history->len != 1 || !history->rows[0].is_file ||
		history->rows[0].verdict != HISTORY_FAILED)
		return;
	for (size_t i = 0; i < set->len && files[i].state == SL_ELSEWHERE_ABSENT; i++)
		files[i].state = SL_ELSEWHERE_FAILED;
}

static void weigh(struct sl_elsewhere *out, struct sl_arena *arena, const struct history *history,
	const struct sl_migration_set *set)
{
	struct sl_elsewhere_file *files = sl_arena_calloc(arena, set->len + 1, sizeof(*files));
	struct history_meaning meaning;

	out->trouble = odd_rows(history, arena);
	if (out->trouble[0] != '\0')
		return;
	apply_history_weigh(&meaning, arena, history, set, SL_APPLY_ANY_ORDER);
	for (size_t i = 0; i < set->len; i++)
		files[i] = meaning.files[i];
	spread_failure(history, set, files);
	out->files = files;
}

static enum sl_code read_history(struct sl_elsewhere *out, struct sl_arena *arena,
	struct sl_conn *conn, const struct sl_migration_set *set, const char *layout,
	struct sl_error *err)
{
	struct sl_error cause = SL_ERROR_INIT;
	struct history history;
	enum sl_code code = apply_history_read(&history, conn, arena, layout, &cause);

	if (code == SL_ECONFLICT) {
		out->trouble = sl_arena_strdup(arena, cause.msg);
		return SL_OK;
	}
	if (code != SL_OK)
		return sl_error_set(err, code, "%s", cause.msg);
	if (!history.tool)
		return SL_OK;
	out->tool = history.tool->name;
	out->table = history.shown;
	out->mend = history.tool->mend ? history.tool->mend : "";
	if (history.tool->select)
		weigh(out, arena, &history, set);
	else
		out->trouble = sl_arena_printf(arena, "the history of %s (%s) is not read",
			out->tool, out->table);
	return SL_OK;
}

enum sl_code sl_apply_elsewhere(const struct sl_conn_spec *target,
	const struct sl_migration_set *set, const char *layout, struct sl_elsewhere *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	enum sl_code code = apply_open_for_reading(&conn, target, err);

	if (code != SL_OK)
		return code;
	*out = (struct sl_elsewhere){ .tool = "",
		.table = "",
		.mend = "",
		.trouble = "",
		.files = all_absent(arena, set->len) };
	code = read_history(out, arena, conn, set, layout, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", target->url.text);
}
