/*
 * Signals arrive as messages, never as interruptions: they are blocked in every thread and the main
 * thread waits for them.  SIGPIPE is ignored.
 */
#ifndef SLUICE_SYS_SIGNALS_H
#define SLUICE_SYS_SIGNALS_H

#include "sluice/core/error.h"

/* Blocks SIGTERM, SIGINT and SIGHUP in this thread and those started after: call it first in main.
 * *fd (owned; close()) becomes readable when one arrived. */
enum sl_code sl_signals_open(int *fd, struct sl_error *err) __attribute__((warn_unused_result));

/* Waits at most timeout_ms (-1: for ever); *signo is 0 when the time passed. */
enum sl_code sl_signals_wait(int fd, int timeout_ms, int *signo, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
