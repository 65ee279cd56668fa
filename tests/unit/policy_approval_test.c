/* Who may approve, when a stage is approved, who may ask for what. */
#include "sluice/policy/approval.h"
#include "sluice/policy/role.h"

#include "sluice/core/buf.h"
#include "sluice/core/rand.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ANA, DANA, DREW, OLGA, USERS };

static const struct sl_user users[] = {
	[ANA] = { .name = "ana", .email = "ana@example.com", .unix_name = "ana", .token = "" },
	[DANA] = { .name = "dana", .email = "dana@example.com", .unix_name = "dana", .token = "" },
	[DREW] = { .name = "drew", .email = "drew@example.com", .unix_name = "drew", .token = "" },
	[OLGA] = { .name = "olga", .email = "olga@example.com", .unix_name = "", .token = "" },
};

static const size_t developers[] = { ANA };
static const size_t dbas[] = { DANA, DREW };
static const size_t owners[] = { OLGA, DANA };
static const struct sl_role roles[] = {
	{ "developer", developers, 1 },
	{ "dba", dbas, 2 },
	{ "owner", owners, 2 },
};
static const struct sl_workspace workspace = { .users = users,
	.users_len = USERS,
	.roles = roles,
	.roles_len = 3 };

static const struct sl_approval_step dba_then_owner[] = { { "dba", 1 }, { "owner", 1 } };
static const struct sl_approval_step two_dbas[] = { { "dba", 2 } };

static const struct sl_change_person pushed_by_ana[] = { { 1, "ana", true } };

#define NOW "d1"

static struct sl_approval_case of(const struct sl_approval_step *steps, size_t n,
	const struct sl_approval *approvals, size_t approvals_len)
{
	return (struct sl_approval_case){ .workspace = &workspace,
		.flow = { steps, n },
		.digest = NOW,
		.stage_id = 7,
		.approvals = approvals,
		.approvals_len = approvals_len,
		.people = pushed_by_ana,
		.people_len = 1 };
}

static struct sl_approval yes(const char *by, const char *role)
{
	return (struct sl_approval){ .stage_id = 7, .digest = NOW, .by = by, .role = role };
}

static void assert_waits(const struct sl_approval_case *kase, const char *sentence)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_approval_state state;

	sl_policy_approval_state(kase, arena, &state);
	assert_string_equal(state.sentence, sentence);
	assert_int_equal(state.satisfied, sentence[0] == '\0');
}

