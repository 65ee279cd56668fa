#include "attach.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"

#include <string.h>

/* A folder in which migrations may lie. */
struct home {
	const char *path; /* "" is the root */
	enum sl_layout_kind layout;
	size_t migrations;
	int rank; /* what its name promises */
};

struct homes {
	SL_VEC(struct home);
};

/* --- where to look -------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *above(struct sl_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? sl_arena_strndup(arena, path, (size_t)(slash - path)) : "";
}

static bool has_folder_of_its_own(const char *base)
{
	return sl_str_eq(base, "up.sql") || sl_str_eq(base, "down.sql") ||
		sl_str_eq(base, "migration.sql") || sl_str_eq(base, "_journal.json");
}

static bool is_telling(const char *base)
{
	return sl_str_ends(base, ".sql") || sl_str_eq(base, "_journal.json") ||
		sl_layout_kind_of_mark(base) != SL_LAYOUT_AUTO;
}

/* The folder that a file would be a migration of, or NULL. */
static const char *home_of(struct sl_arena *arena, const char *path)
{
	const char *base = base_of(path);
	const char *home = above(arena, path);

	if (!is_telling(base))
		return NULL;
	if (has_folder_of_its_own(base) && home[0] != '\0')
		home = above(arena, home);
	if (sl_layout_path_dialect(base_of(home)) != SL_DIALECT_COUNT) /* migrations/postgresql */
		home = above(arena, home);
	return home;
}

static int rank_of(const char *path)
{
	static const char *const aside[] = { "test", "fixture", "example", "vendor", "node_modules",
		"seed" };
	int rank = strstr(path, "migrat") ? 2 : 0;

	for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++)
		if (strstr(path, aside[i]))
			rank -= 4;
	return rank;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return len == 0 || (sl_str_starts(path, folder) && path[len] == '/');
}

/* --- reading one ---------------------------------------------------------------------------- */

static bool is_read(const char *path)
{
	return sl_str_ends(path, ".sql") || sl_str_ends(path, ".conf") ||
		sl_str_ends(path, ".toml");
}

/* with_text: else only the names. */
static enum sl_code read_files(struct attach *a, const struct sl_git_files *all, const char *home,
	bool with_text, struct sl_error *err)
{
	struct sl_layout_file *files = sl_arena_calloc(a->arena, all->len + 1, sizeof(*files));
	size_t len = 0, skip = home[0] == '\0' ? 0 : strlen(home) + 1;

	for (size_t i = 0; i < all->len; i++) {
		struct sl_git_blob blob = { "", 0 };
		enum sl_code code = SL_OK;

		if (!is_below(all->at[i].path, home))
			continue;
		if (with_text && is_read(all->at[i].path))
			code = sl_repo_blob(a->repo, a->arena, all->at[i].blob, 0, &blob, err);
		if (code != SL_OK)
			return sl_error_wrap(err, code, "%s", all->at[i].path);
		files[len++] = (struct sl_layout_file){ .path = all->at[i].path + skip,
			.data = blob.data,
			.len = blob.len };
	}
	a->files = files;
	a->files_len = len;
	return SL_OK;
}

static enum sl_dialect first_dialect(const struct attach *a)
{
	return a->targets.len > 0 ? a->targets.at[0].spec.url.dialect : SL_DIALECT_COUNT;
}

/* By the names alone, which a repository of many files has quickly. */
static enum sl_code add_home(struct homes *out, struct attach *a, const struct sl_git_files *all,
	const char *path, struct sl_error *err)
{
	struct sl_layout layout;
	enum sl_code code = read_files(a, all, path, false, err);

	if (code != SL_OK)
		return code;
	sl_layout_read(&layout, a->arena, SL_LAYOUT_AUTO, first_dialect(a), a->files, a->files_len);
	for (size_t i = 0; layout.kind == SL_LAYOUT_AUTO && i < layout.problem_count; i++)
		if (layout.problems[i].kind == SL_LAYOUT_AMBIGUOUS)
			layout.kind = SL_LAYOUT_PLAIN; /* to be looked at more closely */
	if (layout.kind != SL_LAYOUT_AUTO)
		*sl_vec_add_in(a->arena, out) = (struct home){ .path = path,
			.layout = layout.kind,
			.migrations = layout.set.len,
			.rank = rank_of(path) };
	return SL_OK;
}

/* A file that says itself whose it is, whatever its name: Liquibase's SQL needs no number. */
static enum sl_code add_home_of_content(struct homes *out, struct attach *a,
	const struct sl_git_file *file, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *scratch = sl_arena_new();
	struct sl_layout_file text = { .path = base_of(file->path) };
	struct sl_git_blob blob;
	struct sl_layout layout;
	enum sl_code code = sl_repo_blob(a->repo, scratch, file->blob, 0, &blob, err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", file->path);
	text.data = blob.data;
	text.len = blob.len;
	sl_layout_read(&layout, scratch, SL_LAYOUT_AUTO, first_dialect(a), &text, 1);
	if (layout.kind != SL_LAYOUT_AUTO)
		*sl_vec_add_in(a->arena, out) = (struct home){ .path = above(a->arena, file->path),
			.layout = layout.kind };
	return SL_OK;
}

static enum sl_code find_home_by_content(struct homes *out, struct attach *a,
	const struct sl_git_files *all, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && out->len == 0 && i < all->len; i++)
		if (sl_str_ends(all->at[i].path, ".sql"))
			code = add_home_of_content(out, a, &all->at[i], err);
	return code;
}

