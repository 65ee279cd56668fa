/*
 * review: what a set of migrations would do to one schema, looked at by every rule.
 *
 * Pure: everything that is known comes in with the input, nothing is read elsewhere.  A review
 *walks the statements of the new migrations in running order; for each, the rules see its facts,
 *what replay says it does, and the catalogue before and after.  Objects that the change itself
 *makes hold no rows and have no readers yet, so rules about locks and readers leave them alone.
 *
 * Findings are capped at SL_REVIEW_FINDINGS_MAX a file; the rest is counted, by severity too, so
 *that a verdict never depends on the cap.  A finding that a comment or a waiver accepts is listed
 *as waived and not counted:
 *
 *	-- sluice:allow RULE[,RULE] reason           before, in, or behind a statement
 *	-- sluice:allow-file RULE[,RULE] reason      before the first statement, for the file
 *
 * A review cannot fail.  One thread at a time for one report, any number at once.  The report lives
 * in the caller's arena and points into the migrations' text.
 */
#ifndef SLUICE_REVIEW_REVIEW_H
#define SLUICE_REVIEW_REVIEW_H

#include "sluice/core/arena.h"
#include "sluice/layout.h"
#include "sluice/model/migration.h"
#include "sluice/model/words.h"
#include "sluice/review/rule.h"
#include "sluice/schema/catalog.h"
#include "sluice/sql/split.h"

#include <stdbool.h>
#include <stddef.h>

#define SL_REVIEW_FINDINGS_MAX 500

/* What a migration of the set is to this review. */
enum sl_review_part {
	SL_REVIEW_NEW, /* reviewed */
	SL_REVIEW_EARLIER, /* replayed before the new ones, not reviewed */
	SL_REVIEW_APPLIED /* its effects are in the base already */
};

/* A migration that is known from elsewhere: a target's ledger, the branch that is merged into. */
struct sl_review_known {
	enum sl_migration_kind kind;
	const char *key;
	const char *sha256; /* of the file's bytes, hex; "" when it is not known */
	const char *where; /* "applied on shop-prod", "on main": follows "is" in a sentence */
};

/* A migration that the folder had where the change begins, and has no more. */
struct sl_review_gone {
	enum sl_migration_kind kind;
	const char *key;
	const char *sha256; /* of the file's bytes, hex */
	const char *path; /* as it was called, relative to the migrations folder */
	const char *where; /* "applied on shop-prod"; NULL: it is not known to have run */
};

/* A finding that somebody accepted; the caller leaves out those that have run out. */
struct sl_review_waiver {
	const char *fingerprint;
	const char *reason;
	const char *by;
};

struct sl_review_input {
	enum sl_dialect dialect;
	int version; /* of the engine, 0 unknown */
	const struct sl_catalog *base; /* NULL: nothing is known of the schema */
	/* Without a base: where the set's first migration (its first 1,000 statements) builds
	 * tables from nothing, the base is an empty database. */
	bool may_begin_empty;
	struct sl_migration_set set;
	const enum sl_review_part *parts; /* one for each of set; NULL: all are new */
	const struct sl_layout_problem *problems; /* those of the folder that are to be told */
	size_t problem_count;
	const struct sl_review_known *known;
	size_t known_count;
	const struct sl_review_gone *gone;
	size_t gone_count;
	const struct sl_review_waiver *waivers;
	size_t waiver_count;
	const struct sl_rule_settings *settings; /* NULL: the preset "safe" */
	/* The text of a migration whose sql is NULL, from its begin each time that it is asked for;
	 * a source that cannot be read ends there and says SL_OK.  NULL: there is no such one. */
	const struct sl_sql_source *(*stream)(void *ctx, const struct sl_migration *migration);
	void *stream_ctx;
	bool separate; /* each migration is a change of its own: what an earlier one made is in use
			*/
};

struct sl_finding {
	const struct sl_rule *rule;
	enum sl_severity severity;
	unsigned line, column; /* from 1, columns in code points; line 0: about the whole file */
	unsigned end_line, end_column; /* just behind the last character */
	unsigned statement; /* from 1; 0: about the whole file */
	const char *object; /* "public.orders", "" when it is about none */
	const char *message; /* one sentence without a final stop */
	const char *suggestion; /* what to do instead */
	const char *fix; /* SQL to put in place of the statement, or NULL */
	const char *fingerprint; /* 32 hex digits */
	const char *waived; /* why it is accepted, or NULL */
};

struct sl_skipped_rule {
	const struct sl_rule *rule;
	const char *reason;
};

struct sl_file_report {
	const char *path; /* relative to the migrations folder */
	enum sl_dialect dialect;
	const struct sl_migration *migration; /* NULL: it could not be read as one, or is gone */
	size_t statement_count; /* how many the file has */
	const struct sl_finding *findings; /* by place; those about the whole file first */
	size_t finding_count;
	size_t omitted; /* findings beyond the cap */
	const struct sl_skipped_rule *skipped;
	size_t skipped_count;
};

struct sl_report {
	const struct sl_file_report *files; /* new migrations in running order, then files that are
					     * gone or cannot be read */
	size_t file_count;
	size_t counts[SL_SEVERITY_COUNT]; /* not waived, omitted ones included */
	size_t waived;
	enum sl_severity highest; /* SL_SEVERITY_OFF when nothing was found */
	bool reviewed; /* false: a statement was not understood; such a report is never green */
	const struct sl_catalog
		*after; /* the schema after all of it, for a difference; a reference of
			   the report's own, or NULL where the base is not known */
};

void sl_review_run(struct sl_report *out, struct sl_arena *arena,
	const struct sl_review_input *input);

/* Adds the files and counts of a report to those of another, whose schema is then unknown; both in
 * one arena.  The caller still ends both. */
void sl_report_add(struct sl_report *out, struct sl_arena *arena, const struct sl_report *more);

/* Releases what the report holds beside the arena. */
void sl_report_done(struct sl_report *report);

#endif
