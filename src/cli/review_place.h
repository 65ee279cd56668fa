/* Where a pipeline looks for the files of a report. */
#ifndef SLUICE_CLI_REVIEW_PLACE_H
#define SLUICE_CLI_REVIEW_PLACE_H

#include "sluice/core/arena.h"
#include "sluice/review/review.h"

/* The report with the paths of its files from the root of the work tree around the working folder,
 * or from that folder where there is none.  Files elsewhere keep the name they were given.  In the
 * arena; what the report points to is shared. */
const struct sl_report *review_place(const struct sl_report *report, struct sl_arena *arena)
	__attribute__((returns_nonnull, warn_unused_result));

#endif
