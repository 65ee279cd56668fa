/*
 * layout: migration folders as the tools that people already use write them.
 *
 * Pure: the caller lists the files of one migrations folder (from a disk, or blobs of a commit) and
 * gets the ordered set of migrations, together with everything that is wrong with the folder.  No
 * file is ever skipped in silence: what is not a migration is either known to be none (a README, a
 * history of checksums) or listed as a problem.
 *
 * Problems are data, not a failed call, so that review can show all of them beside its findings;
 * who is about to run the set calls sl_layout_check() first, which turns them into one error.
 *
 * Lifetime: the set and the problems live in the arena; sql and down of a migration point into the
 * data of the files, which the caller keeps as long as the set.  No state: thread-safe.
 */
#ifndef SLUICE_LAYOUT_H
#define SLUICE_LAYOUT_H

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/model/migration.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>

/* Those from SL_LAYOUT_ATLAS on are recognised and refused by name. */
enum sl_layout_kind {
	SL_LAYOUT_AUTO, /* recognise it */
	SL_LAYOUT_PLAIN, /* 0001_name.sql, 20260131120000-name.sql, 1.2.3_name.sql */
	SL_LAYOUT_FLYWAY, /* V1.2__name.sql, R__name.sql, U1.2__name.sql, also in folders */
	SL_LAYOUT_GOLANG_MIGRATE, /* 000001_name.up.sql, .down.sql */
	SL_LAYOUT_GOOSE, /* 00001_name.sql with -- +goose Up, Down */
	SL_LAYOUT_DBMATE, /* 20260131120000_name.sql with -- migrate:up, down */
	SL_LAYOUT_DIESEL, /* 2026-01-31-120000_name/up.sql, down.sql */
	SL_LAYOUT_PRISMA, /* 20260131120000_name/migration.sql, migration_lock.toml */
	SL_LAYOUT_SQLX, /* 20260131120000_name.sql, or .up.sql and .down.sql */
	SL_LAYOUT_ATLAS,
	SL_LAYOUT_SQITCH,
	SL_LAYOUT_LIQUIBASE,
	SL_LAYOUT_DRIZZLE,
	SL_LAYOUT_SUPABASE,
	SL_LAYOUT_KIND_COUNT
};

/* "golang-migrate" and the like.  sl_layout_kind_parse() returns false, and leaves *out alone, when
 * the text is none of them. */
const char *sl_layout_kind_name(enum sl_layout_kind kind);
bool sl_layout_kind_parse(enum sl_layout_kind *out, const char *name)
	__attribute__((warn_unused_result, nonnull));

/* A larger file is refused (product: limits.migration_bytes has this as its default). */
#define SL_LAYOUT_FILE_LIMIT (64u << 20)

/* One file of the folder.  path is relative to it, '/' between parts, at most SL_PATH_LIMIT. */
struct sl_layout_file {
	const char *path;
	const char *data; /* borrowed for as long as the set lives; not terminated */
	size_t len;
};

enum sl_layout_problem_kind {
	SL_LAYOUT_DUPLICATE_VERSION, /* two files with one version, or one repeatable's name */
	SL_LAYOUT_UNREADABLE, /* not UTF-8, a NUL byte, larger than the limit */
	SL_LAYOUT_BAD_NAME, /* the name says migration but cannot be read as one */
	SL_LAYOUT_BAD_DIRECTIVE, /* goose's or dbmate's comment lines do not fit together */
	SL_LAYOUT_UNSUPPORTED, /* a layout, or a kind of file, that is recognised but not read */
	SL_LAYOUT_AMBIGUOUS, /* several layouts or readings, or per-engine sets without a dialect */
	SL_LAYOUT_IGNORED, /* a *.sql file that is no migration of this layout */
	SL_LAYOUT_EMPTY, /* no statement in it; it is in the set all the same */
	SL_LAYOUT_PROBLEM_KIND_COUNT
};

struct sl_layout_problem {
	enum sl_layout_problem_kind kind;
	enum sl_severity severity; /* errors stop a run; ignored is a warning, empty a notice */
	const char *path; /* "" when it is about the folder */
	unsigned line; /* 0 when it is about the whole file */
	const char *message; /* object and cause, without the path */
	const char *remedy; /* what to do, one sentence */
};

