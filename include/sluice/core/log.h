/*
 * The log: one line an event on stderr, `<n>2026-11-22T09:14:00Z level event key=value ...`
 * (the <n> prefix only when stderr is the journal).  Rooms below `control` return errors instead;
 * only control, http and daemon log above debug.  Thread-safe, lines never mix.  Values are quoted
 * where needed and cut at 1 KiB; never pass a secret.
 */
#ifndef SLUICE_CORE_LOG_H
#define SLUICE_CORE_LOG_H

#include "sluice/core/clock.h"

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG, SL_LOG_LEVEL_COUNT };

/* Process-wide; call before threads start.  fd is borrowed.  Default: info, stderr, real clock. */
void sl_log_init(enum sl_log_level most, int fd, const struct sl_clock *clock);

/* key, value, key, value, ..., NULL; all of them strings.  Values are escaped here. */
void sl_log(enum sl_log_level level, const char *event, ...) __attribute__((sentinel));

#endif
