#include "layout_int.h"

#include "sluice/core/str.h"

#include <string.h>
#include <strings.h>

static const char read_as_plain[] =
	"say `layout: plain` to read its numbered .sql files as they are, in order";
static const char convert[] =
	"write the changes as numbered .sql files, or in another layout that is read";

static const struct {
	const char *name;
	const char *remedy; /* NULL: the layout is read */
} kinds[] = {
	[SL_LAYOUT_AUTO] = { "auto", NULL },
	[SL_LAYOUT_PLAIN] = { "plain", NULL },
	[SL_LAYOUT_FLYWAY] = { "flyway", NULL },
	[SL_LAYOUT_GOLANG_MIGRATE] = { "golang-migrate", NULL },
	[SL_LAYOUT_GOOSE] = { "goose", NULL },
	[SL_LAYOUT_DBMATE] = { "dbmate", NULL },
	[SL_LAYOUT_DIESEL] = { "diesel", NULL },
	[SL_LAYOUT_PRISMA] = { "prisma", NULL },
	[SL_LAYOUT_SQLX] = { "sqlx", NULL },
	[SL_LAYOUT_ATLAS] = { "atlas", read_as_plain },
	[SL_LAYOUT_SQITCH] = { "sqitch", convert },
	[SL_LAYOUT_LIQUIBASE] = { "liquibase", convert },
	[SL_LAYOUT_DRIZZLE] = { "drizzle", read_as_plain },
	[SL_LAYOUT_SUPABASE] = { "supabase", read_as_plain },
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == SL_LAYOUT_KIND_COUNT, "a layout has no row");

const char *sl_layout_kind_name(enum sl_layout_kind kind)
{
	return kinds[kind].name;
}

bool sl_layout_kind_parse(enum sl_layout_kind *out, const char *name)
{
	for (int i = 0; i < SL_LAYOUT_KIND_COUNT; i++) {
		if (sl_str_eq(kinds[i].name, name)) {
			*out = (enum sl_layout_kind)i;
			return true;
		}
	}
	return false;
}

bool kind_is_read(enum sl_layout_kind kind)
{
	return kinds[kind].remedy == NULL;
}

const char *kind_remedy(enum sl_layout_kind kind)
{
	return kinds[kind].remedy;
}

static bool is_changelog(const char *base)
{
	return sl_str_starts(base, "db.changelog") || sl_str_starts(base, "databasechangelog") ||
		strstr(base, "changelog-master.") ||
		(strstr(base, "changelog") && sl_str_ends(base, ".xml"));
}

enum sl_layout_kind sl_layout_kind_of_mark(const char *base)
{
	if (sl_str_eq(base, "atlas.sum"))
		return SL_LAYOUT_ATLAS;
	if (sl_str_eq(base, "sqitch.plan"))
		return SL_LAYOUT_SQITCH;
	if (sl_str_eq(base, "migration_lock.toml") || sl_str_eq(base, "migration.sql"))
		return SL_LAYOUT_PRISMA;
	return is_changelog(base) ? SL_LAYOUT_LIQUIBASE : SL_LAYOUT_AUTO;
}

static enum sl_layout_kind kind_by_mark(const char *path)
{
	const char *base = path_base(path);

	if (sl_str_eq(path, "meta/_journal.json") || sl_str_eq(base, "snapshot.json"))
		return SL_LAYOUT_DRIZZLE; /* its newer folders look like Prisma's otherwise */
	return sl_layout_kind_of_mark(base);
}

static void skip(struct text *text, const char *bytes)
{
	while (text->len > 0 && strchr(bytes, text->at[0])) {
		text->at++;
		text->len--;
	}
}

/* The first line that is not blank, as Liquibase looks for it. */
static bool is_liquibase_sql(const struct sl_layout_file *file)
{
	static const char words[] = "liquibase formatted sql";
	struct text text = { file->data, file->len };

	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		text = (struct text){ text.at + 3, text.len - 3 };
	skip(&text, " \t\r\n");
	if (text.len < 2 || memcmp(text.at, "--", 2) != 0)
		return false;
	text = (struct text){ text.at + 2, text.len - 2 };
	skip(&text, " \t");
	return text.len >= sizeof(words) - 1 && strncasecmp(text.at, words, sizeof(words) - 1) == 0;
}

/* The tools want their first line before any statement. */
#define HEAD (64u << 10)

enum sl_layout_kind kind_of_sections(const struct sl_layout_file *file)
{
	const struct text text = { file->data, file->len < HEAD ? file->len : HEAD };

	if (section_is_goose(&text))
		return SL_LAYOUT_GOOSE;
	if (section_is_dbmate(&text))
		return SL_LAYOUT_DBMATE;
	return SL_LAYOUT_AUTO;
}

static bool is_name(struct sl_arena *arena, enum sl_layout_kind kind, const char *path)
{
	struct name name;
	enum name_verdict verdict = name_read(&name, arena, kind, path);

	return verdict == NAME_GOOD && !name.down;
}

/* sqlx and golang-migrate or plain files have names in common; what only sqlx knows is its first
 * line. */
