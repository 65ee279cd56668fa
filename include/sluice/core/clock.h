/*
 * Time comes in through a door, so that the whole daemon can be simulated: no room calls
 * clock_gettime() or time() by itself.  Unit: microseconds.  wall counts from the Unix epoch and
 * may jump; mono never goes back and is for deadlines.  Thread-safe.
 */
#ifndef SLUICE_CORE_CLOCK_H
#define SLUICE_CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_clock {
	int64_t (*wall_us)(void *ctx);
	int64_t (*mono_us)(void *ctx);
	void *ctx;
};

/* The machine's own; static. */
const struct sl_clock *sl_clock_system(void);

static inline int64_t sl_clock_wall(const struct sl_clock *clock)
{
	return clock->wall_us(clock->ctx);
}

static inline int64_t sl_clock_mono(const struct sl_clock *clock)
{
	return clock->mono_us(clock->ctx);
}

#define SL_SECOND_US    INT64_C(1000000)
#define SL_TIME_ISO_MAX 32

/* "2026-11-22T09:14:00Z" (UTC, seconds) into out[SL_TIME_ISO_MAX]; returns out. */
char *sl_time_iso(int64_t wall_us, char *out);

/* "2026-11-22" as the last second of that day (UTC), wall; false for anything that is no such day.
 */
bool sl_time_day_end(const char *text, int64_t *out);

/* "3 h 12 m", "40 s", "12 ms": at most two units, for sentences.  Returns out. */
char *sl_time_span(int64_t us, char *out);

#endif
