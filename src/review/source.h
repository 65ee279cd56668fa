/* The text that a finding is about. */
#ifndef SLUICE_REVIEW_SOURCE_H
#define SLUICE_REVIEW_SOURCE_H

#include "sluice/review/review.h"

/* One line of the file, without its end; at NULL when it is not in what runs, or
 * that was not held. */
struct source_line {
	const char *at;
	size_t len;
};

struct source_line source_line(const struct sl_file_report *file, unsigned line);

#endif
