/* Lines and columns, counted forwards. */
#ifndef SLUICE_SRC_SQL_PLACE_H
#define SLUICE_SRC_SQL_PLACE_H

#include "sluice/sql/split.h"

struct sl_marker {
	size_t offset; /* of the input */
	struct sl_place place;
	bool cr; /* the byte before was CR */
};

/* Over n bytes. */
void sl_marker_advance(struct sl_marker *marker, const char *text, size_t n);

#endif
