#include "fuzz.h"

#include "sluice/core/yaml.h"

#include <stdlib.h>

/* Every node is reached, and stands where a text could have it. */
static void walk(const struct sl_yaml *node, unsigned depth)
{
	if (depth > 32 || node->line == 0 || node->column == 0)
		abort();
	for (size_t i = 0; i < node->len; i++)
		walk(node->items[i], depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena *arena = sl_arena_new();
	const struct sl_yaml *root;

	if (sl_yaml_load(&root, arena, "fuzz", (const char *)data, size, NULL) == SL_OK)
		walk(root, 0);
	sl_arena_free(arena);
	return 0;
}
