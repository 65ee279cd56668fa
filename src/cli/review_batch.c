#include "review_batch.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Most of one file that is reviewed by itself. */
#define SINGLE_MAX (256u << 20)

#define ENTRIES_MAX 100000

static const char ask_engine[] =
	"the engine is not known; say --engine postgres, sqlite, mysql or mariadb";

void batches_done(struct batches *batches)
{
	for (size_t i = 0; i < batches->files.len; i++)
		sl_cli_folder_done(&batches->files.at[i]);
	for (size_t i = 0; i < batches->texts.len; i++)
		free(batches->texts.at[i]);
	for (size_t i = 0; i < batches->streams.len; i++)
		stream_free(batches->streams.at[i]);
	sl_vec_done(&batches->files);
	sl_vec_done(&batches->streams);
	sl_vec_done(&batches->texts);
	sl_vec_done(&batches->left_out);
	sl_vec_done(&batches->empty);
	sl_vec_done(batches);
}

const struct sl_sql_source *batches_stream(void *ctx, const struct sl_migration *migration)
{
	const struct batches *batches = ctx;

	for (size_t i = 0; i < batches->streams.len; i++) {
		if (sl_str_eq(stream_path(batches->streams.at[i]), migration->path))
			return stream_begin(batches->streams.at[i]);
	}
	return NULL;
}

enum sl_code batches_check(const struct batches *batches, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < batches->streams.len; i++)
		code = stream_check(batches->streams.at[i], err);
	return code;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *folder_name(struct sl_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : sl_arena_strndup(arena, path, (size_t)(slash - path));
}

const char *batch_folder_of(struct sl_arena *arena, const char *path)
{
	const char *base = base_name(path);
	const char *folder = folder_name(arena, path);

	if (sl_str_eq(base, "up.sql") || sl_str_eq(base, "down.sql") ||
		sl_str_eq(base, "migration.sql"))
		folder = folder_name(arena, folder);
	while (sl_layout_path_dialect(base_name(folder)) != SL_DIALECT_COUNT &&
		!strchr(base_name(folder), '.'))
		folder = folder_name(arena, folder);
	return folder;
}

/* --- one folder ---------------------------------------------------------------------------- */

static const char *shown_path(struct sl_arena *arena, const char *shown, const char *inner)
{
	if (shown[0] == '\0' || sl_str_eq(shown, "."))
		return inner;
	return sl_path_join(arena, shown, inner);
}

/* The report speaks of files as the caller named them. */
static void show(struct batch *batch, struct sl_arena *arena, const char *shown)
{
	struct sl_migration_set *set = &batch->layout.set;
	struct sl_migration *at = sl_arena_calloc(arena, set->len + 1, sizeof(*at));
	size_t n = batch->layout.problem_count;
	struct sl_layout_problem *problems = sl_arena_calloc(arena, n + 1, sizeof(*problems));

	for (size_t i = 0; i < set->len; i++) {
		at[i] = set->at[i];
		at[i].path = shown_path(arena, shown, at[i].path);
	}
	for (size_t i = 0; i < n; i++) {
		problems[i] = batch->layout.problems[i];
		problems[i].path = problems[i].path[0] ?
			shown_path(arena, shown, problems[i].path) :
			shown;
	}
	set->at = at;
	batch->layout.problems = problems;
	batch->input.set = *set;
	batch->input.problems = problems;
	batch->input.problem_count = n;
}

/* Which engine: said, or the only one that names of files say. */
static enum sl_dialect dialect_of(const struct batch_wish *wish, const char *path,
	const struct sl_cli_folder *files)
{
	enum sl_dialect dialect = wish->dialect;

	if (dialect != SL_DIALECT_COUNT)
		return dialect;
	dialect = sl_layout_path_dialect(path);
	for (size_t i = 0; files && i < files->len; i++) {
		enum sl_dialect one = sl_layout_path_dialect(files->at[i].path);

		if (dialect != SL_DIALECT_COUNT && one != SL_DIALECT_COUNT && one != dialect)
			return SL_DIALECT_COUNT;
		dialect = one != SL_DIALECT_COUNT ? one : dialect;
	}
	return dialect;
}