/* Flyway reads what lies deeper too. */
static bool is_part_of_another(const struct homes *homes, const struct home *home)
{
	for (size_t i = 0; i < homes->len; i++) {
		const struct home *other = &homes->at[i];

		if (other != home && other->layout == SL_LAYOUT_FLYWAY &&
			home->layout == SL_LAYOUT_FLYWAY && is_below(home->path, other->path))
			return true;
	}
	return false;
}

static enum sl_code find_homes(struct homes *out, struct attach *a, const struct sl_git_files *all,
	struct sl_error *err)
{
	struct sl_map *seen sl_auto(sl_map_free_p) = sl_map_new();
	struct homes found = { 0 };
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < all->len; i++) {
		const char *home = home_of(a->arena, all->at[i].path);

		if (home && !sl_map_put(seen, home, seen))
			code = add_home(&found, a, all, home, err);
	}
	for (size_t i = 0; i < found.len; i++)
		if (!is_part_of_another(&found, &found.at[i]))
			*sl_vec_add_in(a->arena, out) = found.at[i];
	return code;
}

/* --- choosing ------------------------------------------------------------------------------- */

static const char *shown(const char *path)
{
	return path[0] == '\0' ? "." : path;
}

/* Those of the highest rank. */
static void keep_best(struct homes *homes)
{
	int best = INT32_MIN;
	size_t n = 0;

	for (size_t i = 0; i < homes->len; i++)
		if (homes->at[i].rank > best)
			best = homes->at[i].rank;
	for (size_t i = 0; i < homes->len; i++)
		if (homes->at[i].rank == best)
			homes->at[n++] = homes->at[i];
	homes->len = n;
}

static const char *list_of(struct attach *a, const struct homes *homes)
{
	const char *list = "";

	for (size_t i = 0; i < homes->len; i++)
		list = sl_arena_printf(a->arena, "%s%s%s (%s)", list, i > 0 ? ", " : "",
			shown(homes->at[i].path), sl_layout_kind_name(homes->at[i].layout));
	return list;
}

static enum sl_code choose(struct attach *a, struct homes *homes, struct sl_error *err)
{
	const char *answer;

	if (homes->len == 0)
		return sl_error_set(err, SL_EINVAL,
			"%s: no folder of %s holds migrations that are known; say which one with --dir, "
			"and how its files are named with --layout",
			a->origin, a->branch);
	keep_best(homes);
	a->folder = homes->at[0].path;
	if (homes->len == 1)
		return SL_OK;
	answer = attach_ask(a->cli, "Which folder holds the migrations? %s:", list_of(a, homes));
	for (size_t i = 0; answer && i < homes->len; i++)
		if (sl_str_eq(answer, shown(homes->at[i].path))) {
			a->folder = homes->at[i].path;
			return SL_OK;
		}
	return sl_error_set(err, SL_EINVAL,
		"several folders hold migrations: %s; say which one with --dir", list_of(a, homes));
}

static const char *given_folder(struct attach *a, const char *given)
{
	size_t len = strlen(given);

	while (sl_str_starts(given, "./")) {
		given += 2;
		len -= 2;
	}
	while (len > 0 && given[len - 1] == '/')
		len--;
	return len == 1 && given[0] == '.' ? "" : sl_arena_strndup(a->arena, given, len);
}

static enum sl_code wanted_layout(enum sl_layout_kind *out, const struct sl_cli *cli,
	struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "layout");

	*out = SL_LAYOUT_AUTO;
	if (name && !sl_layout_kind_parse(out, name))
		return sl_error_set(err, SL_EINVAL, "--layout: '%.40s' is none that is known",
			name);
	return SL_OK;
}

enum sl_code attach_set(struct attach *a, enum sl_layout_kind kind, enum sl_dialect dialect,
	struct sl_layout *out, struct sl_error *err)
{
	enum sl_code code;

	sl_layout_read(out, a->arena, kind, dialect, a->files, a->files_len);
	code = sl_layout_check(out, err);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", shown(a->folder));
	if (out->kind == SL_LAYOUT_AUTO)
		return sl_error_set(err, SL_EINVAL,
			"%s holds no migrations; name another folder with --dir", shown(a->folder));
	return SL_OK;
}

enum sl_code attach_folder(struct attach *a, struct sl_error *err)
{
	const char *given = sl_cli_value(a->cli, "dir");
	struct sl_git_files all = { 0 };
	struct homes homes = { 0 };
	enum sl_layout_kind wanted;
	struct sl_layout layout;
	enum sl_code code = wanted_layout(&wanted, a->cli, err);

	if (code == SL_OK)
		code = sl_repo_files(a->repo, a->arena, a->head, NULL, &all, err);
	if (code == SL_OK && given)
		a->folder = given_folder(a, given);
	else if (code == SL_OK)
		code = find_homes(&homes, a, &all, err);
	if (code == SL_OK && !given && homes.len == 0)
		code = find_home_by_content(&homes, a, &all, err);
	if (code == SL_OK && !given)
		code = choose(a, &homes, err);
	if (code == SL_OK)
		code = read_files(a, &all, a->folder, true, err);
	if (code == SL_OK)
		code = attach_set(a, wanted, first_dialect(a), &layout, err);
	if (code == SL_OK)
		a->layout = layout.kind;
	return code;
}
