/* How facts are made: rows are added in the arena, and finished once. */
#ifndef SLUICE_SRC_SQL_FACTS_H
#define SLUICE_SRC_SQL_FACTS_H

#include "sluice/sql/statement.h"

/* A zeroed row at the end of facts->table; its pointer is valid until the next row of that table.
 */
#define sl_fact_add(arena, facts, table) sl_vec_add_in((arena), &(facts)->table)

/* Facts with their one statement row, which spans the whole text. */
struct sl_facts *sl_facts_new(struct sl_arena *arena, size_t len);

/* Removes all rows but the statement's and says why there are none. */
void sl_facts_refuse(struct sl_facts *facts, enum sl_sql_status status, size_t at,
	const char *text);

/* Gives every absent text its "", every span its bounds, and the statement its tag. */
void sl_facts_finish(struct sl_arena *arena, struct sl_facts *facts);

/* Kind, verb, object and transaction class from the first words, for statements that no grammar
 * reads. */
void sl_facts_classify(struct sl_arena *arena, struct sl_facts *facts,
	const struct sl_sql_input *input);

/* The dialects' own readers; each leaves the facts finished. */
const struct sl_facts *sl_postgres_facts(struct sl_arena *arena, const struct sl_sql_input *input);
const struct sl_facts *sl_sqlite_facts(struct sl_arena *arena, const struct sl_sql_input *input);

#endif
