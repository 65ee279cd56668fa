#include "sluice/control/world.h"

#include "world_int.h"

#include "sluice/core/alloc.h"

#include <stdlib.h>

const struct sl_world *sl_world_of(const struct sl_workspace *workspace,
	const struct sl_rule_settings *const *rules)
{
	struct world_box *box = sl_xcalloc(1, sizeof(*box));

	atomic_init(&box->refs, 1);
	box->world = (struct sl_world){ .workspace = workspace,
		.rules = rules,
		.url = "",
		.listen = "",
		.socket = "",
		.socket_group = "",
		.store = "memory:",
		.store_password = "",
		.data = "",
		.poll_us = 60000000,
		.lease_us = 60000000,
		.grace_us = 180000000,
		.migration_bytes = INT64_C(64) << 20 };
	return &box->world;
}

static struct world_box *box_of(const struct sl_world *world)
{
	struct world_box *box;

	/* The world is the box's first member. */
	memcpy(&box, &world, sizeof(box));
	return box;
}

const struct sl_world *sl_world_ref(const struct sl_world *world)
{
	(void)atomic_fetch_add(&box_of(world)->refs, 1);
	return world;
}

void sl_world_unref(const struct sl_world *world)
{
	struct world_box *box;

	if (!world)
		return;
	box = box_of(world);
	if (atomic_fetch_sub(&box->refs, 1) != 1)
		return;
	for (size_t i = 0; i < box->owned_rules_len; i++)
		sl_rule_settings_free(box->owned_rules[i]);
	free(box->owned_rules);
	sl_config_unref(box->config);
	sl_arena_free(box->arena);
	free(box);
}
