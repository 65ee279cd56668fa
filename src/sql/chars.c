#include "chars.h"

#define S SL_CHAR_SPACE
#define W SL_CHAR_WORD_START
#define D SL_CHAR_DIGIT
#define C SL_CHAR_DOLLAR
#define O SL_CHAR_OPERATOR
#define P SL_CHAR_PUNCTUATION

/* clang-format off */
const unsigned char sl_chars[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, S, S, S, S, S, 0, 0, /* 0x00 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x10 */
	S, O, 0, O, C, O, O, 0, P, P, O, O, P, O, P, O, /* 0x20 */
	D, D, D, D, D, D, D, D, D, D, P, P, O, O, O, O, /* 0x30 */
	O, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0x40 */
	W, W, W, W, W, W, W, W, W, W, W, P, 0, P, O, W, /* 0x50 */
	O, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0x60 */
	W, W, W, W, W, W, W, W, W, W, W, P, O, P, O, 0, /* 0x70 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0x80 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0x90 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xa0 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xb0 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xc0 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xd0 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xe0 */
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, /* 0xf0 */
};
/* clang-format on */
