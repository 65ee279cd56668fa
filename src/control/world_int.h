/* A world with its count of references and what it owns. */
#ifndef SLUICE_CONTROL_WORLD_INT_H
#define SLUICE_CONTROL_WORLD_INT_H

#include "sluice/control/world.h"

#include <stdatomic.h>
#include <string.h>

struct world_box {
	struct sl_world world; /* first: who holds the world holds the box */
	atomic_uint refs;
	struct sl_arena *arena; /* owned, or NULL */
	struct sl_config *config; /* a reference, or NULL */
	struct sl_rule_settings **owned_rules; /* owned, as what they point to */
	size_t owned_rules_len;
};

#endif
