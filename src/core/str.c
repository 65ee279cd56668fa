#include "sluice/core/str.h"

#include "sluice/core/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool sl_str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool sl_str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool sl_str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s);
	size_t tail = strlen(suffix);

	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at *s; moves *s behind them.  False without a digit or beyond INT64_MAX. */
static bool take_number(const char **s, int64_t *out)
{
	int64_t value = 0;
	const char *at = *s;

	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, *at - '0', &value))
			return false;
	}
	*s = at;
	*out = value;
	return true;
}

bool sl_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	int64_t value = 0;

	s += negative;
	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		int digit = negative ? -(*s - '0') : *s - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (*s != '\0' || value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* The unit at *s, longest name first; moves *s behind it.  0 when there is none. */
static int64_t take_time_unit(const char **s)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "us", 1 },
		{ "ms", SL_SECOND_US / 1000 },
		{ "s", SL_SECOND_US },
		{ "m", 60 * SL_SECOND_US },
		{ "h", 3600 * SL_SECOND_US },
		{ "d", 86400 * SL_SECOND_US },
		{ "w", 7 * 86400 * SL_SECOND_US },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (sl_str_starts(*s, units[i].name)) {
			*s += strlen(units[i].name);
			return units[i].us;
		}
	}
	return 0;
}

bool sl_parse_duration(const char *s, int64_t *out_us)
{
	int64_t total = 0;
	int64_t smallest = INT64_MAX;

	if (sl_str_eq(s, "0")) {
		*out_us = 0;
		return true;
	}
	if (*s == '\0')
		return false;
	while (*s != '\0') {
		int64_t number = 0;
		int64_t unit;

		if (!take_number(&s, &number))
			return false;
		unit = take_time_unit(&s);
		if (unit == 0 || unit >= smallest ||
			__builtin_mul_overflow(number, unit, &number) ||
			__builtin_add_overflow(total, number, &total))
			return false;
		smallest = unit;
	}
	*out_us = total;
	return true;
}

bool sl_parse_size(const char *s, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KiB", INT64_C(1) << 10 },
		{ "MiB", INT64_C(1) << 20 },
		{ "GiB", INT64_C(1) << 30 },
		{ "TiB", INT64_C(1) << 40 },
	};

	int64_t number = 0;

	if (!take_number(&s, &number))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!sl_str_eq(s, units[i].name))
			continue;
		if (__builtin_mul_overflow(number, units[i].bytes, &number))
			return false;
		*out = number;
		return true;
	}
	return false;
}

#define NEAREST_MAX 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment; both at most NEAREST_MAX bytes. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0];
	size_t *last = rows[1];
	size_t *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = a[i - 1] == b[j - 1] ? 0 : 1;

			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_len];
}

const char *sl_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	size_t best = len / 3 > 1 ? len / 3 : 1;
	const char *found = NULL;

	if (len == 0 || len > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t name_len = strlen(names[i]);
		size_t d;

		if (name_len > NEAREST_MAX)
			continue;
		d = distance(word, len, names[i], name_len);
		if (d < best || (d == best && !found)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

#define GLOB_MAX 4096

struct star {
	const char *glob; /* behind the star */
	const char *s; /* where its run ends for now */
	bool any; /* "**" */
};

/* Lets the star's run take one byte more. */
static bool star_grow(struct star *star)
{
	if (!star->glob || *star->s == '\0' || (!star->any && *star->s == '/'))
		return false;
	star->s++;
	return true;
}

/* The single star may be stuck at '/' while an earlier "**" can still grow, hence the two. */
bool sl_glob_match(const char *glob, const char *s)
{
	struct star one = { 0 };
	struct star two = { 0 };

	if (strlen(glob) > GLOB_MAX || strlen(s) > GLOB_MAX)
		return false;
	while (*s != '\0' || *glob != '\0') {
		if (*glob == '*') {
			struct star star = { .s = s, .any = glob[1] == '*' };

			glob += star.any ? 2 : 1;
			star.glob = glob;
			one = star.any ? (struct star){ 0 } : star;
			two = star.any ? star : two;
			continue;
		}
		if (*s != '\0' && (*glob == *s || (*glob == '?' && *s != '/'))) {
			glob++;
			s++;
			continue;
		}
		if (star_grow(&one)) {
			glob = one.glob;
			s = one.s;
			continue;
		}
		if (!star_grow(&two))
			return false;
		one = (struct star){ 0 };
		glob = two.glob;
		s = two.s;
	}
	return true;
}
