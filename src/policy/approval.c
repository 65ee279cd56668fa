#include "sluice/policy/approval.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/policy/role.h"
#include "sluice/policy/workspace.h"

#define SENTENCE_MAX 1000

static bool is_known(const struct sl_workspace *workspace, const char *user)
{
	return sl_workspace_user(workspace, user) < workspace->users_len;
}

/* Whether somebody who pushed is a person we know: then commits' e-mails do not matter. */
static bool has_pusher(const struct sl_approval_case *kase)
{
	for (size_t i = 0; i < kase->people_len; i++) {
		if (kase->people[i].pushed && is_known(kase->workspace, kase->people[i].user))
			return true;
	}
	return false;
}

enum stake { STAKE_NONE, STAKE_PUSHED, STAKE_NAMED };

/* Why the user's approval would not count. */
static enum stake stake_of(const struct sl_approval_case *kase, const char *user)
{
	bool pusher = has_pusher(kase);
	enum stake stake = STAKE_NONE;

	for (size_t i = 0; i < kase->people_len; i++) {
		const struct sl_change_person *person = &kase->people[i];

		if (!sl_str_eq(person->user, user))
			continue;
		if (person->pushed)
			return STAKE_PUSHED;
		if (!pusher)
			stake = STAKE_NAMED;
	}
	return stake;
}

/* Whether the change may be anybody's: one approval more is needed. */
static bool is_nobodys(const struct sl_approval_case *kase)
{
	for (size_t i = 0; i < kase->people_len; i++) {
		if (is_known(kase->workspace, kase->people[i].user))
			return false;
	}
	return true;
}

static unsigned need_of(const struct sl_approval_case *kase, size_t step)
{
	bool last = step + 1 == kase->flow.len;

	return kase->flow.steps[step].count + (last && is_nobodys(kase) ? 1 : 0);
}

static bool counts(const struct sl_approval_case *kase, const struct sl_approval *approval)
{
	return approval->stage_id == kase->stage_id && approval->revoked_at == 0 &&
		sl_str_eq(approval->digest, kase->digest) &&
		stake_of(kase, approval->by) == STAKE_NONE &&
		sl_policy_has_role(kase->workspace, approval->by, approval->role);
}

/* Whether the approval at i is its giver's first one that counts. */
static bool is_first(const struct sl_approval_case *kase, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (counts(kase, &kase->approvals[k]) &&
			sl_str_eq(kase->approvals[k].by, kase->approvals[i].by))
			return false;
	}
	return true;
}

static bool has_approved(const struct sl_approval_case *kase, const char *user)
{
	for (size_t i = 0; i < kase->approvals_len; i++) {
		if (counts(kase, &kase->approvals[i]) && sl_str_eq(kase->approvals[i].by, user))
			return true;
	}
	return false;
}

/* What each step has: an approval answers the first step of its role that is not full. */
static unsigned *fill_steps(const struct sl_approval_case *kase, struct sl_arena *arena)
{
	unsigned *have = sl_arena_calloc(arena, kase->flow.len + 1, sizeof(*have));

	for (size_t i = 0; i < kase->approvals_len; i++) {
		const struct sl_approval *approval = &kase->approvals[i];
		size_t step = 0;

		if (!counts(kase, approval) || !is_first(kase, i))
			continue;
		while (step < kase->flow.len &&
			(!sl_str_eq(kase->flow.steps[step].role, approval->role) ||
				have[step] >= need_of(kase, step)))
			step++;
		if (step < kase->flow.len)
			have[step]++;
	}
	return have;
}

/* "waiting for 2 of 3 approvals (dba, then owner)" */
static const char *sentence(const struct sl_approval_case *kase, const unsigned *have,
	struct sl_arena *arena)
{
	sl_auto_buf struct sl_buf roles = SL_BUF_INIT(SENTENCE_MAX);
	unsigned missing = 0;
	unsigned total = 0;

	for (size_t i = 0; i < kase->flow.len; i++) {
		unsigned need = need_of(kase, i);

		total += need;
		missing += need - have[i];
		if (have[i] < need)
			sl_buf_addf(&roles, "%s%s", roles.len > 0 ? ", then " : "",
				kase->flow.steps[i].role);
	}
	return sl_arena_printf(arena, "waiting for %u of %u approvals (%s)", missing, total,
		sl_buf_str(&roles));
}

void sl_policy_approval_state(const struct sl_approval_case *kase, struct sl_arena *arena,
	struct sl_approval_state *out)
{
	const unsigned *have = fill_steps(kase, arena);
	size_t step = 0;

	while (step < kase->flow.len && have[step] >= need_of(kase, step))
		step++;
	if (step == kase->flow.len) {
		*out = (struct sl_approval_state){ .satisfied = true,
			.step = step,
			.role = "",
			.sentence = "" };
		return;
	}
	*out = (struct sl_approval_state){ .step = step,
		.role = kase->flow.steps[step].role,
		.have = have[step],
		.need = need_of(kase, step),
		.sentence = sentence(kase, have, arena) };
}

static enum sl_code refuse_stake(enum stake stake, const char *user, struct sl_error *err)
{
	if (stake == STAKE_PUSHED)
		return sl_error_set(err, SL_EDENIED,
			"%s pushed this change: its author may not approve it", user);
	return sl_error_set(err, SL_EDENIED,
		"%s is named in this change's commits, and who pushed it is not known: somebody else "
		"has to approve it",
		user);
}

enum sl_code sl_policy_may_approve(const struct sl_approval_case *kase, const char *user,
	const char **role, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_approval_state state;
	enum stake stake;

	if (!is_known(kase->workspace, user))
		return sl_error_set(err, SL_EUNAUTH,
			"nobody known is asking: say who with a token");
	stake = stake_of(kase, user);
	if (stake != STAKE_NONE)
		return refuse_stake(stake, user, err);
	if (has_approved(kase, user))
		return sl_error_set(err, SL_ECONFLICT, "%s has approved this already", user);
	sl_policy_approval_state(kase, arena, &state);
	if (state.satisfied)
		return sl_error_set(err, SL_ECONFLICT, "no approval is awaited");
	if (!sl_policy_has_role(kase->workspace, user, state.role))
		return sl_error_set(err, SL_EDENIED, "%s has not the role %s: %s", user, state.role,
			state.sentence);
	*role = kase->flow.steps[state.step].role;
	return SL_OK;
}
