/* What plan.c asks of MySQL's and MariaDB's statements.  Pure; results live in the arena. */
#ifndef SLUICE_APPLY_PLAN_MYSQL_H
#define SLUICE_APPLY_PLAN_MYSQL_H

#include "apply_int.h"

struct sl_fact_statement;
struct sl_facts;
struct sl_statement_text;

struct mysql_plan {
	struct sl_arena *arena;
	enum sl_dialect dialect;
	const char *use; /* of the last USE; "": the database of the URL */
};

/* DDL and what may commit by itself stands alone; SET and the like are the session's. */
enum step_class apply_plan_mysql_class(const struct sl_fact_statement *fact);

/* How one learns what became of a statement that stood alone. */
void apply_plan_mysql_probe(struct step *step, const struct mysql_plan *plan,
	const struct sl_statement_text *text, const struct sl_facts *facts);

/* The database that a USE leads to. */
const char *apply_plan_mysql_use(const struct mysql_plan *plan,
	const struct sl_statement_text *text);

/* Why the statement may stand in no migration: it would lock the ledger out, or end its server.
 * NULL: it may. */
const char *apply_plan_mysql_refused(const struct mysql_plan *plan,
	const struct sl_statement_text *text, const struct sl_fact_statement *fact);

/* The table that a DML statement writes: whether it can be undone is its engine's. */
void apply_plan_mysql_written(struct step *step, const struct mysql_plan *plan,
	const struct sl_facts *facts);

#endif