static bool is_sqlx(struct sl_arena *arena, const struct entry *entry)
{
	return is_name(arena, SL_LAYOUT_SQLX, entry->inner) && section_is_sqlx(entry->file);
}

/* What one file speaks for; plain is what a numbered file is when nothing else is known. */
static enum sl_layout_kind kind_of(struct sl_arena *arena, const struct entry *entry)
{
	static const enum sl_layout_kind by_name[] = { SL_LAYOUT_FLYWAY, SL_LAYOUT_DIESEL,
		SL_LAYOUT_GOLANG_MIGRATE };
	enum sl_layout_kind kind = kind_by_mark(entry->inner);

	if (kind != SL_LAYOUT_AUTO || !sl_str_ends(entry->inner, ".sql"))
		return kind;
	if (is_liquibase_sql(entry->file)) /* whatever its name */
		return SL_LAYOUT_LIQUIBASE;
	if (is_sqlx(arena, entry))
		return SL_LAYOUT_SQLX;
	for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++) {
		if (is_name(arena, by_name[i], entry->inner))
			return by_name[i];
	}
	kind = kind_of_sections(entry->file);
	if (kind != SL_LAYOUT_AUTO)
		return kind;
	return is_name(arena, SL_LAYOUT_PLAIN, entry->inner) ? SL_LAYOUT_PLAIN : SL_LAYOUT_AUTO;
}

static unsigned strength(enum sl_layout_kind kind)
{
	if (kind == SL_LAYOUT_AUTO)
		return 0;
	if (kind == SL_LAYOUT_PLAIN)
		return 1;
	return kind_is_read(kind) ? 2 : 3;
}

/* Whether files of both kinds may stand in one folder, read as sqlx does. */
static bool are_sqlx(enum sl_layout_kind a, enum sl_layout_kind b)
{
	return (a == SL_LAYOUT_SQLX && b == SL_LAYOUT_GOLANG_MIGRATE) ||
		(a == SL_LAYOUT_GOLANG_MIGRATE && b == SL_LAYOUT_SQLX);
}

static const char say_which[] = "say which layout is meant, or move the others out of the folder";

static bool clash(struct reader *r, const struct entry *entry, enum sl_layout_kind kind,
	const struct entry *witness, enum sl_layout_kind best)
{
	if (strength(kind) != 2 || strength(best) != 2 || kind == best || are_sqlx(kind, best))
		return false;
	problem_add(r, SL_LAYOUT_AMBIGUOUS, entry->path, 0, say_which,
		"a file of %s, while %s is one of %s", kinds[kind].name, witness->path,
		kinds[best].name);
	return true;
}

/* 20260131_120000: a date and a time of day, not a number and a description. */
static bool is_moment(const char *path)
{
	size_t day = strspn(path, "0123456789");
	size_t time = path[day] == '_' ? strspn(path + day + 1, "0123456789") : 0;

	return day == 8 && (time == 4 || time == 6);
}

/* A numbered file beside .up.sql files is left out by golang-migrate and run by sqlx; one whose
 * name goes on with a number has two versions. */
static bool has_two_readings(struct reader *r, const struct entry *entry)
{
	struct name plain, sqlx;

	if (name_read(&plain, r->arena, SL_LAYOUT_PLAIN, entry->inner) != NAME_GOOD || plain.down ||
		name_read(&sqlx, r->arena, SL_LAYOUT_SQLX, entry->inner) != NAME_GOOD)
		return false;
	if (r->kind == SL_LAYOUT_GOLANG_MIGRATE && !sl_str_ends(entry->inner, ".up.sql")) {
		problem_add(r, SL_LAYOUT_AMBIGUOUS, entry->path, 0,
			"say `layout: golang-migrate` or `layout: sqlx`",
			"golang-migrate leaves it out beside .up.sql files, sqlx runs it");
		return true;
	}
	if (r->kind != SL_LAYOUT_PLAIN || sl_str_eq(plain.key, sqlx.key) || is_moment(entry->inner))
		return false;
	problem_add(r, SL_LAYOUT_AMBIGUOUS, entry->path, 0, "say `layout: plain` or `layout: sqlx`",
		"version %s as a plain file, version %s for sqlx", plain.key, sqlx.key);
	return true;
}

static bool is_unambiguous(struct reader *r)
{
	bool two = false;

	for (size_t i = 0; !two && i < r->entries.len; i++)
		two = has_two_readings(r, &r->entries.at[i]);
	if (two)
		r->kind = SL_LAYOUT_AUTO;
	return !two;
}

bool kind_recognise(struct reader *r)
{
	const struct entry *witness = NULL;
	enum sl_layout_kind best = SL_LAYOUT_AUTO;

	for (size_t i = 0; i < r->entries.len; i++) {
		const struct entry *entry = &r->entries.at[i];
		enum sl_layout_kind kind = kind_of(r->arena, entry);

		if (clash(r, entry, kind, witness, best))
			return false;
		if (strength(kind) > strength(best) ||
			(kind == SL_LAYOUT_SQLX && are_sqlx(kind, best))) {
			best = kind;
			witness = entry;
		}
	}
	r->kind = best;
	return is_unambiguous(r);
}
