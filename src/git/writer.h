/* One writer at a time in a repository of ours, across threads and processes, and what a writer
 * that is no more has left in it. */
#ifndef SLUICE_GIT_WRITER_H
#define SLUICE_GIT_WRITER_H

#include "sluice/core/error.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#define SL_GIT_WAIT_MS 10

/* Waits for whoever holds the lock file.  The caller frees *out. */
enum sl_code sl_git_writer_begin(struct sl_lock **out, const char *file,
	const struct sl_cancel *cancel, struct sl_error *err);

/* How many lock and temporary files there were in the repository at path; they are gone.  The
 * caller is the one writer. */
unsigned sl_git_sweep(const char *path);

/* The same where others push too, whom our lock file does not stop: only of locks, which Git holds
 * for a moment, and only of those that stand for seconds. */
unsigned sl_git_sweep_old_locks(const char *path);

#endif
