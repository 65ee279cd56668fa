/* Who stands on whom inside a catalogue. */
#ifndef SLUICE_SCHEMA_DEPENDENTS_H
#define SLUICE_SCHEMA_DEPENDENTS_H

#include "sluice/schema/catalog.h"

/* Whether the view reads the relation, or (column not NULL) that column of it.  Where the catalogue
 * does not know, the words of the definition decide: a column then counts only when the relation is
 * named too. */
bool sl_view_reads(const struct sl_catalog *catalog, const struct sl_view *view,
	const struct sl_entity *relation, const char *column);

/* Whether the text names the word, quoted or not, outside strings and comments. */
bool sl_sql_mentions(enum sl_dialect dialect, const char *sql, const char *name);

/* The foreign key refers to the table. */
bool sl_refers_to(const struct sl_catalog *catalog, const struct sl_constraint *constraint,
	const struct sl_entity *table);

#endif
