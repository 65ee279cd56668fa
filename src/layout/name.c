#include "layout_int.h"

#include "sluice/core/str.h"

#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static size_t digits(const char *s)
{
	size_t n = 0;

	while (is_digit(s[n]))
		n++;
	return n;
}

/* 1.2.3, 2026-01-31_120000: further parts only where nothing but digits stands between the
 * separators, so that 0001_2fa is version 1. */
static size_t version_len(const char *s)
{
	size_t len = digits(s);

	while (len > 0 && is_separator(s[len])) {
		size_t part = digits(s + len + 1);
		char after = s[len + 1 + part];

		if (part == 0 || (after != '\0' && !is_separator(after)))
			break;
		len += 1 + part;
	}
	return len;
}

/* The description: what follows the version's separators. */
static const char *description(const char *stem, size_t version)
{
	const char *text = stem + version;

	while (is_separator(*text))
		text++;
	return text;
}

/* The base name without the ending, or NULL when it does not end so. */
static char *stem_of(struct sl_arena *arena, const char *path, const char *ending)
{
	const char *base = path_base(path);

	if (!sl_str_ends(base, ending))
		return NULL;
	return sl_arena_strndup(arena, base, strlen(base) - strlen(ending));
}

static enum name_verdict version_name(struct name *out, struct sl_arena *arena, const char *stem,
	size_t len)
{
	const char *key = sl_version_canonical(arena, stem, len);

	if (!key)
		return NAME_BAD;
	out->kind = SL_MIGRATION_VERSION;
	out->key = key;
	out->text = description(stem, len);
	return NAME_GOOD;
}

static enum name_verdict plain(struct name *out, struct sl_arena *arena, const char *path)
{
	static const char *const endings[] = { ".down.sql", ".undo.sql", ".up.sql", ".sql" };
	char *stem = NULL;
	size_t i = 0;
	size_t len;

	if (strchr(path, '/'))
		return NAME_OTHER;
	while (i < ARRAY_LEN(endings) && !(stem = stem_of(arena, path, endings[i])))
		i++;
	if (!stem)
		return NAME_OTHER;
	len = version_len(stem);
	if (len == 0 || (stem[len] != '\0' && !is_separator(stem[len])))
		return NAME_OTHER;
	out->down = i < 2;
	return version_name(out, arena, stem, len);
}

/* The versions of golang-migrate, goose and dbmate are one number before the first '_'. */
static enum name_verdict numbered(struct name *out, struct sl_arena *arena, const char *stem)
{
	size_t len = digits(stem);

	if (len == 0)
		return NAME_OTHER;
	if (stem[len] != '_' && stem[len] != '\0')
		return NAME_BAD;
	return version_name(out, arena, stem, len);
}

static enum name_verdict golang_migrate(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *stem = stem_of(arena, path, ".up.sql");

	if (strchr(path, '/'))
		return NAME_OTHER;
	out->down = !stem;
	if (!stem)
		stem = stem_of(arena, path, ".down.sql");
	return stem ? numbered(out, arena, stem) : NAME_OTHER;
}

static enum name_verdict goose(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *base = path_base(path);
	const char *stem = stem_of(arena, path, ".sql");

	if (strchr(path, '/'))
		return NAME_OTHER;
	if (sl_str_ends(base, ".go") && !sl_str_ends(base, "_test.go") && digits(base) > 0)
		return NAME_CODE;
	return stem ? numbered(out, arena, stem) : NAME_OTHER;
}

static enum name_verdict dbmate(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *stem = stem_of(arena, path, ".sql");

	return stem && !strchr(path, '/') ? numbered(out, arena, stem) : NAME_OTHER;
}

static enum name_verdict flyway_repeatable(struct name *out, const char *stem)
{
	if (!sl_str_starts(stem, "R__") || stem[3] == '\0')
		return NAME_BAD;
	out->kind = SL_MIGRATION_REPEATABLE;
	out->key = stem + 3;
	out->text = stem + 3;
	return strlen(out->key) <= SL_KEY_LIMIT ? NAME_GOOD : NAME_BAD;
}

