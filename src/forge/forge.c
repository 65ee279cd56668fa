#include "forge_int.h"

#include <assert.h>

const char *sl_forge_verdict_name(enum sl_forge_verdict verdict)
{
	static const char *const names[] = {
		[SL_FORGE_PENDING] = "pending",
		[SL_FORGE_NEUTRAL] = "neutral",
		[SL_FORGE_PASSED] = "passed",
		[SL_FORGE_BLOCKED] = "blocked",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == SL_FORGE_VERDICT_COUNT,
		"verdict without a name");
	assert(verdict < SL_FORGE_VERDICT_COUNT);
	return names[verdict];
}

void sl_forge_free(struct sl_forge *forge)
{
	if (forge != NULL && forge->ops->free != NULL)
		forge->ops->free(forge);
}

const char *sl_forge_kind(const struct sl_forge *forge)
{
	return forge->ops->kind;
}

unsigned sl_forge_can(const struct sl_forge *forge)
{
	return forge->can;
}

enum sl_code sl_forge_list_changes(struct sl_forge *forge, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_forge_changes *out, struct sl_error *err)
{
	return forge->ops->list_changes(forge, cancel, arena, out, err);
}

enum sl_code sl_forge_publish_review(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_review *review, struct sl_error *err)
{
	assert((forge->can & SL_FORGE_CAN_REVIEW) != 0);
	return forge->ops->publish_review(forge, cancel, review, err);
}

enum sl_code sl_forge_publish_deeds(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_deeds *deeds, struct sl_error *err)
{
	assert((forge->can & SL_FORGE_CAN_REVIEW) != 0);
	return forge->ops->publish_deeds(forge, cancel, deeds, err);
}

enum sl_code sl_forge_set_status(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_status *status, struct sl_error *err)
{
	assert((forge->can & SL_FORGE_CAN_STATUS) != 0);
	return forge->ops->set_status(forge, cancel, status, err);
}

enum sl_code sl_forge_comment(struct sl_forge *forge, const struct sl_cancel *cancel,
	const char *branch, const char *text, struct sl_error *err)
{
	assert((forge->can & SL_FORGE_CAN_COMMENT) != 0);
	return forge->ops->comment(forge, cancel, branch, text, err);
}
