/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.  Pure. */
#ifndef SLUICE_CORE_UTF8_H
#define SLUICE_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the longest valid prefix: equal to len when all is valid. */
size_t sl_utf8_valid_prefix(const char *s, size_t len);

/* Code points in s[0..len), which must be valid; bytes that are not count as one each. */
size_t sl_utf8_count(const char *s, size_t len);

/* The code point at s and its length in bytes (1 to 4); U+FFFD and 1 when invalid.  len > 0. */
uint32_t sl_utf8_decode(const char *s, size_t len, size_t *size);

/* Largest n <= limit that does not cut a code point of the valid text s[0..len). */
size_t sl_utf8_cut(const char *s, size_t len, size_t limit);

#endif
