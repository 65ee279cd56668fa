#include "sluice/core/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SL_SECOND_US + ts.tv_nsec / 1000;
}

static int64_t wall_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_REALTIME);
}

static int64_t mono_us(void *ctx)
{
	(void)ctx;
	return read_us(CLOCK_MONOTONIC);
}

const struct sl_clock *sl_clock_system(void)
{
	static const struct sl_clock system = { .wall_us = wall_us, .mono_us = mono_us };

	return &system;
}

/* Years a person can mean; outside them the text would not be ISO 8601 any more. */
#define YEAR_9999_S INT64_C(253402300799)

char *sl_time_iso(int64_t wall_us, char *out)
{
	time_t seconds = (time_t)(wall_us / SL_SECOND_US);
	struct tm tm = { 0 };

	if (wall_us % SL_SECOND_US < 0)
		seconds--;
	if (seconds < 0)
		seconds = 0;
	if (seconds > YEAR_9999_S)
		seconds = YEAR_9999_S;
	(void)gmtime_r(&seconds, &tm);
	(void)strftime(out, SL_TIME_ISO_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

bool sl_time_day_end(const char *text, int64_t *out)
{
	struct tm tm = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59 };
	const char *end = strlen(text) == strlen("YYYY-MM-DD") ? strptime(text, "%Y-%m-%d", &tm) :
								 NULL;
	const int month = tm.tm_mon;
	const int day = tm.tm_mday;

	if (!end || *end != '\0' || strspn(text, "0123456789-") != strlen(text))
		return false;
	*out = (int64_t)timegm(&tm) * SL_SECOND_US;
	return tm.tm_mon == month && tm.tm_mday == day; /* no 31 February */
}

char *sl_time_span(int64_t us, char *out)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "d", 86400 * SL_SECOND_US },
		{ "h", 3600 * SL_SECOND_US },
		{ "m", 60 * SL_SECOND_US },
		{ "s", SL_SECOND_US },
		{ "ms", SL_SECOND_US / 1000 },
	};

	size_t most = sizeof(units) / sizeof(units[0]) - 1;
	size_t i = 0;
	int whole; /* at most 107 million days */
	int rest;

	if (us < 0)
		us = 0;
	while (i < most && us < units[i].us)
		i++;
	whole = (int)(us / units[i].us);
	rest = i < 3 ? (int)(us % units[i].us / units[i + 1].us) : 0;
	if (rest > 0)
		(void)snprintf(out, SL_TIME_ISO_MAX, "%d %s %d %s", whole, units[i].name, rest,
			units[i + 1].name);
	else
		(void)snprintf(out, SL_TIME_ISO_MAX, "%d %s", whole, units[i].name);
	return out;
}
