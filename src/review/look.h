/* What rules ask again and again. */
#ifndef SLUICE_REVIEW_LOOK_H
#define SLUICE_REVIEW_LOOK_H

#include "change.h"
#include "rule_int.h"

/* A relation that a statement names, as it was before the statement. */
struct look {
	const struct sl_table *table; /* NULL when it is no table or not known */
	const struct sl_view *view;
	const char *schema, *name; /* the catalogue's, else as written */
	bool made; /* by this change, or of the session only: nobody reads it yet, no old rows */
	bool missing; /* certainly not there: replay says so, other rules keep quiet */
};

/* What look_altered() found for the statement at hand: several rules ask. */
struct looked {
	bool asked;
	bool found;
	struct look look;
};

struct look look_relation(const struct rule_run *run, const char *schema, const char *name);

/* What an ALTER or a RENAME is about; false when the statement is none of a table. */
bool look_altered(const struct rule_run *run, struct look *out);

/* Whether there is nothing to lose: made by this change, or not there. */
static inline bool look_is_new(const struct look *look)
{
	return look->made || look->missing;
}

/* "orders", "crm.orders": the schema only where it says something; in the report's arena. */
const char *look_name(const struct rule_run *run, const char *schema, const char *name);

/* The first effect of the kind on the part (NULL: any), or NULL. */
const struct sl_effect *look_effect(const struct rule_run *run, enum sl_effect_kind kind,
	const char *part);

/* The statement's text, terminated, in the report's arena, with `insert` put in at byte at. */
const char *look_patch(const struct rule_run *run, size_t at, const char *insert);

/* The offset behind the first unquoted word that is this one, or 0. */
size_t look_after_word(const struct rule_run *run, const char *word);

#endif
