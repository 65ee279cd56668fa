/* Comments that accept findings: -- sluice:allow RULE[,RULE] reason */
#ifndef SLUICE_REVIEW_ALLOW_H
#define SLUICE_REVIEW_ALLOW_H

#include "sluice/core/vec.h"
#include "sluice/review/rule.h"
#include "sluice/sql/split.h"

/* One rule of one comment. */
struct allow {
	const struct sl_rule *rule; /* NULL when the comment is wrong */
	const char *word; /* the rule as it was written */
	const char *reason;
	const char *wrong; /* what is wrong with it, or NULL */
	unsigned statement; /* that it is about; 0: the file */
	struct sl_place at, end;
	bool used;
};

struct allows {
	SL_VEC(struct allow);
};

/* Adds what the statement's comments say; texts go to the arena. */
void allows_read(struct allows *out, struct sl_arena *arena,
	const struct sl_statement_text *statement);

/* The one that accepts a finding of the rule in the statement (0: the file), or NULL. */
struct allow *allows_find(const struct allows *allows, const struct sl_rule *rule,
	unsigned statement);

#endif