static void assert_may(const struct sl_approval_case *kase, const char *user, const char *role)
{
	struct sl_error err = SL_ERROR_INIT;
	const char *answers = "";

	if (sl_policy_may_approve(kase, user, &answers, &err) != SL_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(answers, role);
}

static void assert_may_not(const struct sl_approval_case *kase, const char *user, enum sl_code code,
	const char *message)
{
	struct sl_error err = SL_ERROR_INIT;
	const char *answers = "";

	assert_int_equal(sl_policy_may_approve(kase, user, &answers, &err), code);
	assert_string_equal(err.msg, message);
}

static void what_needs_no_approval_waits_for_none(void **state)
{
	struct sl_approval_case kase = of(NULL, 0, NULL, 0);

	(void)state;
	assert_waits(&kase, "");
	assert_may_not(&kase, "dana", SL_ECONFLICT, "no approval is awaited");
}

static void steps_are_answered_in_their_order(void **state)
{
	const struct sl_approval approvals[] = { yes("drew", "dba"), yes("olga", "owner") };
	struct sl_approval_case kase = of(dba_then_owner, 2, approvals, 0);

	(void)state;
	assert_waits(&kase, "waiting for 2 of 2 approvals (dba, then owner)");
	assert_may_not(&kase, "olga", SL_EDENIED,
		"olga has not the role dba: waiting for 2 of 2 approvals (dba, then owner)");
	assert_may(&kase, "drew", "dba");
	kase.approvals_len = 1;
	assert_waits(&kase, "waiting for 1 of 2 approvals (owner)");
	assert_may(&kase, "olga", "owner");
	kase.approvals_len = 2;
	assert_waits(&kase, "");
}

static void the_author_never_approves(void **state)
{
	static const struct sl_change_person people[] = { { 1, "dana", true }, { 1, "ana", true } };
	const struct sl_approval approvals[] = { yes("dana", "dba") };
	struct sl_approval_case kase = of(dba_then_owner, 2, approvals, 1);

	(void)state;
	kase.people = people;
	kase.people_len = 2;
	assert_waits(&kase, "waiting for 2 of 2 approvals (dba, then owner)");
	assert_may_not(&kase, "dana", SL_EDENIED,
		"dana pushed this change: its author may not approve it");
	assert_may(&kase, "drew", "dba");
}

static void nobody_counts_twice_whatever_roles_they_have(void **state)
{
	const struct sl_approval approvals[] = { yes("dana", "dba"), yes("dana", "owner") };
	struct sl_approval_case kase = of(dba_then_owner, 2, approvals, 2);

	(void)state;
	assert_waits(&kase, "waiting for 1 of 2 approvals (owner)");
	assert_may_not(&kase, "dana", SL_ECONFLICT, "dana has approved this already");
}

static void a_step_counts_people(void **state)
{
	const struct sl_approval approvals[] = { yes("dana", "dba"), yes("drew", "dba") };
	struct sl_approval_case kase = of(two_dbas, 1, approvals, 1);

	(void)state;
	assert_waits(&kase, "waiting for 1 of 2 approvals (dba)");
	kase.approvals_len = 2;
	assert_waits(&kase, "");
}

static void an_approval_is_bound_to_its_digest_and_can_be_revoked(void **state)
{
	struct sl_approval approvals[] = { yes("dana", "dba"), yes("drew", "dba") };
	struct sl_approval_case kase = of(two_dbas, 1, approvals, 2);

	(void)state;
	approvals[0].digest = "d0";
	assert_waits(&kase, "waiting for 1 of 2 approvals (dba)");
	approvals[1].revoked_at = 5;
	assert_waits(&kase, "waiting for 2 of 2 approvals (dba)");
	assert_may(&kase, "drew", "dba");
}

static void an_approval_of_another_stage_does_not_count(void **state)
{
	struct sl_approval approvals[] = { yes("dana", "dba"), yes("drew", "dba") };
	struct sl_approval_case kase = of(two_dbas, 1, approvals, 2);

	(void)state;
	approvals[0].stage_id = 8;
	assert_waits(&kase, "waiting for 1 of 2 approvals (dba)");
}

static void who_lost_the_role_no_longer_counts(void **state)
{
	const struct sl_approval approvals[] = { yes("ana", "dba") };
	struct sl_approval_case kase = of(two_dbas, 1, approvals, 1);

	(void)state;
	kase.people_len = 0;
	assert_waits(&kase, "waiting for 3 of 3 approvals (dba)");
}

static void emails_count_against_where_nobody_is_known_to_have_pushed(void **state)
{
	static const struct sl_change_person named[] = { { 1, "dana", false } };
	struct sl_approval_case kase = of(two_dbas, 1, NULL, 0);

	(void)state;
	kase.people = named;
	assert_may_not(&kase, "dana", SL_EDENIED,
		"dana is named in this change's commits, and who pushed it is not known: somebody else "
		"has to approve it");
	assert_waits(&kase, "waiting for 2 of 2 approvals (dba)");
}

static void emails_do_not_matter_where_somebody_pushed(void **state)
{
	static const struct sl_change_person both[] = { { 1, "ana", true }, { 1, "dana", false } };
	struct sl_approval_case kase = of(two_dbas, 1, NULL, 0);

	(void)state;
	kase.people = both;
	kase.people_len = 2;
	assert_may(&kase, "dana", "dba");
}

static void a_change_of_nobody_needs_one_approval_more(void **state)
{
	static const struct sl_change_person strangers[] = { { 1, "git", true },
		{ 1, "eve@example.com", false } };
	const struct sl_approval approvals[] = { yes("drew", "dba"), yes("olga", "owner") };
	struct sl_approval_case kase = of(dba_then_owner, 2, approvals, 2);

	(void)state;
	kase.people = strangers;
	kase.people_len = 2;
	assert_waits(&kase, "waiting for 1 of 3 approvals (owner)");
	assert_may(&kase, "dana", "owner");
}

static void a_stranger_approves_nothing(void **state)
{
	struct sl_approval_case kase = of(two_dbas, 1, NULL, 0);

	(void)state;
	assert_may_not(&kase, "eve", SL_EUNAUTH, "nobody known is asking: say who with a token");
	assert_may_not(&kase, "", SL_EUNAUTH, "nobody known is asking: say who with a token");
}

/* --- the same as properties over random cases ----------------------------------------------- */

#define CASES   20000
#define YES_MAX 12

struct random_case {
	struct sl_approval approvals[YES_MAX];
	struct sl_change_person people[3];
	struct sl_approval_step steps[3];
	struct sl_approval_case kase;
};

static const char *const role_names[] = { "developer", "dba", "owner" };
static const char *const people_names[] = { "ana", "dana", "drew", "olga", "eve" };

static void make_case(struct random_case *out, const struct sl_rand *rand)
{
	size_t steps = sl_rand_below(rand, 4);
	size_t people = sl_rand_below(rand, 4);
	size_t n = sl_rand_below(rand, YES_MAX + 1);

	for (size_t i = 0; i < steps; i++)
		out->steps[i] = (struct sl_approval_step){ role_names[sl_rand_below(rand, 3)],
			1 + (unsigned)sl_rand_below(rand, 2) };
	for (size_t i = 0; i < people; i++)
		out->people[i] = (struct sl_change_person){ 1, people_names[sl_rand_below(rand, 5)],
			sl_rand_below(rand, 2) == 0 };
	for (size_t i = 0; i < n; i++) {
		out->approvals[i] = yes(people_names[sl_rand_below(rand, 5)],
			role_names[sl_rand_below(rand, 3)]);
		out->approvals[i].digest = sl_rand_below(rand, 5) == 0 ? "d0" : NOW;
		out->approvals[i].revoked_at = sl_rand_below(rand, 5) == 0;
	}
	out->kase = of(out->steps, steps, out->approvals, n);
	out->kase.people = out->people;
	out->kase.people_len = people;
}

/* People whose yes is there, valid, and not an author's: never more than these can have counted. */
static size_t distinct_approvers(const struct random_case *random)
{
	size_t n = 0;

	for (size_t u = 0; u < USERS; u++) {
		bool counts = false;

		for (size_t i = 0; i < random->kase.approvals_len; i++) {
			const struct sl_approval *approval = &random->approvals[i];

			counts = counts ||
				(sl_str_eq(approval->by, users[u].name) &&
					sl_str_eq(approval->digest, NOW) &&
					approval->revoked_at == 0);
		}
		for (size_t i = 0; i < random->kase.people_len; i++) {
			if (random->people[i].pushed &&
				sl_str_eq(random->people[i].user, users[u].name))
				counts = false;
		}
		n += counts;
	}
	return n;
}

static void a_stage_is_never_approved_by_fewer_people_than_it_needs(void **state)
{
	struct sl_rand_seeded random;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	size_t satisfied = 0;

	(void)state;
	sl_rand_seed(&random, 20261122);
	for (int i = 0; i < CASES; i++) {
		struct random_case one = { 0 };
		struct sl_approval_state found;
		size_t need = 0;

		make_case(&one, &random.rand);
		sl_policy_approval_state(&one.kase, arena, &found);
		for (size_t k = 0; k < one.kase.flow.len; k++)
			need += one.steps[k].count;
		if (found.satisfied)
			assert_true(distinct_approvers(&one) >= need);
		satisfied += found.satisfied && need > 0;
		sl_arena_clear(arena);
	}
	assert_true(satisfied > 0);
}

static void whoever_may_approve_brings_the_stage_one_step_further(void **state)
{
	struct sl_rand_seeded random;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	size_t allowed = 0;

	(void)state;
	sl_rand_seed(&random, 42);
	for (int i = 0; i < CASES; i++) {
		struct random_case one = { 0 };
		const char *user = people_names[sl_rand_below(&random.rand, 5)];
		const char *role = NULL;
		struct sl_approval_state before, after;

		make_case(&one, &random.rand);
		if (one.kase.approvals_len == YES_MAX ||
			sl_policy_may_approve(&one.kase, user, &role, NULL) != SL_OK)
			continue;
		sl_policy_approval_state(&one.kase, arena, &before);
		one.approvals[one.kase.approvals_len++] = yes(user, role);
		sl_policy_approval_state(&one.kase, arena, &after);
		assert_true(after.step > before.step || after.have == before.have + 1);
		allowed++;
		sl_arena_clear(arena);
	}
	assert_true(allowed > 0);
}

/* --- verbs ---------------------------------------------------------------------------------- */

static void a_verb_is_refused_with_the_roles_that_may(void **state)
{
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(sl_policy_may(&workspace, "ana", SL_VERB_SKIP, &err), SL_EDENIED);
	assert_string_equal(err.msg, "ana may not skip: it takes one of the roles owner, dba");
	assert_int_equal(sl_policy_may(&workspace, "eve", SL_VERB_HOLD, &err), SL_EUNAUTH);
	assert_int_equal(sl_policy_may(&workspace, "ana", SL_VERB_HOLD, &err), SL_OK);
	assert_int_equal(sl_policy_may(&workspace, "dana", SL_VERB_SKIP, &err), SL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_needs_no_approval_waits_for_none),
		cmocka_unit_test(steps_are_answered_in_their_order),
		cmocka_unit_test(the_author_never_approves),
		cmocka_unit_test(nobody_counts_twice_whatever_roles_they_have),
		cmocka_unit_test(a_step_counts_people),
		cmocka_unit_test(an_approval_is_bound_to_its_digest_and_can_be_revoked),
		cmocka_unit_test(an_approval_of_another_stage_does_not_count),
		cmocka_unit_test(who_lost_the_role_no_longer_counts),
		cmocka_unit_test(emails_count_against_where_nobody_is_known_to_have_pushed),
		cmocka_unit_test(emails_do_not_matter_where_somebody_pushed),
		cmocka_unit_test(a_change_of_nobody_needs_one_approval_more),
		cmocka_unit_test(a_stranger_approves_nothing),
		cmocka_unit_test(a_stage_is_never_approved_by_fewer_people_than_it_needs),
		cmocka_unit_test(whoever_may_approve_brings_the_stage_one_step_further),
		cmocka_unit_test(a_verb_is_refused_with_the_roles_that_may),
	};

	return cmocka_run_group_tests_name("policy_approval", tests, NULL, NULL);
}
