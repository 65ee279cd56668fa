#include "place.h"

void sl_marker_advance(struct sl_marker *marker, const char *text, size_t n)
{
	unsigned line = marker->place.line, column = marker->place.column;
	bool cr = marker->cr;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

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
