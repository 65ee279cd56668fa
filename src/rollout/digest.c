#include "sluice/rollout/plan.h"

#include "plan_int.h"

enum sl_risk sl_rollout_risk_of(const struct sl_plan_environment *environment)
{
	enum sl_risk highest = SL_RISK_LOW;

	for (size_t i = 0; i < environment->targets_len; i++) {
		if (environment->targets[i].risk > highest)
			highest = environment->targets[i].risk;
	}
	return highest;
}

/* Which engines a part meets in the environment, as a set: the targets themselves do not count. */
static unsigned engines_of(const struct sl_plan_environment *environment, size_t part)
{
	unsigned engines = 0;

	for (size_t i = 0; i < environment->targets_len; i++) {
		if (environment->targets[i].part == part)
			engines |= 1u << environment->targets[i].dialect;
	}
	return engines;
}

static void add_part(struct sl_sha256 *sha, const struct sl_plan_part *part, unsigned engines)
{
	sl_sha256_add_str(sha, "part");
	for (unsigned engine = 0; engine < SL_DIALECT_COUNT; engine++) {
		if (engines >> engine & 1)
			sl_sha256_add_str(sha, sl_dialect_name((enum sl_dialect)engine));
	}
	sl_sha256_add_str(sha, "selector");
	sl_sha256_add_str(sha, part->selector);
	for (size_t i = 0; i < part->set.len; i++) {
		sl_sha256_add_str(sha, part->set.at[i].path);
		sl_sha256_add_str(sha, part->set.at[i].sha256);
	}
}

void sl_rollout_digest(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, char out[SL_SHA256_HEX])
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();

	sl_sha256_add_str(sha, "v1");
	sl_sha256_add_str(sha, environment->name);
	sl_sha256_add_str(sha, sl_risk_name(sl_rollout_risk_of(environment)));
	for (size_t i = 0; i < request->parts_len; i++) {
		unsigned engines = engines_of(environment, i);

		if (engines != 0)
			add_part(sha, &request->parts[i], engines);
	}
	sl_sha256_end_hex(sha, out);
}
