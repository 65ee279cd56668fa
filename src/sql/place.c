#include "place.h"

#include <stdint.h>
#include <string.h>

#define EIGHT sizeof(uint64_t)

/* Whether the next eight bytes are a column each: all are ASCII and none is LF or CR.  A byte with
 * 0x10 taken off goes below zero, and so shows its high bit, where it is a control character. */
static bool is_plain(const char *text)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t bytes;

	memcpy(&bytes, text, EIGHT);
	return ((bytes | (bytes - UINT64_C(0x1010101010101010))) & high) == 0;
}

void sl_marker_advance(struct sl_marker *marker, const char *text, size_t n)
{
	unsigned line = marker->place.line, column = marker->place.column;
	bool cr = marker->cr;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (n - i >= EIGHT && is_plain(text + i)) {
			column += EIGHT;
			i += EIGHT - 1;
			cr = false;
			continue;
		}
		if (c == '\n' || c == '\r') {
			if (!(c == '\n' && cr))
				line++;
			column = 1;
			cr = c == '\r';
			continue;
		}
		cr = false;
		column += (c & 0xc0) != 0x80;
	}
	marker->offset += n;
	marker->place = (struct sl_place){ .line = line, .column = column };
	marker->cr = cr;
}

struct sl_place sl_statement_place(const struct sl_statement_text *statement, size_t at)
{
	struct sl_marker marker = { .place = statement->start };

	sl_marker_advance(&marker, statement->text, at < statement->len ? at : statement->len);
	return marker.place;
}
