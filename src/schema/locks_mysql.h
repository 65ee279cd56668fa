/* What a statement of MySQL or MariaDB names first, and what it is sure to lock of that.  There is
 * no grammar behind it: what is named later, or only meant, is not told. */
#ifndef SLUICE_SCHEMA_LOCKS_MYSQL_H
#define SLUICE_SCHEMA_LOCKS_MYSQL_H

#include "sluice/schema/locks.h"
#include "sluice/sql/statement.h"

struct sl_lock_names {
	struct sl_lock_need *at; /* in the arena */
	size_t len, cap;
};

struct sl_lock_names sl_mysql_lock_names(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_fact_statement *fact, const char *text, size_t len);

#endif
