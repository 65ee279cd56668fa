/*
 * progress: a line on a terminal's stderr that says how far long work is.  Nothing in a pipe, on a
 * dumb terminal, or with --quiet; no colour with NO_COLOR.  One thread at a time.
 */
#ifndef SLUICE_CLI_PROGRESS_H
#define SLUICE_CLI_PROGRESS_H

#include "sluice/cli.h"

struct progress {
	const struct sl_cli *cli; /* NULL: nothing is shown */
	int64_t began, drawn_at; /* monotonic */
	bool drawn;
};

void progress_begin(struct progress *progress, const struct sl_cli *cli);

/* Draws at most ten times a second, unless now.  total 0: how much there is is not known. */
void progress_show(struct progress *progress, size_t done, size_t total, const char *what,
	bool now);

/* Takes the line away, before something else is written. */
void progress_clear(struct progress *progress);

#endif