struct sl_layout {
	enum sl_layout_kind
		kind; /* what it was read as; SL_LAYOUT_AUTO when nothing was recognised */
	enum sl_dialect engine; /* that the folder itself names, or SL_DIALECT_COUNT */
	struct sl_migration_set set; /* versions in order, then repeatables by name */
	const struct sl_layout_problem *problems; /* by path, then line */
	size_t problem_count;
};

/*
 * Reads a folder.  dialect chooses among per-engine sets (a folder postgresql/, sqlite/, mysql/ ...
 * or name.postgres.up.sql; the special file wins over the general one of the same version; MariaDB
 * takes MySQL's where it has none of its own); SL_DIALECT_COUNT when it is not known, which is a
 * problem only where there are such sets.  The order of files does not matter.
 *
 * A file with an error is left out of the set, but for a doubled version: both are in it, so that
 * review can point at both.
 */
void sl_layout_read(struct sl_layout *out, struct sl_arena *arena, enum sl_layout_kind kind,
	enum sl_dialect dialect, const struct sl_layout_file *files, size_t n);

/* One file by itself, whatever its name and size: a migration of kind SL_MIGRATION_ID whose key is
 * the base name; goose's and dbmate's sections are seen. */
void sl_layout_read_single(struct sl_layout *out, struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_layout_file *file);

/* A file by itself that is too large to be held is looked at piece by piece:
 *
 *	while ((at = sl_layout_scan_room(scan, &room)) && (n = read(fd, at, room)) > 0)
 *		sl_layout_scan_took(scan, n);
 *
 * sl_layout_scan_end() then gives what sl_layout_read_single() would, but for the text: sql is
 * NULL, and what runs are the last sql_len bytes of the file.  False, and *out is left alone, when
 * that cannot be told piece by piece: the file has sections, or its first 64 KiB no statement. */
struct sl_layout_scan;

struct sl_layout_scan *sl_layout_scan_new(void)
	__attribute__((returns_nonnull, warn_unused_result));
void sl_layout_scan_free(struct sl_layout_scan *scan);
SL_DEFINE_CLEANUP(struct sl_layout_scan, sl_layout_scan_free);

/* Where the next bytes of the file go; *room is never 0. */
char *sl_layout_scan_room(struct sl_layout_scan *scan, size_t *room)
	__attribute__((returns_nonnull));
void sl_layout_scan_took(struct sl_layout_scan *scan, size_t len);

/* Once, at the end of the file. */
bool sl_layout_scan_end(struct sl_layout *out, struct sl_arena *arena, enum sl_dialect dialect,
	const char *path, struct sl_layout_scan *scan);
/* The tool that alone leaves a file of this base name, or SL_LAYOUT_AUTO. */
enum sl_layout_kind sl_layout_kind_of_mark(const char *base) __attribute__((nonnull));

/* The engine that a folder or a dotted part of the path names (postgresql/1_a.sql, 1_a.mysql.sql),
 * or SL_DIALECT_COUNT. */
enum sl_dialect sl_layout_path_dialect(const char *path) __attribute__((nonnull));

/* SL_OK when no problem is an error; else SL_EINVAL with the first one, its remedy, and how many
 * more there are. */
enum sl_code sl_layout_check(const struct sl_layout *layout, struct sl_error *err)
	__attribute__((warn_unused_result));

/*
 * Versions compare numerically part by part; parts are runs of digits of any length between '.',
 * '-' or '_'; leading zeros and trailing zero parts do not count: "1", "01" and "1.0" are one.
 * sl_version_canonical() gives the one spelling ("1.2", "0"), or NULL when the text is no version
 * or longer than SL_KEY_LIMIT.  sl_version_compare() takes canonical or any other valid text and
 * returns <0, 0, >0.
 */
const char *sl_version_canonical(struct sl_arena *arena, const char *text, size_t len)
	__attribute__((warn_unused_result));
int sl_version_compare(const char *a, const char *b) __attribute__((nonnull, pure));

#endif