/* A folder may name its engine in a file of its own, as Prisma's does. */
static enum sl_dialect dialect_in(struct sl_arena *arena, const struct batch_wish *wish,
	const struct sl_cli_folder *files)
{
	struct sl_layout layout;

	sl_layout_read(&layout, arena, wish->layout, SL_DIALECT_COUNT, files->at, files->len);
	return layout.engine;
}

static bool names_sql(const struct sl_cli_folder *files)
{
	for (size_t i = 0; i < files->len; i++) {
		if (sl_str_ends(files->at[i].path, ".sql"))
			return true;
	}
	return false;
}

/* What the folder's own files say it is; Flyway's may lie deeper once it is known. */
static bool is_migrations(struct sl_arena *arena, const struct batch_wish *wish,
	enum sl_dialect dialect, const struct sl_cli_folder *files)
{
	struct sl_layout_file *own = sl_arena_calloc(arena, files->len + 1, sizeof(*own));
	struct sl_layout layout;
	size_t n = 0;

	if (wish->layout != SL_LAYOUT_AUTO)
		return true;
	for (size_t i = 0; i < files->len; i++) {
		if (sl_str_eq(batch_folder_of(arena, files->at[i].path), "."))
			own[n++] = files->at[i];
	}
	sl_layout_read(&layout, arena, SL_LAYOUT_AUTO, dialect, own, n);
	for (size_t i = 0; i < layout.problem_count; i++) {
		if (layout.problems[i].kind == SL_LAYOUT_AMBIGUOUS)
			return true;
	}
	return layout.kind != SL_LAYOUT_AUTO;
}

/* A folder is a history: its files ran, or will run, one after the other. */
enum sl_code batch_of_folder(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const struct batch_folder *folder, bool *recognised,
	struct sl_error *err)
{
	struct sl_cli_folder *files = sl_vec_add(&out->files);
	struct batch batch = { .whole = true };
	enum sl_code code = sl_cli_folder_read(files, arena, folder->path, true, err);

	if (code != SL_OK)
		return code;
	batch.dialect = dialect_of(wish, folder->path, files);
	if (batch.dialect == SL_DIALECT_COUNT)
		batch.dialect = dialect_in(arena, wish, files);
	*recognised = is_migrations(arena, wish, batch.dialect, files);
	if (!*recognised)
		return SL_OK;
	sl_layout_read(&batch.layout, arena, wish->layout, batch.dialect, files->at, files->len);
	if (batch.dialect == SL_DIALECT_COUNT && names_sql(files))
		return sl_error_set(err, SL_EINVAL, "%s: %s", folder->path, ask_engine);
	files->shown = folder->shown;
	show(&batch, arena, folder->shown);
	batch.input.separate = true;
	*sl_vec_add(out) = batch;
	return SL_OK;
}

/* --- files by themselves ------------------------------------------------------------------- */

struct single {
	const char *path;
	const char *data;
	size_t len;
};

/* Appends one file to the batch of those that stand by themselves. */
static void layout_add(struct batch *batch, struct sl_arena *arena, const struct sl_layout *one)
{
	size_t len = batch->input.set.len;
	size_t problems = batch->input.problem_count;
	struct sl_migration *at = sl_arena_calloc(arena, len + 2, sizeof(*at));
	struct sl_layout_problem *all = sl_arena_calloc(arena, problems + one->problem_count + 1,
		sizeof(*all));

	for (size_t i = 0; i < len; i++)
		at[i] = batch->input.set.at[i];
	for (size_t i = 0; i < one->set.len; i++)
		at[len++] = one->set.at[i];
	for (size_t i = 0; i < problems; i++)
		all[i] = batch->input.problems[i];
	for (size_t i = 0; i < one->problem_count; i++)
		all[problems++] = one->problems[i];
	batch->input.set = (struct sl_migration_set){ at, len };
	batch->input.problems = all;
	batch->input.problem_count = problems;
}

