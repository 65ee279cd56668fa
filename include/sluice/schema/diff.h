/*
 * diff: the structural difference of two catalogues.  Objects of equal hash are never looked into;
 * tables that differ are compared column by column, constraint by constraint, index by index.  A
 * rename shows as one removed and one added.  Pure; the list lives in the caller's arena, its
 * objects in their catalogues.
 */
#ifndef SLUICE_SCHEMA_DIFF_H
#define SLUICE_SCHEMA_DIFF_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/schema/catalog.h"

enum sl_difference_kind {
	SL_DIFFERENCE_ADDED,
	SL_DIFFERENCE_REMOVED,
	SL_DIFFERENCE_CHANGED,
	SL_DIFFERENCE_KIND_COUNT
};

const char *sl_difference_kind_name(enum sl_difference_kind kind);

/* One line of the answer.  An object that was added or removed whole has no part; an object that
 * changed has one difference for each of its parts. */
struct sl_difference {
	enum sl_difference_kind kind;
	const struct sl_entity *from, *to; /* NULL where it is not there; both NULL: a property */
	const char *part; /* "column", "constraint", "index", "property", …; "" the whole object */
	const char *name; /* of the part: "mail", "customers_pkey"; "" */
	const char *was, *now; /* as readable SQL: "text not null"; or NULL */
};

struct sl_diff {
	const struct sl_difference *at;
	size_t len;
	bool same; /* nothing differs */
	bool incomplete; /* one of the two does not show everything: "same" then means "unknown" */
};

/* from and to must be of one dialect family; arena and both catalogues must outlive out. */
void sl_diff_make(struct sl_diff *out, struct sl_arena *arena, const struct sl_catalog *from,
	const struct sl_catalog *to) __attribute__((nonnull));

/* "1 index added, 1 column dropped"; "no difference". */
void sl_diff_summary(const struct sl_diff *diff, struct sl_buf *out) __attribute__((nonnull));

/* For terminals and comments: one line per difference, + - ~ before it, grouped by object. */
void sl_diff_text(const struct sl_diff *diff, struct sl_buf *out) __attribute__((nonnull));

/* {"differences":[{"change","kind","schema","name","part","part_name","was","now"}],"same",
 * "incomplete"} */
void sl_diff_json(const struct sl_diff *diff, struct sl_buf *out) __attribute__((nonnull));

/* Statements that lead from `from` to `to`, as a draft for a person: what cannot be written down is
 * a comment beginning with "-- by hand:". */
void sl_diff_migration(const struct sl_diff *diff, const struct sl_catalog *from,
	const struct sl_catalog *to, struct sl_buf *out) __attribute__((nonnull));

#endif
