/* Who is asking: tokens, accounts, assertions, sessions, links. */
#include "sluice/auth.h"
#include "sluice/core/alloc.h"
#include "sluice/core/str.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ANA  "slu_0123456789abcdef-ana"
#define DANA "slu_0123456789abcdef-dana"

struct bench {
	struct sl_user users[3];
	struct sl_workspace workspace;
	int64_t now;
	struct sl_clock clock;
	struct sl_rand_seeded random;
	unsigned char key[SL_AUTH_KEY_SIZE];
	char account[SL_USER_LIMIT];
	const char *asserters[1];
	struct sl_auth *auth;
	struct sl_error err;
};

static int64_t read_now(void *ctx)
{
	return *(const int64_t *)ctx;
}

static enum sl_code make(struct bench *bench, size_t asserters, struct sl_auth **out)
{
	const struct sl_auth_options options = { .workspace = &bench->workspace,
		.clock = &bench->clock,
		.rand = &bench->random.rand,
		.key = bench->key,
		.asserters = bench->asserters,
		.asserters_len = asserters };

	return sl_auth_new(out, &options, &bench->err);
}

static int setup(void **state)
{
	struct bench *bench = sl_xcalloc(1, sizeof(*bench));
	const struct passwd *entry = getpwuid(getuid());

	assert_int_equal(setenv("AUTH_TEST_ANA", ANA, 1), 0);
	assert_int_equal(setenv("AUTH_TEST_DANA", DANA, 1), 0);
	(void)snprintf(bench->account, sizeof(bench->account), "%s", entry->pw_name);
	bench->users[0] = (struct sl_user){ "ana", "", "", "env:AUTH_TEST_ANA" };
	bench->users[1] = (struct sl_user){ "dana", "", "", "env:AUTH_TEST_DANA" };
	bench->users[2] = (struct sl_user){ "ulla", "", bench->account, "" };
	bench->workspace.users = bench->users;
	bench->workspace.users_len = 3;
	bench->now = 1000 * SL_SECOND_US;
	bench->clock = (struct sl_clock){ read_now, read_now, &bench->now };
	sl_rand_seed(&bench->random, 5);
	memset(bench->key, 7, sizeof(bench->key));
	bench->asserters[0] = bench->account;
	if (make(bench, 0, &bench->auth) != SL_OK)
		fail_msg("%s", bench->err.msg);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	sl_auth_free(bench->auth);
	free(bench);
	return 0;
}

static enum sl_code identify(struct bench *bench, const struct sl_auth_claim *claim,
	struct sl_person *who)
{
	memset(who, 0, sizeof(*who));
	return sl_auth_identify(bench->auth, claim, who, &bench->err);
}

#define assert_user(bench, claim, name, how)                                       \
	do {                                                                       \
		struct sl_person who_;                                             \
                                                                                   \
		if (identify(bench, &(struct sl_auth_claim)claim, &who_) != SL_OK) \
			fail_msg("%s", (bench)->err.msg);                          \
		assert_string_equal(who_.user, name);                              \
		assert_string_equal(who_.via, how);                                \
	} while (0)

#define CLAIM(...)          \
	{                   \
		__VA_ARGS__ \
	}

static void a_token_says_who_asks_from_anywhere(void **state)
{
	struct bench *bench = *state;

	assert_user(bench, CLAIM(.token = ANA), "ana", "token");
	assert_user(bench, CLAIM(.token = DANA, .local = true, .uid = getuid()), "dana", "token");
}

static void nothing_beside_a_token_can_change_who_asks(void **state)
{
	struct bench *bench = *state;
	char session[SL_AUTH_TEXT_SIZE];

	sl_auth_session(bench->auth, "dana", session);
	sl_auth_free(bench->auth);
	assert_int_equal(make(bench, 1, &bench->auth), SL_OK);
	assert_user(bench,
		CLAIM(.token = ANA, .local = true, .uid = getuid(), .asserted = "dana",
			.session = session),
		"ana", "token");
}

static void a_token_of_nobody_is_refused_even_where_the_account_would_do(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	const char *const wrong[] = { "", "slu_0123456789abcdef-an", ANA "x", "env:AUTH_TEST_ANA" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct sl_auth_claim claim = { .token = wrong[i],
			.local = true,
			.uid = getuid() };

		assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
		assert_string_equal(who.user, "");
	}
}

