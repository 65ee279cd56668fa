/* What stands behind a struct sl_forge.  NULL where a host cannot do it. */
#ifndef SLUICE_FORGE_INT_H
#define SLUICE_FORGE_INT_H

#include "sluice/forge.h"

struct sl_forge_ops {
	const char *kind;
	void (*free)(struct sl_forge *forge);
	enum sl_code (*list_changes)(struct sl_forge *forge, const struct sl_cancel *cancel,
		struct sl_arena *arena, struct sl_forge_changes *out, struct sl_error *err);
	enum sl_code (*publish_review)(struct sl_forge *forge, const struct sl_cancel *cancel,
		const struct sl_forge_review *review, struct sl_error *err);
	enum sl_code (*publish_deeds)(struct sl_forge *forge, const struct sl_cancel *cancel,
		const struct sl_forge_deeds *deeds, struct sl_error *err);
	enum sl_code (*set_status)(struct sl_forge *forge, const struct sl_cancel *cancel,
		const struct sl_forge_status *status, struct sl_error *err);
	enum sl_code (*comment)(struct sl_forge *forge, const struct sl_cancel *cancel,
		const char *branch, const char *text, struct sl_error *err);
};

struct sl_forge {
	const struct sl_forge_ops *ops;
	unsigned can;
};

#endif
