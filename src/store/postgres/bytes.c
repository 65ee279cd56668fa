#include "postgres/bytes.h"

#include "sluice/core/utf8.h"

#include <stdbool.h>
#include <string.h>

/* U+10FF00 to U+10FFFF: F4 8F BC 80 to F4 8F BF BF. */
#define PRIVATE_SIZE 4

static bool is_private(const char *at)
{
	return memcmp(at, "\xf4\x8f", 2) == 0 && ((unsigned char)at[2] & 0xfc) == 0xbc;
}

/* The first byte at or after text that cannot stay as it is; the end when there is none. */
static const char *first_odd(const char *text, const char *end)
{
	const char *valid = text + sl_utf8_valid_prefix(text, (size_t)(end - text));

	for (const char *at = memchr(text, 0xf4, (size_t)(valid - text)); at;
		at = memchr(at + 1, 0xf4, (size_t)(valid - at - 1))) {
		if (is_private(at))
			return at;
	}
	return valid;
}

static char *put_byte(char *out, unsigned char byte)
{
	*out++ = '\xf4';
	*out++ = '\x8f';
	*out++ = (char)(0xbc | byte >> 6);
	*out++ = (char)(0x80 | (byte & 0x3f));
	return out;
}

const char *store_bytes_encode(struct sl_arena *arena, const char *text)
{
	const char *end = text + strlen(text);
	const char *odd = first_odd(text, end);
	char *copy;
	char *out;

	if (odd == end)
		return text;
	copy = out = sl_arena_alloc(arena, (size_t)(end - text) * PRIVATE_SIZE + 1);
	while (text < end) {
		memcpy(out, text, (size_t)(odd - text));
		out += odd - text;
		text = odd;
		if (text < end)
			out = put_byte(out, (unsigned char)*text++);
		odd = first_odd(text, end);
	}
	*out = '\0';
	return copy;
}

const char *store_bytes_decode(struct sl_arena *arena, const char *text)
{
	size_t len = strlen(text);
	char *copy = sl_arena_strndup(arena, text, len);
	char *out = memchr(copy, 0xf4, len);
	const char *at = out;

	while (at && *at != '\0') {
		if (*at == '\xf4' && at + PRIVATE_SIZE <= copy + len && is_private(at)) {
			*out++ = (char)(((unsigned char)at[2] & 0x03) << 6 |
				((unsigned char)at[3] & 0x3f));
			at += PRIVATE_SIZE;
		} else {
			*out++ = *at++;
		}
	}
	if (out)
		*out = '\0';
	return copy;
}
