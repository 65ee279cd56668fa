#include "layout_int.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <string.h>
#include <strings.h>

static const char *sha256_of(struct sl_arena *arena, const struct sl_layout_file *file)
{
	char hex[SL_SHA256_HEX];

	sl_sha256_hex(file->data, file->len, hex);
	return sl_arena_strdup(arena, hex);
}

void section_add(struct reader *r, const char *path, const struct name *name,
	const struct section *section, const char *sha256)
{
	*sl_vec_add_in(r->arena, &r->found) = (struct found){
		.migration = {
			.kind = name->kind,
			.key = name->key,
			.name = name->text,
			.path = path,
			.sha256 = sha256,
			.sql = section->up,
			.sql_len = section->up_len,
			.first_line = section->first_line,
			.no_transaction = section->no_transaction,
			.statement_blocks = section->statement_blocks,
			.placeholders = r->kind == SL_LAYOUT_FLYWAY,
			.down = section->down,
			.down_len = section->down_len,
		},
	};
}

void found_add(struct reader *r, const struct entry *entry, const struct name *name)
{
	struct section section;
	struct text text;

	if (!text_check(&text, r, entry) || !section_read(&section, r, entry, &text))
		return;
	if (!text_has_statement(section.up, section.up_len, r->dialect))
		problem_add(r, SL_LAYOUT_EMPTY, entry->path, 0, "it is applied as zero statements",
			"no statement in the file");
	section_add(r, entry->path, name, &section, sha256_of(r->arena, entry->file));
	r->found.at[r->found.len - 1].rank = entry->rank;
}

static struct sl_migration *found_by_key(struct reader *r, const char *key)
{
	struct found *best = NULL;

	for (size_t i = 0; i < r->found.len; i++) {
		struct found *found = &r->found.at[i];

		if (found->migration.kind == SL_MIGRATION_VERSION &&
			sl_str_eq(found->migration.key, key) && (!best || found->rank > best->rank))
			best = found;
	}
	return best ? &best->migration : NULL;
}

static void down_add(struct reader *r, const struct entry *entry, const struct name *name)
{
	struct sl_migration *migration = found_by_key(r, name->key);
	struct text text;

	if (!migration) {
		problem_add(r, SL_LAYOUT_IGNORED, entry->path, 0,
			"add the file that goes forward, or remove this one",
			"it takes back version %s, which no file makes", name->key);
		return;
	}
	if (!text_check(&text, r, entry))
		return;
	migration->down = text.at;
	migration->down_len = text.len;
}

/* The value that a side file of one tool gives to a name, anywhere in it. */
static bool says_false(const struct sl_layout_file *file, const char *name)
{
	const struct text text = { file->data, file->len };
	struct text line;
	size_t pos = 0;
	size_t len = strlen(name);

	while (text_line(&text, &pos, &line)) {
		if (line.len <= len || memcmp(line.at, name, len) != 0)
			continue;
		line = (struct text){ line.at + len, line.len - len };
		while (line.len > 0 && strchr(" \t=", line.at[0]))
			line = (struct text){ line.at + 1, line.len - 1 };
		return line.len >= 5 && memcmp(line.at, "false", 5) == 0;
	}
	return false;
}

/* Prisma's migration_lock.toml names the engine that the folder was made for. */
static const struct {
	const char *word;
	enum sl_dialect dialect;
} providers[] = {
	{ "postgresql", SL_DIALECT_POSTGRES },
	{ "mysql", SL_DIALECT_MYSQL },
	{ "sqlite", SL_DIALECT_SQLITE },
};

static void engine_check(struct reader *r, const struct entry *entry)
{
	bool same = r->engine == r->dialect ||
		(r->engine == SL_DIALECT_MYSQL && r->dialect == SL_DIALECT_MARIADB);

	if (r->engine == SL_DIALECT_COUNT || r->dialect == SL_DIALECT_COUNT || same)
		return;
	problem_add(r, SL_LAYOUT_UNSUPPORTED, entry->path, 0,
		"choose targets of that engine for this folder",
		"the folder is made for %s, not for %s", sl_dialect_name(r->engine),
		sl_dialect_name(r->dialect));
}

static void provider_add(struct reader *r, const struct entry *entry)
{
	const struct text text = { entry->file->data, entry->file->len };
	struct text line;
	size_t pos = 0;

	while (text_line(&text, &pos, &line)) {
		const char *quote = memchr(line.at, '"', line.len);
		size_t rest = quote ? (size_t)(line.at + line.len - quote) - 1 : 0;

		if (!quote || line.len < 8 || memcmp(line.at, "provider", 8) != 0)
			continue;
		for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
			size_t len = strlen(providers[i].word);

			if (rest > len && memcmp(quote + 1, providers[i].word, len) == 0 &&
				quote[1 + len] == '"')
				r->engine = providers[i].dialect;
		}
	}
	engine_check(r, entry);
}

