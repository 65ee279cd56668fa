#include "sluice/layout.h"

#include "sluice/core/str.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool is_version(const char *text, size_t len)
{
	bool digit = false;

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]) && !(digit && is_separator(text[i])))
			return false;
		digit = is_digit(text[i]);
	}
	return digit;
}

/* One part without its leading zeros; an empty one is zero. */
struct part {
	const char *at;
	size_t len;
};

/* Takes the next part off s[0..len); false when none is left. */
static bool part_next(struct part *out, const char **s, size_t *len)
{
	size_t n = 0;
	size_t zeros = 0;

	if (*len == 0)
		return false;
	while (n < *len && is_digit((*s)[n]))
		n++;
	while (zeros < n && (*s)[zeros] == '0')
		zeros++;
	*out = (struct part){ *s + zeros, n - zeros };
	if (n < *len)
		n++;
	*s += n;
	*len -= n;
	return true;
}

static int part_compare(const struct part *a, const struct part *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->at, b->at, a->len) : 0;
}

const char *sl_version_canonical(struct sl_arena *arena, const char *text, size_t len)
{
	struct part part;
	char *out;
	size_t used = 0;
	size_t kept = 0;

	if (len > SL_KEY_LIMIT || !is_version(text, len))
		return NULL;
	/* each zero part may need a digit where its separator alone had none to spare */
	out = sl_arena_alloc(arena, 2 * len + 2);
	while (part_next(&part, &text, &len)) {
		if (used > 0)
			out[used++] = '.';
		if (part.len == 0)
			out[used++] = '0';
		else
			memcpy(out + used, part.at, part.len);
		used += part.len;
		if (part.len > 0 || kept == 0)
			kept = used;
	}
	out[kept] = '\0';
	return out;
}

int sl_version_compare(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	for (;;) {
		struct part left = { "", 0 };
		struct part right = { "", 0 };
		bool more_left = part_next(&left, &a, &a_len);
		bool more_right = part_next(&right, &b, &b_len);
		int order = part_compare(&left, &right);

		if (order != 0)
			return order;
		if (!more_left && !more_right)
			return 0;
	}
}
