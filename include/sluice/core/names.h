/* A list of names, borrowed from wherever it was made (an arena, a catalogue). */
#ifndef SLUICE_CORE_NAMES_H
#define SLUICE_CORE_NAMES_H

#include <stddef.h>

struct sl_names {
	const char *const *at;
	size_t len;
};

#endif