static void single_add(struct batch *batch, struct sl_arena *arena, const struct single *single)
{
	const struct sl_layout_file file = { single->path, single->data, single->len };
	struct sl_layout one;

	sl_layout_read_single(&one, arena, batch->dialect, &file);
	layout_add(batch, arena, &one);
}

/* NULL, with the error set to SL_EINVAL, when the engine is not known. */
static struct batch *single_batch(struct batches *batches, const struct batch_wish *wish,
	const char *path, struct sl_error *err)
{
	enum sl_dialect dialect = dialect_of(wish, path, NULL);
	struct batch *last = batches->len > 0 ? &batches->at[batches->len - 1] : NULL;

	assert(last || batches->len == 0);
	if (dialect == SL_DIALECT_COUNT) {
		(void)sl_error_set(err, SL_EINVAL, "%s: %s", path, ask_engine);
		return NULL;
	}
	if (!last || last->whole || last->input.parts || last->dialect != dialect) {
		last = sl_vec_add(batches);
		*last = (struct batch){ .dialect = dialect };
	}
	return last;
}

static enum sl_code single_of_file(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *path, struct sl_error *err)
{
	struct batch *batch = single_batch(out, wish, path, err);
	struct single single = { .path = path };
	struct stream *stream = NULL;
	struct sl_layout large;
	char *data = NULL;
	enum sl_code code;

	if (!batch)
		return SL_EINVAL;
	code = stream_open(&stream, &large, arena, batch->dialect, path, err);
	if (code != SL_OK)
		return code;
	if (stream) {
		*sl_vec_add(&out->streams) = stream;
		layout_add(batch, arena, &large);
		return SL_OK;
	}
	code = sl_file_read(&data, &single.len, path, SINGLE_MAX, err);
	if (code != SL_OK)
		return code;
	*sl_vec_add(&out->texts) = data;
	single.data = data;
	single_add(batch, arena, &single);
	return SL_OK;
}

static enum sl_code single_of_stdin(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, struct sl_error *err)
{
	struct batch *batch = single_batch(out, wish, "-", err);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SINGLE_MAX);
	struct single single = { .path = "-" };
	struct stream *stream;
	struct sl_layout large;
	enum sl_code code;

	if (!batch)
		return SL_EINVAL;
	code = stream_open_stdin(&stream, &large, arena,
		&(struct stream_input){ batch->dialect, wish->spool, &text }, err);
	if (code != SL_OK)
		return code;
	if (stream) {
		*sl_vec_add(&out->streams) = stream;
		layout_add(batch, arena, &large);
		return SL_OK;
	}
	single.len = text.len;
	single.data = sl_buf_take(&text);
	*sl_vec_add(&out->texts) = (char *)(uintptr_t)single.data;
	single_add(batch, arena, &single);
	return SL_OK;
}

/* --- a file among its siblings ------------------------------------------------------------- */

/* Whether the path is one of those named on the command line, the same file by another spelling
 * counts too. */
static bool is_named(const char *shown, const char *const *paths, size_t n)
{
	char real_shown[PATH_MAX];
	char real_path[PATH_MAX];

	if (!realpath(shown, real_shown))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (realpath(paths[i], real_path) && sl_str_eq(real_shown, real_path))
			return true;
	}
	return false;
}

/* Named ones are new; what comes before them is context; what comes after has not run yet. */
static size_t parts_of_named(struct batch *batch, struct sl_arena *arena, const char *const *paths,
	size_t n)
{
	const struct sl_migration_set set = batch->input.set;
	enum sl_review_part *parts = sl_arena_calloc(arena, set.len + 1, sizeof(*parts));
	size_t named = 0;
	size_t last = 0;

	for (size_t i = 0; i < set.len; i++) {
		parts[i] = is_named(set.at[i].path, paths, n) ? SL_REVIEW_NEW : SL_REVIEW_EARLIER;
		if (parts[i] != SL_REVIEW_NEW)
			continue;
		named++;
		last = i;
	}
	for (size_t i = last + 1; i < set.len; i++)
		parts[i] = SL_REVIEW_APPLIED;
	batch->input.parts = parts;
	return named;
}

