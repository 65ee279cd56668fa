/* What the files of this room share: the reader's state while one folder is read. */
#ifndef SLUICE_LAYOUT_INT_H
#define SLUICE_LAYOUT_INT_H

#include "sluice/core/vec.h"
#include "sluice/layout.h"

/* A file that stays after the choice among per-engine sets. */
struct entry {
	const struct sl_layout_file *file;
	const char *path; /* as the caller gave it */
	const char
		*inner; /* without the engine's folder and without the engine's word in the name */
	unsigned rank; /* how special for the dialect: 0 for all, 1 a fallback's, 2 its own */
};

/* What a file name says. */
struct name {
	enum sl_migration_kind kind;
	const char *key;
	const char *text; /* the description part */
	bool down; /* goes back instead of forward */
};

/* The parts of a file that run. */
struct section {
	const char *up, *down; /* down is NULL when there is none */
	size_t up_len, down_len;
	unsigned first_line;
	bool no_transaction, statement_blocks;
};

struct found {
	struct sl_migration migration;
	unsigned rank;
};

struct reader {
	struct sl_arena *arena;
	enum sl_layout_kind kind;
	enum sl_dialect dialect;
	enum sl_dialect engine; /* that the folder names, or SL_DIALECT_COUNT */
	bool any_size; /* the limit of a file does not count */

	struct {
		SL_VEC(struct entry);
	} entries;

	struct {
		SL_VEC(struct found);
	} found;

	struct {
		SL_VEC(struct sl_layout_problem);
	} problems;
};

/* problem.c: the message is copied; remedy is static text. */
void problem_add(struct reader *r, enum sl_layout_problem_kind kind, const char *path,
	unsigned line, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void problems_sort(struct reader *r);

/* engine.c: fills r->entries; false when there is no telling which set is meant. */
bool entries_choose(struct reader *r, const struct sl_layout_file *files, size_t n);

/* kind.c */
/* Sets r->kind; false after noting that several layouts are mixed. */
bool kind_recognise(struct reader *r);
/* goose or dbmate where the file says so, else SL_LAYOUT_AUTO. */
enum sl_layout_kind kind_of_sections(const struct sl_layout_file *file);
bool kind_is_read(enum sl_layout_kind kind);
const char *kind_remedy(enum sl_layout_kind kind);

/* name.c: what a path says under each layout. */
enum name_verdict {
	NAME_OTHER, /* no migration of this layout */
	NAME_GOOD,
	NAME_BAD, /* meant as one, and not readable */
	NAME_SIDE, /* belongs to a migration or to the tool, read elsewhere or not at all */
	NAME_CODE, /* a migration written as a program */
	NAME_BASELINE /* Flyway's B file */
};

enum name_verdict name_read(struct name *out, struct sl_arena *arena, enum sl_layout_kind kind,
	const char *path);
const char *path_base(const char *path);

/* text.c */
struct text {
	const char *at; /* past a byte order mark */
	size_t len;
};

/* Why bytes are no text; lines from 1, 0: none. */
struct text_faults {
	bool utf16;
	unsigned nul_line, invalid_line;
};

/* False after noting the problem, if there is one. */
bool text_is_clean(struct reader *r, const char *path, const struct text_faults *faults);
struct text text_behind_mark(struct text text);
bool text_is_utf16(const struct text *text);

/* False after noting the problem. */
bool text_check(struct text *out, struct reader *r, const struct entry *entry);
bool text_has_statement(const char *at, size_t len, enum sl_dialect dialect);
/* The next line without its end in *line; false at the end of the text. */
bool text_line(const struct text *text, size_t *pos, struct text *line);

/* section.c: false after noting the problem. */
bool section_read(struct section *out, struct reader *r, const struct entry *entry,
	const struct text *text);
bool section_is_goose(const struct text *text);
bool section_is_dbmate(const struct text *text);
/* Whether the first line is the one with which sqlx does without a transaction. */
bool section_is_sqlx(const struct sl_layout_file *file);

/* read.c: a file by itself.  False after noting the problem. */
bool single_name_read(struct name *out, struct reader *r, const char *path);
void single_end(struct sl_layout *out, struct reader *r);

/* collect.c: what the entries hold, into r->found, without order. */
void entries_collect(struct reader *r);
/* A section that goes forward. */
void section_add(struct reader *r, const char *path, const struct name *name,
	const struct section *section, const char *sha256);
/* One file that goes forward; nothing is added when it has an error. */
void found_add(struct reader *r, const struct entry *entry, const struct name *name);

#endif
