#include "layout_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
	const struct found *a = left;
	const struct found *b = right;
	int order;

	if (a->migration.kind != b->migration.kind)
		return a->migration.kind < b->migration.kind ? -1 : 1;
	order = a->migration.kind == SL_MIGRATION_VERSION ?
		sl_version_compare(a->migration.key, b->migration.key) :
		strcmp(a->migration.key, b->migration.key);
	if (order != 0)
		return order;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	return strcmp(a->migration.path, b->migration.path);
}

static bool same_key(const struct found *a, const struct found *b)
{
	return a->migration.kind == b->migration.kind &&
		sl_str_eq(a->migration.key, b->migration.key);
}

static void duplicate_add(struct reader *r, const struct sl_migration *first,
	const struct sl_migration *second)
{
	problem_add(r, SL_LAYOUT_DUPLICATE_VERSION, second->path, 0,
		"give one of them another name",
		second->kind == SL_MIGRATION_VERSION ? "version %s is also that of %s" :
						       "the repeatable %s is also %s",
		second->key, first->path);
}

/* In order; of a key that has files for all engines and for this one, only the latter. */
static void set_make(struct sl_layout *out, struct reader *r)
{
	struct sl_migration *at = sl_arena_calloc(r->arena, r->found.len + 1, sizeof(*at));
	const struct found *first = NULL;
	size_t len = 0;

	if (r->found.len > 0)
		qsort(r->found.at, r->found.len, sizeof(*r->found.at), compare);
	for (size_t i = 0; i < r->found.len; i++) {
		const struct found *found = &r->found.at[i];

		if (first && same_key(first, found)) {
			if (found->rank < first->rank)
				continue;
			duplicate_add(r, &first->migration, &found->migration);
		} else {
			first = found;
		}
		at[len++] = found->migration;
	}
	out->set = (struct sl_migration_set){ .at = at, .len = len };
}

/* What cannot be shown, stored or named in the ledger; the problem shows the path escaped. */
static bool path_check(struct reader *r, const char *path)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(4 * SL_PATH_LIMIT);
	size_t len = strnlen(path, SL_PATH_LIMIT + 1);

	if (len <= SL_PATH_LIMIT && path_base(path)[0] != '\0' &&
		sl_utf8_valid_prefix(path, len) == len)
		return true;
	sl_escape_terminal(&shown, path, len);
	if (len > SL_PATH_LIMIT)
		problem_add(r, SL_LAYOUT_BAD_NAME, sl_buf_str(&shown), 0, "shorten the path",
			"the path is longer than %d bytes", SL_PATH_LIMIT);
	else
		problem_add(r, SL_LAYOUT_BAD_NAME, sl_buf_str(&shown), 0, "rename the file",
			"the file's name is %s", path[0] == '\0' ? "empty" : "not UTF-8 text");
	return false;
}

static int compare_path(const void *left, const void *right)
{
	const struct sl_layout_file *a = left;
	const struct sl_layout_file *b = right;

	return strcmp(a->path, b->path);
}

/* The files whose paths can be stored; the order makes messages the same every time. */
static struct sl_layout_file *files_sorted(struct reader *r, const struct sl_layout_file *files,
	size_t *n)
{
	struct sl_layout_file *out = sl_arena_calloc(r->arena, *n + 1, sizeof(*out));
	size_t len = 0;

	for (size_t i = 0; i < *n; i++) {
		if (path_check(r, files[i].path))
			out[len++] = files[i];
	}
	qsort(out, len, sizeof(*out), compare_path);
	*n = len;
	return out;
}

/* Nothing was recognised: harmless for an empty folder, not for one with SQL in it. */
static void unrecognised_add(struct reader *r)
{
	for (size_t i = 0; i < r->entries.len; i++) {
		if (sl_str_ends(r->entries.at[i].path, ".sql"))
			problem_add(r, SL_LAYOUT_BAD_NAME, r->entries.at[i].path, 0,
				"begin the name with a number (0001_name.sql), or name the layout",
				"no layout has migrations of such a name");
	}
}

/* Prisma goes by the names of the folders: where that is another order than the numbers', what
 * runs here is not what was tried there. */
static void order_check(const struct sl_layout *out, struct reader *r)
{
	for (size_t i = 1; r->kind == SL_LAYOUT_PRISMA && i < out->set.len; i++) {
		const char *before = out->set.at[i - 1].path, *path = out->set.at[i].path;

		if (strcmp(before, path) > 0)
			problem_add(r, SL_LAYOUT_BAD_NAME, path, 0,
				"give the numbers the same length",
				"by its number it comes after %s, by its name before it", before);
	}
}

static void kind_read(struct sl_layout *out, struct reader *r)
{
	out->kind = r->kind;
	if (r->kind == SL_LAYOUT_AUTO) {
		unrecognised_add(r);
	} else if (!kind_is_read(r->kind)) {
		problem_add(r, SL_LAYOUT_UNSUPPORTED, "", 0, kind_remedy(r->kind),
			"a folder of %s cannot be read yet", sl_layout_kind_name(r->kind));
	} else {
		entries_collect(r);
		set_make(out, r);
		out->engine = r->engine;
		order_check(out, r);
	}
}

void sl_layout_read(struct sl_layout *out, struct sl_arena *arena, enum sl_layout_kind kind,
	enum sl_dialect dialect, const struct sl_layout_file *files, size_t n)
{
	struct reader r = { .arena = arena,
		.kind = kind,
		.dialect = dialect,
		.engine = SL_DIALECT_COUNT };
	const struct sl_layout_file *sorted = files_sorted(&r, files, &n);

	*out = (struct sl_layout){ .kind = kind, .engine = SL_DIALECT_COUNT };
	if (entries_choose(&r, sorted, n) && (kind != SL_LAYOUT_AUTO || kind_recognise(&r)))
		kind_read(out, &r);
	problems_sort(&r);
	out->problems = r.problems.at;
	out->problem_count = r.problems.len;
}

bool single_name_read(struct name *out, struct reader *r, const char *path)
{
	const char *base = path_base(path);

	*out = (struct name){ .kind = SL_MIGRATION_ID, .key = base, .text = "" };
	if (strnlen(base, SL_KEY_LIMIT + 1) <= SL_KEY_LIMIT)
		return path_check(r, path);
	problem_add(r, SL_LAYOUT_BAD_NAME, path, 0, "shorten the name",
		"the name is longer than %d bytes", SL_KEY_LIMIT);
	return false;
}

void single_end(struct sl_layout *out, struct reader *r)
{
	*out = (struct sl_layout){ .kind = r->kind, .engine = SL_DIALECT_COUNT };
	set_make(out, r);
	out->problems = r->problems.at;
	out->problem_count = r->problems.len;
}

static bool is_flyways(struct sl_arena *arena, const char *path)
{
	struct name name;

	return name_read(&name, arena, SL_LAYOUT_FLYWAY, path_base(path)) == NAME_GOOD;
}

void sl_layout_read_single(struct sl_layout *out, struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_layout_file *file)
{
	struct reader r = {
		.arena = arena,
		.kind = kind_of_sections(file),
		.dialect = dialect,
		.engine = SL_DIALECT_COUNT,
		.any_size = true,
	};
	const struct entry entry = { .file = file, .path = file->path, .inner = file->path };
	struct name name;

	if (single_name_read(&name, &r, file->path))
		found_add(&r, &entry, &name);
	if (r.found.len > 0)
		r.found.at[0].migration.placeholders = is_flyways(arena, file->path);
	single_end(out, &r);
}