/* Problems of siblings that nobody asked about stay untold. */
static void problems_of_named(struct batch *batch, struct sl_arena *arena, const char *const *paths,
	size_t n)
{
	struct sl_layout_problem *kept = sl_arena_calloc(arena, batch->input.problem_count + 1,
		sizeof(*kept));
	size_t len = 0;

	for (size_t i = 0; i < batch->input.problem_count; i++) {
		if (is_named(batch->input.problems[i].path, paths, n))
			kept[len++] = batch->input.problems[i];
	}
	batch->input.problems = kept;
	batch->input.problem_count = len;
}

/* Whether the name is one of a migration, before anything is read for it. */
static bool is_migration_name(struct sl_arena *arena, const struct batch_wish *wish,
	const char *folder, const char *path)
{
	struct sl_layout_file file = { .path = path, .data = "" };
	struct sl_layout layout;

	if (!sl_str_eq(folder, ".") && sl_str_starts(path, folder))
		file.path += strlen(folder) + 1;
	sl_layout_read(&layout, arena, wish->layout, dialect_of(wish, path, NULL), &file, 1);
	return layout.kind != SL_LAYOUT_AUTO;
}

/* The batch of the folder around the file, when the file is a migration of it.  A folder that
 * cannot be read whole leaves the file by itself. */
static bool batch_of_siblings(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *path, const char *const *paths, size_t n)
{
	const char *folder = batch_folder_of(arena, path);
	struct sl_cli_folder *files = sl_vec_add(&out->files);
	bool deep = !sl_str_eq(folder, folder_name(arena, path));
	struct batch batch = { .whole = true };

	if (!is_migration_name(arena, wish, folder, path))
		return false;
	if (sl_cli_folder_read(files, arena, folder, deep, NULL) != SL_OK) {
		sl_cli_folder_done(files);
		return false;
	}
	batch.dialect = dialect_of(wish, path, NULL);
	if (batch.dialect == SL_DIALECT_COUNT)
		batch.dialect = dialect_in(arena, wish, files);
	if (batch.dialect == SL_DIALECT_COUNT)
		return false;
	sl_layout_read(&batch.layout, arena, wish->layout, batch.dialect, files->at, files->len);
	files->shown = folder;
	show(&batch, arena, strchr(path, '/') ? folder : "");
	if (parts_of_named(&batch, arena, paths, n) == 0)
		return false;
	problems_of_named(&batch, arena, paths, n);
	*sl_vec_add(out) = batch;
	return true;
}

/* Whether an earlier batch of siblings has the file already. */
static bool is_covered(const struct batches *batches, const char *path)
{
	for (size_t b = 0; b < batches->len; b++) {
		const struct batch *batch = &batches->at[b];

		for (size_t i = 0; batch->input.parts && i < batch->input.set.len; i++) {
			if (batch->input.parts[i] == SL_REVIEW_NEW &&
				is_named(batch->input.set.at[i].path, &path, 1))
				return true;
		}
	}
	return false;
}

/* --- all that is named --------------------------------------------------------------------- */

/* A folder of files that no layout knows: each by itself, in the order of their names. */
static enum sl_code singles_of_folder(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *path, struct sl_error *err)
{
	struct sl_names names;
	enum sl_code code = sl_folder_list(&names, arena, path, ENTRIES_MAX, err);

	for (size_t i = 0; code == SL_OK && i < names.len; i++) {
		if (sl_str_ends(names.at[i], ".sql"))
			code = single_of_file(out, arena, wish,
				sl_path_join(arena, path, names.at[i]), err);
	}
	return code;
}

static bool has_sql(const struct sl_names *names)
{
	for (size_t i = 0; i < names->len; i++) {
		if (sl_str_ends(names->at[i], ".sql"))
			return true;
	}
	return false;
}

