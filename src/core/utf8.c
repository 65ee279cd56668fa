#include "sluice/core/utf8.h"

#include <string.h>

#define REPLACEMENT UINT32_C(0xfffd)

/* Bytes that the lead byte announces, and the smallest code point that may need them; 0 for a byte
 * that leads nothing. */
static size_t announced(unsigned char lead, uint32_t *least)
{
	static const uint32_t leasts[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = 0;

	if (lead < 0x80)
		n = 1;
	else if (lead >= 0xc2 && lead < 0xe0)
		n = 2;
	else if (lead >= 0xe0 && lead < 0xf0)
		n = 3;
	else if (lead >= 0xf0 && lead < 0xf5)
		n = 4;
	*least = leasts[n];
	return n;
}

/* Length of the code point at s, 0 when it is invalid. */
static size_t decode(const char *s, size_t len, uint32_t *point)
{
	unsigned char lead = (unsigned char)s[0];
	uint32_t least = 0;
	size_t n = announced(lead, &least);
	uint32_t value;

	if (n == 0 || n > len)
		return 0;
	value = n == 1 ? lead : lead & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char byte = (unsigned char)s[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*point = value;
	return n;
}

/* ASCII bytes at the front, eight at a time: most text is nothing else. */
static size_t ascii_prefix(const char *s, size_t len)
{
	size_t at = 0;
	uint64_t eight;

	for (; len - at >= sizeof(eight); at += sizeof(eight)) {
		memcpy(&eight, s + at, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

size_t sl_utf8_valid_prefix(const char *s, size_t len)
{
	size_t at = 0;
	uint32_t point = 0;

	while (at < len) {
		size_t n = ascii_prefix(s + at, len - at);

		if (n == 0)
			n = decode(s + at, len - at, &point);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

size_t sl_utf8_count(const char *s, size_t len)
{
	size_t count = 0;
	size_t size = 0;

	for (size_t at = 0; at < len; at += size) {
		(void)sl_utf8_decode(s + at, len - at, &size);
		count++;
	}
	return count;
}

uint32_t sl_utf8_decode(const char *s, size_t len, size_t *size)
{
	uint32_t point = REPLACEMENT;
	size_t n = decode(s, len, &point);

	*size = n > 0 ? n : 1;
	return point;
}

size_t sl_utf8_cut(const char *s, size_t len, size_t limit)
{
	size_t n = limit;

	if (limit >= len)
		return len;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}
