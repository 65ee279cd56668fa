#include "layout_int.h"

#include "sluice/core/str.h"

#include <string.h>

/* The words with which people name the set of one engine. */
static const struct {
	const char *word;
	enum sl_dialect dialect;
} words[] = {
	{ "postgres", SL_DIALECT_POSTGRES },
	{ "postgresql", SL_DIALECT_POSTGRES },
	{ "pgsql", SL_DIALECT_POSTGRES },
	{ "pg", SL_DIALECT_POSTGRES },
	{ "sqlite", SL_DIALECT_SQLITE },
	{ "sqlite3", SL_DIALECT_SQLITE },
	{ "mysql", SL_DIALECT_MYSQL },
	{ "mariadb", SL_DIALECT_MARIADB },
};

struct place {
	enum sl_dialect dialect; /* SL_DIALECT_COUNT: for all */
	bool folder;
	const char *inner;
};

static enum sl_dialect word_dialect(const char *at, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == len && memcmp(words[i].word, at, len) == 0)
			return words[i].dialect;
	}
	return SL_DIALECT_COUNT;
}

/* name.postgres.up.sql: the word among the dotted parts after the first. */
static struct place place_by_name(struct sl_arena *arena, const char *path)
{
	const char *dot = strchr(path_base(path), '.');

	while (dot) {
		const char *next = strchr(dot + 1, '.');
		enum sl_dialect dialect;

		if (!next)
			break;
		dialect = word_dialect(dot + 1, (size_t)(next - dot - 1));
		if (dialect != SL_DIALECT_COUNT)
			return (struct place){ dialect, false,
				sl_arena_printf(arena, "%.*s%s", (int)(dot - path), path, next) };
		dot = next;
	}
	return (struct place){ SL_DIALECT_COUNT, false, path };
}

static struct place place_of(struct sl_arena *arena, const char *path)
{
	const char *slash = strchr(path, '/');
	enum sl_dialect dialect = slash ? word_dialect(path, (size_t)(slash - path)) :
					  SL_DIALECT_COUNT;

	if (dialect != SL_DIALECT_COUNT)
		return (struct place){ dialect, true, slash + 1 };
	return place_by_name(arena, path);
}

static unsigned rank_for(enum sl_dialect wanted, const struct place *place)
{
	if (place->dialect == wanted)
		return 2;
	if (wanted == SL_DIALECT_MARIADB && place->dialect == SL_DIALECT_MYSQL)
		return 1;
	return 0;
}

/* Which sets the folder has, as a list for people. */
static const char *set_names(struct sl_arena *arena, const unsigned *counts)
{
	const char *out = "";

	for (int i = 0; i < SL_DIALECT_COUNT; i++) {
		if (counts[i] > 0)
			out = sl_arena_printf(arena, "%s%s%s", out, *out ? ", " : "",
				sl_dialect_name((enum sl_dialect)i));
	}
	return out;
}

static void entry_add(struct reader *r, const struct sl_layout_file *file,
	const struct place *place)
{
	unsigned rank = rank_for(r->dialect, place);

	if (place->dialect != SL_DIALECT_COUNT && rank == 0)
		return;
	*sl_vec_add_in(r->arena, &r->entries) = (struct entry){
		.file = file,
		.path = file->path,
		.inner = place->inner,
		.rank = rank,
	};
}

bool entries_choose(struct reader *r, const struct sl_layout_file *files, size_t n)
{
	unsigned counts[SL_DIALECT_COUNT + 1] = { 0 };
	struct place *places = sl_arena_calloc(r->arena, n + 1, sizeof(*places));
	bool own_folder = false;
	bool special = false;

	for (size_t i = 0; i < n; i++) {
		places[i] = place_of(r->arena, files[i].path);
		counts[places[i].dialect]++;
		special |= places[i].dialect != SL_DIALECT_COUNT;
		own_folder |= places[i].folder && places[i].dialect == r->dialect;
	}
	if (special && r->dialect == SL_DIALECT_COUNT) {
		problem_add(r, SL_LAYOUT_AMBIGUOUS, "", 0, "say which engine is meant",
			"the folder holds a set of migrations per engine (%s)",
			set_names(r->arena, counts));
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool replaced = own_folder && places[i].folder &&
			rank_for(r->dialect, &places[i]) == 1;

		if (!replaced)
			entry_add(r, &files[i], &places[i]);
	}
	if (special && r->entries.len == 0)
		problem_add(r, SL_LAYOUT_AMBIGUOUS, "", 0,
			"add a set for this engine, or name another folder",
			"the folder holds migrations for %s, none for %s",
			set_names(r->arena, counts), sl_dialect_name(r->dialect));
	return r->entries.len > 0 || !special;
}

enum sl_dialect sl_layout_path_dialect(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/.");
		enum sl_dialect dialect = word_dialect(path, len);

		if (dialect != SL_DIALECT_COUNT)
			return dialect;
		path += len + (path[len] != '\0');
	}
	return SL_DIALECT_COUNT;
}