static int shorter(const void *left, const void *right)
{
	const char *a = *(const char *const *)left;
	const char *b = *(const char *const *)right;
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return strcmp(a, b);
}

/* The folders that hold SQL files, from the outside to the inside. */
static struct sl_names sql_folders(struct sl_arena *arena, const struct sl_cli_folder *files)
{
	sl_auto(sl_map_free_p) struct sl_map *seen = sl_map_new();
	const char **at = sl_arena_calloc(arena, files->len + 1, sizeof(*at));
	size_t len = 0;

	for (size_t i = 0; i < files->len; i++) {
		const char *inner = batch_folder_of(arena, files->at[i].path);

		if (sl_str_ends(files->at[i].path, ".sql") && !sl_map_put(seen, inner, at))
			at[len++] = inner;
	}
	qsort(at, len, sizeof(*at), shorter);
	return (struct sl_names){ at, len };
}

/* Whether the files of the folder were read with a folder above it. */
static bool is_read_above(const struct batches *batches, const char *shown)
{
	for (size_t b = 0; b < batches->len; b++) {
		const struct sl_migration_set *set = &batches->at[b].input.set;

		for (size_t i = 0; i < set->len; i++) {
			size_t len = strlen(shown);

			if (sl_str_starts(set->at[i].path, shown) && set->at[i].path[len] == '/')
				return true;
		}
	}
	return false;
}

/* The folders below that hold migrations, found by their files. */
static enum sl_code batches_below(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *path, struct sl_error *err)
{
	sl_auto_cli_folder struct sl_cli_folder files = { 0 };
	enum sl_code code = sl_cli_folder_read(&files, arena, path, true, err);
	struct sl_names inner = sql_folders(arena, &files);

	for (size_t i = 0; code == SL_OK && i < inner.len; i++) {
		bool same = sl_str_eq(inner.at[i], ".");
		const char *full = same ? path : sl_path_join(arena, path, inner.at[i]);
		const struct batch_folder folder = {
			.path = full,
			.shown = sl_str_eq(path, ".") ? inner.at[i] : full,
		};
		bool recognised;

		if (is_read_above(out, folder.shown))
			continue;
		code = batch_of_folder(out, arena, wish, &folder, &recognised, err);
		if (code == SL_OK && !recognised)
			*sl_vec_add(&out->left_out) = folder.shown;
	}
	return code;
}

/* A folder of migrations, of files by themselves, or of such folders. */
static enum sl_code batch_of_path(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *path, struct sl_error *err)
{
	const struct batch_folder folder = { path, path };
	struct sl_names names;
	bool recognised;
	enum sl_code code = sl_folder_list(&names, arena, path, ENTRIES_MAX, err);

	if (code != SL_OK)
		return code;
	if (!has_sql(&names) && wish->layout == SL_LAYOUT_AUTO)
		return batches_below(out, arena, wish, path, err);
	code = batch_of_folder(out, arena, wish, &folder, &recognised, err);
	if (code != SL_OK || recognised)
		return code;
	return singles_of_folder(out, arena, wish, path, err);
}

/* Whether there is anything to look at from that batch on. */
static bool has_migration(const struct batches *batches, size_t from)
{
	bool any = false;

	for (size_t i = from; i < batches->len; i++)
		any = any || batches->at[i].input.set.len > 0 ||
			batches->at[i].input.problem_count > 0;
	return any;
}

enum sl_code batches_of_paths(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *const *paths, size_t n, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < n; i++) {
		const char *path = paths[i];
		const size_t before = out->len;

		if (sl_str_eq(path, "-"))
			code = single_of_stdin(out, arena, wish, err);
		else if (sl_file_is_folder(path))
			code = batch_of_path(out, arena, wish, path, err);
		else if (!is_covered(out, path) &&
			!batch_of_siblings(out, arena, wish, path, paths, n))
			code = single_of_file(out, arena, wish, path, err);
		if (code == SL_OK && sl_file_is_folder(path) && !has_migration(out, before))
			*sl_vec_add(&out->empty) = path;
	}
	return code;
}
