/* Classes of bytes, for all dialects. */
#ifndef SLUICE_SRC_SQL_CHARS_H
#define SLUICE_SRC_SQL_CHARS_H

#include <stdbool.h>

enum {
	SL_CHAR_SPACE = 1,
	SL_CHAR_WORD_START = 2, /* letters, _ and all bytes of non-ASCII characters */
	SL_CHAR_DIGIT = 4,
	SL_CHAR_DOLLAR = 8,
	SL_CHAR_OPERATOR = 16, /* may stand in an operator of PostgreSQL */
	SL_CHAR_PUNCTUATION = 32,
	SL_CHAR_WORD = SL_CHAR_WORD_START | SL_CHAR_DIGIT | SL_CHAR_DOLLAR,
};

extern const unsigned char sl_chars[256];

static inline bool sl_char_is(char c, int classes)
{
	return (sl_chars[(unsigned char)c] & classes) != 0;
}

static inline char sl_char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
