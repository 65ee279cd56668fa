/* The backend that forgets: for simulation and tests.  Same promises, no disk. */
#ifndef STORE_MEMORY_MEMORY_H
#define STORE_MEMORY_MEMORY_H

#include "backend.h"

/* place is not looked at. */
enum sl_code store_memory_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