static void a_refusal_never_repeats_the_token(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	const struct sl_auth_claim claim = { .token = "slu_a-secret-that-leaks" };

	assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
	assert_null(strstr(bench->err.msg, "leaks"));
}

static void an_account_on_the_socket_is_the_user_who_has_it(void **state)
{
	struct bench *bench = *state;

	assert_user(bench, CLAIM(.local = true, .uid = getuid()), "ulla", "socket");
}

static void an_account_that_is_no_users_is_nobody_with_a_name_for_the_audit(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	const struct sl_auth_claim claim = { .local = true, .uid = 3999999991 };

	assert_int_equal(identify(bench, &claim, &who), SL_OK);
	assert_string_equal(who.user, "");
	assert_string_equal(who.account, "uid:3999999991");
}

static void without_any_claim_nobody_asks(void **state)
{
	struct bench *bench = *state;

	assert_user(bench, CLAIM(.token = NULL), "", "");
	assert_user(bench, CLAIM(.asserted = "dana"), "", "");
}

static void only_listed_accounts_speak_for_others(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	const struct sl_auth_claim dana = { .local = true, .uid = getuid(), .asserted = "dana" };
	const struct sl_auth_claim ghost = { .local = true, .uid = getuid(), .asserted = "ghost" };

	assert_int_equal(identify(bench, &dana, &who), SL_EUNAUTH);
	sl_auth_free(bench->auth);
	assert_int_equal(make(bench, 1, &bench->auth), SL_OK);
	assert_int_equal(identify(bench, &dana, &who), SL_OK);
	assert_string_equal(who.user, "dana");
	assert_int_equal(identify(bench, &ghost, &who), SL_EUNAUTH);
}

static void a_session_is_its_user_for_twelve_hours(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	char session[SL_AUTH_TEXT_SIZE];
	const struct sl_auth_claim claim = { .session = session };

	sl_auth_session(bench->auth, "dana", session);
	bench->now += 12 * 3600 * SL_SECOND_US;
	assert_user(bench, CLAIM(.session = session), "dana", "session");
	bench->now += SL_SECOND_US;
	assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
}

static void a_session_that_anybody_touched_is_refused(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	char session[SL_AUTH_TEXT_SIZE];
	const struct sl_auth_claim claim = { .session = session };

	sl_auth_session(bench->auth, "dana", session);
	for (size_t i = 0; session[i] != '\0'; i++) {
		char kept = session[i];

		session[i] = kept == 'a' ? 'b' : 'a';
		assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
		session[i] = kept;
	}
	assert_int_equal(identify(bench, &claim, &who), SL_OK);
}

static void a_session_of_a_user_who_is_gone_is_refused(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	char session[SL_AUTH_TEXT_SIZE];
	const struct sl_auth_claim claim = { .session = session };

	sl_auth_session(bench->auth, "ulla", session);
	bench->workspace.users_len = 2;
	assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
}

static void a_link_is_no_session_and_a_session_no_link(void **state)
{
	struct bench *bench = *state;
	struct sl_person who;
	char text[SL_AUTH_TEXT_SIZE];
	char user[SL_USER_LIMIT];
	char nonce[SL_ID_SIZE];
	const struct sl_auth_claim claim = { .session = text };

	sl_auth_link(bench->auth, "dana", text);
	assert_int_equal(identify(bench, &claim, &who), SL_EUNAUTH);
	sl_auth_session(bench->auth, "dana", text);
	assert_int_equal(sl_auth_link_check(bench->auth, text, user, nonce, &bench->err),
		SL_EUNAUTH);
}

static void a_link_holds_for_ten_minutes_and_has_a_nonce_of_its_own(void **state)
{
	struct bench *bench = *state;
	char one[SL_AUTH_TEXT_SIZE];
	char two[SL_AUTH_TEXT_SIZE];
	char user[SL_USER_LIMIT];
	char nonces[2][SL_ID_SIZE];

	sl_auth_link(bench->auth, "dana", one);
	sl_auth_link(bench->auth, "dana", two);
	bench->now += 600 * SL_SECOND_US;
	assert_int_equal(sl_auth_link_check(bench->auth, one, user, nonces[0], NULL), SL_OK);
	assert_string_equal(user, "dana");
	assert_int_equal(sl_auth_link_check(bench->auth, two, user, nonces[1], NULL), SL_OK);
	assert_string_not_equal(nonces[0], nonces[1]);
	bench->now += SL_SECOND_US;
	assert_int_equal(sl_auth_link_check(bench->auth, one, user, nonces[0], NULL), SL_EUNAUTH);
}

