/*
 * replay: what a statement would do to a catalogue, from its facts alone.  A replay walks the
 * statements of a file, a change or a dump; each step has the catalogue before, the effects, the
 * problems, and the catalogue after.
 *
 * What cannot be modelled (a DO block, EXECUTE, a CALL, a statement too large to parse) is one
 * effect SL_EFFECT_OPAQUE, and the catalogue is uncertain from there on: that an object or column
 * is missing is then no problem any more, since it may have been made out of sight. A statement
 * that the engine would refuse is replayed as far as it makes sense, and a partial table stands in
 * for one that is not there, so that one mistake is told once.
 *
 * A replay is as large as the catalogue at hand, about twice at times: what led to it is given
 * back, unless somebody keeps it.  A catalogue that has grown by more than SL_REPLAY_LIMIT bytes is
 * the last one: every further statement is opaque.
 *
 * One thread at a time.  Effects, problems and catalogues live until the next statement; a
 * catalogue longer with a reference of its own, which keeps the memory of its neighbours too.  A
 * replay never fails.
 */
#ifndef SLUICE_SCHEMA_REPLAY_H
#define SLUICE_SCHEMA_REPLAY_H

#include "sluice/schema/catalog.h"

#include <stdbool.h>
#include <stddef.h>

#define SL_REPLAY_LIMIT ((size_t)64 * 1024 * 1024)

struct sl_facts;
struct sl_replay;

enum sl_effect_kind {
	SL_EFFECT_CREATED,
	SL_EFFECT_REPLACED, /* CREATE OR REPLACE of one that was there */
	SL_EFFECT_DROPPED,
	SL_EFFECT_RENAMED, /* was, now: the names; also SET SCHEMA: the schemas */
	SL_EFFECT_ALTERED, /* anything else; now says what, in a word or two */
	SL_EFFECT_COLUMN_ADDED, /* now: its type */
	SL_EFFECT_COLUMN_DROPPED, /* was: its type */
	SL_EFFECT_COLUMN_RENAMED, /* part: the old name; now: the new one */
	SL_EFFECT_COLUMN_TYPE, /* was, now: the types */
	SL_EFFECT_COLUMN_NOT_NULL,
	SL_EFFECT_COLUMN_NULLABLE,
	SL_EFFECT_COLUMN_DEFAULT, /* was, now: expressions, NULL for none */
	SL_EFFECT_COLUMN_ALTERED, /* identity, generation, collation, comment */
	SL_EFFECT_CONSTRAINT_ADDED, /* now: sl_constraint_kind_name() */
	SL_EFFECT_CONSTRAINT_DROPPED, /* was: likewise */
	SL_EFFECT_CONSTRAINT_RENAMED, /* part: the old name; now: the new one */
	SL_EFFECT_CONSTRAINT_VALIDATED,
	SL_EFFECT_INDEX_ADDED,
	SL_EFFECT_INDEX_DROPPED,
	SL_EFFECT_INDEX_RENAMED, /* part: the old name; now: the new one */
	SL_EFFECT_LABEL_ADDED, /* enum value; part: the label */
	SL_EFFECT_LABEL_RENAMED, /* part: the old label; now: the new one */
	SL_EFFECT_PROPERTY, /* of the database; part: the key; now: the value */
	SL_EFFECT_OPAQUE, /* now: why */
	SL_EFFECT_KIND_COUNT
};

const char *sl_effect_kind_name(enum sl_effect_kind kind);

struct sl_effect {
	enum sl_effect_kind kind;
	const struct sl_entity *entity; /* as it is after; DROPPED: as it was; or NULL */
	const char *part; /* column, constraint, index or label; "" for the object itself */
	const char *was, *now; /* or NULL */
	size_t action; /* of an ALTER with several: which, from 0 */
	bool fresh; /* the object was made by this replay: it holds no old rows */
	bool implied; /* not named by the statement: CASCADE, or a consequence */
	bool rewrites; /* all rows are written anew */
	bool scans; /* all rows are read under the statement's lock */
	bool concurrently;
	bool not_valid; /* constraint: existing rows are not checked */
};

enum sl_problem_kind {
	SL_PROBLEM_UNKNOWN_SCHEMA,
	SL_PROBLEM_UNKNOWN_OBJECT,
	SL_PROBLEM_UNKNOWN_COLUMN,
	SL_PROBLEM_UNKNOWN_CONSTRAINT,
	SL_PROBLEM_UNKNOWN_INDEX,
	SL_PROBLEM_DUPLICATE_OBJECT,
	SL_PROBLEM_DUPLICATE_COLUMN,
	SL_PROBLEM_DUPLICATE_CONSTRAINT,
	SL_PROBLEM_WRONG_KIND, /* DROP TABLE of a view */
	SL_PROBLEM_STILL_USED, /* dependent says by whom; the engine refuses, or breaks it */
	SL_PROBLEM_KIND_COUNT
};

const char *sl_problem_kind_name(enum sl_problem_kind kind);

struct sl_problem {
	enum sl_problem_kind kind;
	enum sl_entity_kind entity_kind; /* what the statement takes the name for */
	const char *schema, *name; /* as the statement gives them; schema "" when it gives none */
	const char *part; /* column, constraint, index; "" */
	const struct sl_entity *dependent; /* STILL_USED; else NULL */
	const char *dependent_part; /* its foreign key, index, column; "" */
	const char *message; /* one sentence without a final stop */
	bool refuses; /* the engine will refuse the statement (false: it breaks the dependent later)
		       */
};

struct sl_replay_step {
	const struct sl_catalog *before, *after; /* equal pointers when nothing changed */
	const struct sl_effect *effects;
	size_t effects_len;
	const struct sl_problem *problems;
	size_t problems_len;
};

/* base is referenced.  Never NULL. */
struct sl_replay *sl_replay_new(const struct sl_catalog *base)
	__attribute__((returns_nonnull, warn_unused_result, nonnull));

/* Accepts NULL. */
void sl_replay_free(struct sl_replay *replay);
SL_DEFINE_CLEANUP(struct sl_replay, sl_replay_free);

/* The facts and the statement's text, which they were made from, are only read during the call. */
void sl_replay_statement(struct sl_replay *replay, const struct sl_facts *facts, const char *text,
	size_t len, struct sl_replay_step *step) __attribute__((nonnull));

/* A statement without facts: client command, too large, not parsed.  why is copied. */
void sl_replay_opaque(struct sl_replay *replay, const char *why, struct sl_replay_step *step)
	__attribute__((nonnull));

/* A new file, run in a session of its own: search path and temporary objects of the last one are
 * forgotten. */
void sl_replay_new_session(struct sl_replay *replay) __attribute__((nonnull));

/* The catalogue as it stands; borrowed until the next statement, referenced by who keeps it. */
const struct sl_catalog *sl_replay_catalog(const struct sl_replay *replay)
	__attribute__((returns_nonnull, nonnull));

/* A catalogue from a schema file or dump: its statements replayed on an empty catalogue.  What
 * cannot be modelled is listed as incomplete.  The caller owns one reference.  SL_EINVAL when the
 * text is not UTF-8 or holds a statement that does not parse (with its line). */
enum sl_code sl_catalog_from_sql(const struct sl_catalog **out, enum sl_dialect dialect,
	int version, const char *sql, size_t len, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 4)));

#endif
