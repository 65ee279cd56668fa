/* Small strict helpers over terminated strings.  Pure. */
#ifndef SLUICE_CORE_STR_H
#define SLUICE_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool sl_str_eq(const char *a, const char *b) __attribute__((nonnull, pure));
bool sl_str_starts(const char *s, const char *prefix) __attribute__((nonnull, pure));
bool sl_str_ends(const char *s, const char *suffix) __attribute__((nonnull, pure));

/* Whole string, decimal, optional minus, no blanks; false and *out unchanged otherwise. */
bool sl_parse_i64(const char *s, int64_t min, int64_t max, int64_t *out)
	__attribute__((warn_unused_result, nonnull));

/* "250ms", "10s", "5m", "3h", "2d", "1h30m"; microseconds.  A bare number is refused except 0. */
bool sl_parse_duration(const char *s, int64_t *out_us) __attribute__((warn_unused_result, nonnull));

/* "64MiB", "512KiB", "1GiB", "4096"; bytes. */
bool sl_parse_size(const char *s, int64_t *out) __attribute__((warn_unused_result, nonnull));

/* The candidate with the smallest edit distance (swaps count one), or NULL when none is within a
 * third of the word's length, at least 1.  Borrowed from names. */
const char *sl_nearest(const char *word, const char *const *names, size_t n);

/* Whether glob matches the whole of s: '*' any run but '/', "**" any run, '?' one byte but '/'.
 * Linear in practice; both sides at most 4,096 bytes, else false. */
bool sl_glob_match(const char *glob, const char *s) __attribute__((nonnull));

#endif