/* Flyway's V1__x.sql.conf beside V1__x.sql, Diesel's metadata.toml in the folder. */
static bool is_beside(const struct reader *r, const char *side, const char *path)
{
	size_t folder = (size_t)(path_base(path) - path);

	if (r->kind == SL_LAYOUT_FLYWAY)
		return strlen(side) == strlen(path) + strlen(".conf") && sl_str_starts(side, path);
	return strlen(side) >= folder && memcmp(side, path, folder) == 0;
}

static void side_add(struct reader *r, const struct entry *entry)
{
	const bool flyway = r->kind == SL_LAYOUT_FLYWAY;
	bool no_transaction, as_it_stands;

	if (r->kind == SL_LAYOUT_PRISMA) {
		provider_add(r, entry);
		return;
	}
	no_transaction = says_false(entry->file,
		flyway ? "executeInTransaction" : "run_in_transaction");
	as_it_stands = flyway && says_false(entry->file, "placeholderReplacement");
	for (size_t i = 0; i < r->found.len; i++) {
		struct sl_migration *migration = &r->found.at[i].migration;

		if (!is_beside(r, entry->path, migration->path))
			continue;
		migration->no_transaction = migration->no_transaction || no_transaction;
		migration->placeholders = migration->placeholders && !as_it_stands;
	}
}

/* .SQL, as some editors and file systems have it: no tool's own word for a migration, and yet
 * somebody's. */
static const char *other_case(const char *path)
{
	const size_t len = strlen(path), ending = strlen(".sql");

	if (len <= ending)
		return NULL;
	path += len - ending;
	return strcasecmp(path, ".sql") == 0 && !sl_str_eq(path, ".sql") ? path : NULL;
}

static void unread_add(struct reader *r, const struct entry *entry, enum name_verdict verdict)
{
	const char *layout = sl_layout_kind_name(r->kind);

	if (verdict == NAME_CODE)
		problem_add(r, SL_LAYOUT_UNSUPPORTED, entry->path, 0,
			"write the change as SQL, or apply it by hand and leave the file out",
			"a migration written as a program cannot be run");
	else if (verdict == NAME_BAD)
		problem_add(r, SL_LAYOUT_BAD_NAME, entry->path, 0,
			r->kind == SL_LAYOUT_FLYWAY ?
				"name it V<version>__<text>.sql or R__<text>.sql" :
				"begin the name with a number and an underscore",
			"the name is no version of a %s migration", layout);
	else if (verdict == NAME_BASELINE)
		problem_add(r, SL_LAYOUT_IGNORED, entry->path, 0,
			"a new database runs the versions from the first one",
			"a baseline file is not run");
	else if (sl_str_ends(entry->path, ".sql"))
		problem_add(r, SL_LAYOUT_IGNORED, entry->path, 0,
			"rename it if it should run, or move it out of the folder",
			"not run: its name is not one of a %s migration", layout);
	else if (other_case(entry->path))
		problem_add(r, SL_LAYOUT_IGNORED, entry->path, 0,
			"rename it if it should run, or move it out of the folder",
			"not run: its name ends in %s, not in .sql", other_case(entry->path));
}

void entries_collect(struct reader *r)
{
	struct name *names = sl_arena_calloc(r->arena, r->entries.len + 1, sizeof(*names));
	enum name_verdict *verdicts = sl_arena_calloc(r->arena, r->entries.len + 1,
		sizeof(*verdicts));

	for (size_t i = 0; i < r->entries.len; i++) {
		const struct entry *entry = &r->entries.at[i];

		verdicts[i] = name_read(&names[i], r->arena, r->kind, entry->inner);
		if (verdicts[i] == NAME_GOOD && !names[i].down)
			found_add(r, entry, &names[i]);
	}
	for (size_t i = 0; i < r->entries.len; i++) {
		const struct entry *entry = &r->entries.at[i];

		if (verdicts[i] == NAME_GOOD && names[i].down)
			down_add(r, entry, &names[i]);
		else if (verdicts[i] == NAME_SIDE)
			side_add(r, entry);
		else if (verdicts[i] != NAME_GOOD)
			unread_add(r, entry, verdicts[i]);
	}
}
