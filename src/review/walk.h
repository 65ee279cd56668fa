/* The engine's state while a change is walked, and what becomes of it at the end. */
#ifndef SLUICE_REVIEW_WALK_H
#define SLUICE_REVIEW_WALK_H

#include "allow.h"
#include "change.h"
#include "rule_int.h"

#include "sluice/core/buf.h"

/* A hit before it is known whether it stands. */
struct raw {
	const struct rule_row *row;
	struct rule_hit hit; /* texts in the report's arena */
	struct rule_hit now; /* the same, its object under its last name */
	enum sl_severity severity;
	struct sl_place at, end; /* line 0: the whole file */
	unsigned statement;
	const char *tokens; /* of the statement, without comments */
	size_t allow; /* index + 1 of the comment that accepts it; 0: none */
};

struct file {
	const struct sl_migration *migration; /* NULL: a file that could not be read, or is gone */
	const char *gone; /* the key of one that is gone, or NULL */
	const char *path;
	struct allows allows;

	struct {
		SL_VEC(struct raw);
	} raws;

	size_t statement_count;
	size_t omitted;
	size_t omitted_by[SL_SEVERITY_COUNT]; /* not accepted ones */
};

/* That the set begins with an empty database. */
enum guess {
	GUESS_NONE, /* nobody asks */
	GUESS_OPEN,
	GUESS_RIGHT,
	GUESS_WRONG, /* nothing more is read */
	GUESS_COUNT
};

struct walk {
	const struct sl_review_input *input;
	struct sl_arena *arena; /* the report's */
	struct sl_arena *scratch; /* one statement's */
	struct sl_replay *replay;
	struct change *change;
	const struct rule_row **active; /* on, and of this dialect */
	size_t active_len;
	/* those of them that look at statements of a kind; NULL ends each list */
	const struct rule_row **by_kind[SL_SQL_KIND_COUNT];

	struct {
		SL_VEC(struct file);
	} files;
	struct file *file; /* at hand */
	bool ran; /* the file at hand has run elsewhere: what it makes is in use */
	const char *tokens; /* of the statement at hand, once a rule asked */
	bool reviewed;
	struct matched matched[MATCHED_SLOTS];
	enum guess guess;
	bool created; /* while it is open: something was */
};

/* Adds a hit to the file at hand; statement NULL: about the file. */
void raw_add(struct walk *walk, const struct rule_row *row, const struct rule_hit *hit,
	const struct sl_statement_text *statement);

/* finish.c: the report from what was collected. */
void walk_finish(struct sl_report *out, struct walk *walk);

#endif