/* Flyway's own rule: a capital, the version with '.' or '_', two underscores, the description. */
static enum name_verdict flyway(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *base = path_base(path);
	const char *stem = stem_of(arena, path, ".sql");
	const char *gap = stem ? strstr(stem, "__") : NULL;

	if (sl_str_ends(base, ".sql.conf"))
		return NAME_SIDE;
	if (base[0] == 'V' && digits(base + 1) > 0 && sl_str_ends(base, ".java"))
		return NAME_CODE;
	if (!stem)
		return NAME_OTHER;
	if (sl_str_starts(stem, "R_"))
		return flyway_repeatable(out, stem);
	if (stem[0] == '\0' || !strchr("VUBvub", stem[0]) || digits(stem + 1) == 0)
		return NAME_OTHER;
	if (!strchr("VUB", stem[0]) || !gap)
		return NAME_BAD;
	if (stem[0] == 'B')
		return NAME_BASELINE;
	out->down = stem[0] == 'U';
	return version_name(out, arena, stem + 1, (size_t)(gap - stem - 1));
}

/* Diesel's own version: the folder's name up to the first '_', without its dashes. */
static enum name_verdict diesel(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *base = path_base(path);
	const char *slash = strchr(path, '/');
	char *version;
	size_t len = 0;
	size_t i = 0;

	if (!slash || slash + 1 != base)
		return NAME_OTHER;
	if (sl_str_eq(base, "metadata.toml"))
		return NAME_SIDE;
	if (!sl_str_eq(base, "up.sql") && !sl_str_eq(base, "down.sql"))
		return NAME_OTHER;
	version = sl_arena_alloc(arena, (size_t)(slash - path) + 1);
	for (; path[i] != '_' && path + i < slash; i++) {
		if (path[i] != '-')
			version[len++] = path[i];
	}
	out->kind = SL_MIGRATION_VERSION;
	out->key = sl_version_canonical(arena, version, len);
	while (path[i] == '_')
		i++;
	out->text = sl_arena_strndup(arena, path + i, (size_t)(slash - path) - i);
	out->down = base[0] == 'd';
	return out->key ? NAME_GOOD : NAME_BAD;
}

/* The folder has the version, and migration.sql is what it is named for. */
static enum name_verdict prisma(struct name *out, struct sl_arena *arena, const char *path)
{
	const char *base = path_base(path);
	const char *slash = strchr(path, '/');
	enum name_verdict verdict;

	if (sl_str_eq(path, "migration_lock.toml"))
		return NAME_SIDE;
	if (!slash || slash + 1 != base)
		return NAME_OTHER;
	if (!sl_str_eq(base, "migration.sql") && !sl_str_eq(base, "down.sql"))
		return NAME_OTHER;
	verdict = numbered(out, arena, sl_arena_strndup(arena, path, (size_t)(slash - path)));
	out->down = base[0] == 'd';
	return verdict == NAME_OTHER ? NAME_BAD : verdict;
}

/* Files without an underscore are none of sqlx's; with one, a number has to stand before it. */
static enum name_verdict sqlx(struct name *out, struct sl_arena *arena, const char *path)
{
	static const char *const endings[] = { ".down.sql", ".up.sql", ".sql" };
	char *stem = NULL;
	size_t i = 0;
	enum name_verdict verdict;

	if (strchr(path, '/'))
		return NAME_OTHER;
	while (i < ARRAY_LEN(endings) && !(stem = stem_of(arena, path, endings[i])))
		i++;
	if (!stem || !strchr(stem, '_'))
		return NAME_OTHER;
	out->down = i == 0;
	verdict = numbered(out, arena, stem);
	return verdict == NAME_OTHER ? NAME_BAD : verdict;
}

typedef enum name_verdict name_fn(struct name *out, struct sl_arena *arena, const char *path);

static name_fn *const readers[] = {
	[SL_LAYOUT_PLAIN] = plain,
	[SL_LAYOUT_FLYWAY] = flyway,
	[SL_LAYOUT_GOLANG_MIGRATE] = golang_migrate,
	[SL_LAYOUT_GOOSE] = goose,
	[SL_LAYOUT_DBMATE] = dbmate,
	[SL_LAYOUT_DIESEL] = diesel,
	[SL_LAYOUT_PRISMA] = prisma,
	[SL_LAYOUT_SQLX] = sqlx,
};

_Static_assert(ARRAY_LEN(readers) == SL_LAYOUT_ATLAS, "a layout that is read has no name reader");

enum name_verdict name_read(struct name *out, struct sl_arena *arena, enum sl_layout_kind kind,
	const char *path)
{
	*out = (struct name){ 0 };
	return readers[kind](out, arena, path);
}