static void garbage_is_neither_link_nor_session(void **state)
{
	struct bench *bench = *state;
	char user[SL_USER_LIMIT];
	char nonce[SL_ID_SIZE];
	char many[4 * SL_AUTH_TEXT_SIZE];
	const char *const garbage[] = { "", ".", "....", "link.", "link.00.1.2.3", many };

	memset(many, '.', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		assert_int_equal(
			sl_auth_link_check(bench->auth, garbage[i], user, nonce, &bench->err),
			SL_EUNAUTH);
}

static void a_csrf_token_belongs_to_one_session(void **state)
{
	struct bench *bench = *state;
	char ana[SL_AUTH_TEXT_SIZE];
	char dana[SL_AUTH_TEXT_SIZE];
	char csrf[SL_AUTH_CSRF_SIZE];

	sl_auth_session(bench->auth, "ana", ana);
	sl_auth_session(bench->auth, "dana", dana);
	sl_auth_csrf(bench->auth, ana, csrf);
	assert_true(sl_auth_csrf_ok(bench->auth, ana, csrf));
	assert_false(sl_auth_csrf_ok(bench->auth, dana, csrf));
	assert_false(sl_auth_csrf_ok(bench->auth, ana, ""));
	csrf[0] = csrf[0] == '0' ? '1' : '0';
	assert_false(sl_auth_csrf_ok(bench->auth, ana, csrf));
}

static void a_token_that_cannot_be_read_names_its_user(void **state)
{
	struct bench *bench = *state;
	struct sl_auth *auth = NULL;

	bench->users[1].token = "env:AUTH_TEST_NOT_THERE";
	assert_int_not_equal(make(bench, 0, &auth), SL_OK);
	assert_non_null(strstr(bench->err.msg, "token of user dana"));
	assert_non_null(strstr(bench->err.msg, "AUTH_TEST_NOT_THERE"));
}

static void a_short_token_is_refused_without_showing_it(void **state)
{
	struct bench *bench = *state;
	struct sl_auth *auth = NULL;

	assert_int_equal(setenv("AUTH_TEST_SHORT", "hunter2", 1), 0);
	bench->users[1].token = "env:AUTH_TEST_SHORT";
	assert_int_equal(make(bench, 0, &auth), SL_EINVAL);
	assert_non_null(strstr(bench->err.msg, "dana"));
	assert_null(strstr(bench->err.msg, "hunter2"));
}

static void two_users_with_one_token_are_refused(void **state)
{
	struct bench *bench = *state;
	struct sl_auth *auth = NULL;

	bench->users[1].token = "env:AUTH_TEST_ANA";
	assert_int_equal(make(bench, 0, &auth), SL_EINVAL);
	assert_non_null(strstr(bench->err.msg, "ana and dana"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_says_who_asks_from_anywhere),
		TEST(nothing_beside_a_token_can_change_who_asks),
		TEST(a_token_of_nobody_is_refused_even_where_the_account_would_do),
		TEST(a_refusal_never_repeats_the_token),
		TEST(an_account_on_the_socket_is_the_user_who_has_it),
		TEST(an_account_that_is_no_users_is_nobody_with_a_name_for_the_audit),
		TEST(without_any_claim_nobody_asks),
		TEST(only_listed_accounts_speak_for_others),
		TEST(a_session_is_its_user_for_twelve_hours),
		TEST(a_session_that_anybody_touched_is_refused),
		TEST(a_session_of_a_user_who_is_gone_is_refused),
		TEST(a_link_is_no_session_and_a_session_no_link),
		TEST(a_link_holds_for_ten_minutes_and_has_a_nonce_of_its_own),
		TEST(garbage_is_neither_link_nor_session),
		TEST(a_csrf_token_belongs_to_one_session),
		TEST(a_token_that_cannot_be_read_names_its_user),
		TEST(a_short_token_is_refused_without_showing_it),
		TEST(two_users_with_one_token_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
