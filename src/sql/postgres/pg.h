/*
 * PostgreSQL's parse nodes as libpg_query makes them, and the only place that includes PostgreSQL's
 * headers.  The nodes are those of the server headers that this is built with; layout.c pins the
 * tags and offsets of all fields that are read.
 */
#ifndef SLUICE_SRC_SQL_POSTGRES_PG_H
#define SLUICE_SRC_SQL_POSTGRES_PG_H

/* clang-format off */
#include <pg_query.h>
enum { PG_GRAMMAR = PG_VERSION_NUM / 10000 };
#undef PG_MAJORVERSION
#undef PG_VERSION
#undef PG_VERSION_NUM
#include <postgres.h>
#include <catalog/pg_trigger.h>
#include <nodes/parsenodes.h>
#include <nodes/pg_list.h>
#include <nodes/primnodes.h>
#include <nodes/value.h>
#include <pg_query_internal.h>
/* clang-format on */

/* PostgreSQL puts its own in their place; libpg_query's header leaves a macro behind. */
#undef DEBUG
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vfprintf
#undef vprintf
#undef vsnprintf
#undef vsprintf
#undef strerror
#undef strerror_r

_Static_assert(PG_GRAMMAR == PG_MAJORVERSION_NUM,
	"libpg_query and PostgreSQL's headers are of different majors");

/* Through void *, since clang refuses to cast a Node to a stricter struct. */
static inline const void *pg_void(const void *node)
{
	return node;
}

#define PG(type, node) ((const type *)pg_void(node))

static inline NodeTag pg_tag(const void *node)
{
	return node ? PG(Node, node)->type : T_Invalid;
}

static inline int pg_len(const List *list)
{
	return list ? list->length : 0;
}

static inline const void *pg_nth(const List *list, int i)
{
	return list->elements[i].ptr_value;
}

/* The text of a String node. */
static inline const char *pg_string(const void *node)
{
	return pg_tag(node) == T_String ? PG(String, node)->sval : "";
}

#endif
