#include "history_int.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct weighing {
	struct history_meaning *out;
	struct sl_arena *arena;
	const struct history *history;
	const struct sl_migration_set *set;
	struct sl_map *rows; /* by key: the row that counts */
	struct sl_map *files; /* by key */
	const char *up_to; /* canonical, or NULL */
	bool any_order;
};

static void add_text(struct weighing *w, struct history_texts *texts, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_text(struct weighing *w, struct history_texts *texts, const char *fmt, ...)
{
	char text[SL_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	texts->at = sl_vec_reserve_in(w->arena, texts->at, texts->len, &texts->cap,
		sizeof(*texts->at));
	texts->at[texts->len++] = sl_arena_strdup(w->arena, text);
}

static const char *key_of(struct weighing *w, enum sl_migration_kind kind, const char *key)
{
	return sl_arena_printf(w->arena, "%d %s", (int)kind, key);
}

/* R__views.sql, in whatever folder: views. */
static const char *repeatable_key(struct weighing *w, const char *script)
{
	const char *slash = strrchr(script, '/');
	const char *base = slash ? slash + 1 : script;
	size_t len = strlen(base);

	if (sl_str_starts(base, "R__"))
		base += 3;
	len = strlen(base);
	if (sl_str_ends(base, ".sql"))
		len -= 4;
	return sl_arena_strndup(w->arena, base, len);
}

static const char *row_key(struct weighing *w, const struct history_row *row)
{
	const char *version;

	if (!row->version)
		return key_of(w, SL_MIGRATION_REPEATABLE, repeatable_key(w, row->name));
	version = sl_version_canonical(w->arena, row->version, strlen(row->version));
	return version ? key_of(w, SL_MIGRATION_VERSION, version) : NULL;
}

static void raise_floor(struct weighing *w, const struct history_row *row)
{
	const char *version = sl_version_canonical(w->arena, row->version, strlen(row->version));

	if (row->verdict == HISTORY_UP_TO && version &&
		(!w->up_to || sl_version_compare(version, w->up_to) > 0))
		w->up_to = version;
}

static void index_rows(struct weighing *w)
{
	for (size_t i = 0; i < w->history->len; i++) {
		const struct history_row *row = &w->history->rows[i];
		const char *key = row->verdict == HISTORY_NOTHING ? NULL : row_key(w, row);

		if (row->verdict == HISTORY_NOTHING)
			continue;
		if (!key) {
			add_text(w, &w->out->problems,
				"'%.80s' is no version that a file can have; correct or delete that "
				"row",
				row->name);
			continue;
		}
		if (row->version)
			raise_floor(w, row);
		(void)sl_map_put(w->rows, key, (void *)(uintptr_t)row);
	}
}

static void index_files(struct weighing *w)
{
	for (size_t i = 0; i < w->set->len; i++)
		(void)sl_map_put(w->files, key_of(w, w->set->at[i].kind, w->set->at[i].key),
			(void *)(uintptr_t)&w->set->at[i]);
}

/* --- the files ------------------------------------------------------------------------------ */

static void say_failed(struct weighing *w, const char *what)
{
	add_text(w, &w->out->problems, "%s: %s has it as failed or unfinished; %s", what,
		w->history->tool->name, w->history->tool->mend);
}

/* Whether the file is what ran; of a file in sections only a part is at hand: there is nothing to
 * compare. */
static bool is_unchanged(const struct weighing *w, const struct sl_migration *m,
	const struct history_row *row)
{
	const struct history_tool *tool = w->history->tool;

	return !tool->same || !row->checksum || tool->same(row->checksum, m) ||
		(m->kind == SL_MIGRATION_VERSION && m->first_line > 1);
}

/* Every version up to the one row is there; or may be, where that one failed. */
static bool is_below(const struct sl_migration *m, const char *version)
{
	return version && m->kind == SL_MIGRATION_VERSION &&
		sl_version_compare(m->key, version) <= 0;
}

static enum sl_elsewhere_state state_of(const struct weighing *w, const struct sl_migration *m,
	const struct history_row *row)
{
	if (!row)
		return is_below(m, w->up_to) ? SL_ELSEWHERE_APPLIED : SL_ELSEWHERE_ABSENT;
	switch (row->verdict) {
	case HISTORY_APPLIED:
		if (is_unchanged(w, m, row))
			return SL_ELSEWHERE_APPLIED;
		/* a repeatable one that changed runs again, that is its nature */
		return m->kind == SL_MIGRATION_VERSION ? SL_ELSEWHERE_EDITED : SL_ELSEWHERE_ABSENT;
	case HISTORY_FAILED:
		return SL_ELSEWHERE_FAILED;
	case HISTORY_UNDONE:
		return SL_ELSEWHERE_UNDONE;
	case HISTORY_UP_TO:
	case HISTORY_NOTHING:
		break;
	}
	return is_below(m, w->up_to) ? SL_ELSEWHERE_APPLIED : SL_ELSEWHERE_ABSENT;
}

static void say_problem(struct weighing *w, const struct sl_migration *m,
	enum sl_elsewhere_state state)
{
	if (state == SL_ELSEWHERE_FAILED)
		say_failed(w, m->path);
	else if (state == SL_ELSEWHERE_EDITED)
		add_text(w, &w->out->problems,
			"%s: it was edited after %s applied it; put the content back that was applied",
			m->path, w->history->tool->name);
}

static void divide(struct weighing *w)
{
	struct history_meaning *out = w->out;
	struct sl_elsewhere_file *files = sl_arena_calloc(w->arena, w->set->len + 1,
		sizeof(*files));

	out->files = files;
	out->applied = sl_arena_calloc(w->arena, w->set->len + 1, sizeof(*out->applied));
	out->pending = sl_arena_calloc(w->arena, w->set->len + 1, sizeof(*out->pending));
	for (size_t i = 0; i < w->set->len; i++) {
		const struct sl_migration *m = &w->set->at[i];
		const struct history_row *row = sl_map_get(w->rows, key_of(w, m->kind, m->key));

		files[i] = (struct sl_elsewhere_file){ .state = state_of(w, m, row),
			.at = row ? row->at : "",
			.by = row ? row->by : "" };
		say_problem(w, m, files[i].state);
		if (files[i].state == SL_ELSEWHERE_APPLIED)
			out->applied[out->applied_len++] = m;
		else
			out->pending[out->pending_len++] = m;
	}
}

static const char *highest_applied(const struct weighing *w)
{
	const char *highest = NULL;

	for (size_t i = 0; i < w->out->applied_len; i++)
		if (w->out->applied[i]->kind == SL_MIGRATION_VERSION)
			highest = w->out->applied[i]->key;
	return highest;
}

/* A file below the highest applied one would be refused for its order later on. */
static void check_gap(struct weighing *w, const struct sl_migration *m, const char *highest)
{
	const struct history_row *row = sl_map_get(w->rows, key_of(w, m->kind, m->key));
	bool undone = row && row->verdict == HISTORY_UNDONE;
	const char *tool = w->history->tool->name;

	if (row && !undone) /* its problem was told */
		return;
	if (m->kind == SL_MIGRATION_VERSION && highest && sl_version_compare(m->key, highest) < 0) {
		add_text(w, w->any_order ? &w->out->notices : &w->out->problems,
			"%s: %s %s, although %s is applied; %s", m->path, tool,
			undone ? "rolled it back" : "did not apply it", highest,
			w->any_order ?
				"it runs with --out-of-order only" :
				"apply it with that tool, or adopt with --out-of-order, which leaves it "
				"pending");
		return;
	}
	if (undone)
		add_text(w, &w->out->notices, "%s: %s rolled it back; it is pending", m->path,
			tool);
}

/* --- the rows without a file ---------------------------------------------------------------- */

/* Old files may have been thrown away; a version beyond all files means another folder, or an older
 * state of it. */
static void check_missing(struct weighing *w, const struct history_row *row, const char *highest)
{
	const char *version = sl_version_canonical(w->arena, row->version, strlen(row->version));

	if (row->verdict == HISTORY_UNDONE || (row->verdict == HISTORY_UP_TO && !row->is_file))
		return;
	if (row->verdict == HISTORY_FAILED)
		say_failed(w, row->name);
	else if (highest && row->verdict == HISTORY_APPLIED &&
		sl_version_compare(version, highest) < 0)
		add_text(w, &w->out->notices,
			"%s is applied and has no file in the folder: nothing is recorded of it",
			row->name);
	else
		add_text(w, &w->out->problems,
			"%s is applied and has no file in the folder; take the state of the folder "
			"that was applied, or say `sluice baseline` instead",
			row->name);
}

static void check_rows(struct weighing *w, const char *highest)
{
	for (size_t i = 0; i < sl_map_len(w->rows); i++) {
		const struct history_row *row = sl_map_value_at(w->rows, i);

		if (sl_map_get(w->files, sl_map_key_at(w->rows, i)))
			continue;
		if (row->version)
			check_missing(w, row, highest);
		else if (row->verdict == HISTORY_FAILED)
			say_failed(w, row->name);
	}
}

/* golang-migrate keeps one row; which of several would count, nobody knows. */
static void check_single(struct weighing *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->history->len; i++)
		n += w->history->rows[i].is_file;
	if (n > 1)
		add_text(w, &w->out->problems,
			"it has %zu rows where %s keeps one; delete the wrong ones", n,
			w->history->tool->name);
}

void apply_history_weigh(struct history_meaning *out, struct sl_arena *arena,
	const struct history *history, const struct sl_migration_set *set,
	enum sl_apply_order order)
{
	sl_auto(sl_map_free_p) struct sl_map *rows = sl_map_new();
	sl_auto(sl_map_free_p) struct sl_map *files = sl_map_new();
	struct weighing w = { .out = out,
		.arena = arena,
		.history = history,
		.set = set,
		.rows = rows,
		.files = files,
		.any_order = order == SL_APPLY_ANY_ORDER };
	const char *highest;

	*out = (struct history_meaning){ .applied_len = 0 };
	index_rows(&w);
	index_files(&w);
	check_single(&w);
	divide(&w);
	highest = highest_applied(&w);
	for (size_t i = 0; i < out->pending_len; i++)
		check_gap(&w, out->pending[i], highest);
	check_rows(&w, highest);
}
