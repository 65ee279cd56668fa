/* Plain Git as a host, merge by content, the push hook's protocol and script. */
#include "sluice/core/alloc.h"
#include "sluice/forge/fake.h"
#include "sluice/forge/hook.h"
#include "sluice/forge/plain.h"
#include "sluice/git/bare.h"
#include "sluice/git/fake.h"
#include "sluice/sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"

static int setup(void **state)
{
	*state = sl_arena_new();
	return 0;
}

static int teardown(void **state)
{
	sl_arena_free(*state);
	return 0;
}

/* --- plain ----------------------------------------------------------------------------------- */

static void put(struct sl_repo_fake *fake, const char *branch, const char *message,
	char id[SL_GIT_ID_SIZE])
{
	struct sl_git_new_file file = { "db/V1__a.sql", message, strlen(message) };
	struct sl_git_new_commit commit = { .branch = branch,
		.files = &file,
		.n_files = 1,
		.author_name = "Ana",
		.author_email = "ana@example.com",
		.message = message };

	assert_int_equal(sl_repo_fake_commit(fake, &commit, id, NULL), SL_OK);
}

static void each_change_branch_is_a_change(void **state)
{
	sl_auto(sl_repo_fake_free_p) struct sl_repo_fake *fake = sl_repo_fake_new("shop");
	sl_auto(sl_forge_free_p) struct sl_forge *forge = NULL;
	struct sl_forge_changes changes;
	char main_tip[SL_GIT_ID_SIZE], one[SL_GIT_ID_SIZE], two[SL_GIT_ID_SIZE];

	put(fake, "main", "first", main_tip);
	put(fake, "change/orders/total", "orders: a total", one);
	put(fake, "change/a", "another", two);
	put(fake, "feature", "no change", main_tip);
	assert_int_equal(sl_repo_fetch(sl_repo_fake_repo(fake), NULL, NULL), SL_OK);
	assert_int_equal(sl_forge_plain_new(&forge, sl_repo_fake_repo(fake), NULL), SL_OK);
	assert_int_equal(sl_forge_list_changes(forge, NULL, *state, &changes, NULL), SL_OK);
	assert_int_equal(changes.len, 2);
	assert_string_equal(changes.at[0].branch, "change/a");
	assert_string_equal(changes.at[1].branch, "change/orders/total");
	assert_string_equal(changes.at[1].head, one);
	assert_string_equal(changes.at[1].title, "orders: a total");
	assert_string_equal(changes.at[1].author, "");
}

static void a_review_is_a_note_on_the_head(void **state)
{
	sl_auto(sl_repo_fake_free_p) struct sl_repo_fake *fake = sl_repo_fake_new("shop");
	sl_auto(sl_forge_free_p) struct sl_forge *forge = NULL;
	char head[SL_GIT_ID_SIZE];
	struct sl_forge_review review = { .branch = "change/a",
		.head = head,
		.verdict = SL_FORGE_BLOCKED,
		.summary = "1 error",
		.body = "details" };
	const char *note;

	put(fake, "change/a", "x", head);
	assert_int_equal(sl_repo_fetch(sl_repo_fake_repo(fake), NULL, NULL), SL_OK);
	assert_int_equal(sl_forge_plain_new(&forge, sl_repo_fake_repo(fake), NULL), SL_OK);
	assert_int_equal(sl_forge_can(forge), SL_FORGE_CAN_REVIEW);
	assert_int_equal(sl_forge_publish_review(forge, NULL, &review, NULL), SL_OK);
	assert_int_equal(sl_repo_note_read(sl_repo_fake_repo(fake), *state, head, &note, NULL),
		SL_OK);
	assert_string_equal(note, "sluice/review: blocked\n1 error\n\ndetails\n");
}

static void who_applied_it_stands_in_the_note_beside_the_review(void **state)
{
	sl_auto(sl_repo_fake_free_p) struct sl_repo_fake *fake = sl_repo_fake_new("shop");
	sl_auto(sl_forge_free_p) struct sl_forge *forge = NULL;
	struct sl_repo *repo = sl_repo_fake_repo(fake);
	char head[SL_GIT_ID_SIZE];
	struct sl_forge_review review = { .branch = "change/a",
		.head = head,
		.verdict = SL_FORGE_PASSED,
		.summary = "no findings",
		.body = "details\nsluice/applied: prod, shop: by nobody" };
	struct sl_forge_deed deeds[] = { { "prod", "shop", "V2__a.sql is not yet applied" },
		{ "prod", "shop-eu", "applied by Flyway (de\nploy)" } };
	struct sl_forge_deeds said = { .head = head, .at = deeds, .len = 2 };
	const char *note;

	put(fake, "change/a", "x", head);
	assert_int_equal(sl_repo_fetch(repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_forge_plain_new(&forge, repo, NULL), SL_OK);
	assert_int_equal(sl_forge_publish_deeds(forge, NULL, &said, NULL), SL_OK);
	assert_int_equal(sl_forge_publish_review(forge, NULL, &review, NULL), SL_OK);
	deeds[0].text = "applied by Flyway";
	assert_int_equal(sl_forge_publish_deeds(forge, NULL, &said, NULL), SL_OK);
	review.verdict = SL_FORGE_BLOCKED;
	assert_int_equal(sl_forge_publish_review(forge, NULL, &review, NULL), SL_OK);
	assert_int_equal(sl_repo_note_read(repo, *state, head, &note, NULL), SL_OK);
	assert_string_equal(note,
		"sluice/review: blocked\nno findings\n"
		"sluice/applied: prod, shop: applied by Flyway\n"
		"sluice/applied: prod, shop-eu: applied by Flyway (de\\x0aploy)\n"
		"\ndetails\nsluice/applied: prod, shop: by nobody\n");
	sl_repo_fake_fail(fake, SL_EUNAVAIL, 1);
	assert_int_equal(sl_forge_publish_deeds(forge, NULL, &said, NULL), SL_OK);
}

/* --- merge by content ------------------------------------------------------------------------ */

struct merge_case {
	const char *what;
	struct sl_plain_file files[3];
	size_t n;
	enum sl_plain_merge state;
	const char *listed; /* the first of the files, or NULL */
};

static const struct merge_case merge_cases[] = {
	{ "no file", { { 0 } }, 0, SL_PLAIN_OPEN, NULL },
	{ "not there", { { "a", "1", NULL, NULL } }, 1, SL_PLAIN_OPEN, NULL },
	{ "there", { { "a", "1", NULL, "1" } }, 1, SL_PLAIN_MERGED, NULL },
	{ "all there", { { "a", "1", NULL, "1" }, { "b", "2", NULL, "2" } }, 2, SL_PLAIN_MERGED,
		NULL },
	{ "one of two", { { "a", "1", NULL, "1" }, { "b", "2", NULL, NULL } }, 2, SL_PLAIN_PART,
		"b" },
	{ "other content", { { "a", "1", NULL, "9" } }, 1, SL_PLAIN_SUPERSEDED, "a" },
	{ "superseded wins over part",
		{ { "a", "1", NULL, "1" }, { "b", "2", NULL, "9" }, { "c", "3", NULL, NULL } }, 3,
		SL_PLAIN_SUPERSEDED, "b" },
	{ "an edit that is not merged yet", { { "R__v", "2", "1", "1" } }, 1, SL_PLAIN_OPEN, NULL },
	{ "an edit that is merged", { { "R__v", "2", "1", "2" } }, 1, SL_PLAIN_MERGED, NULL },
	{ "an edit overtaken by another", { { "R__v", "2", "1", "3" } }, 1, SL_PLAIN_SUPERSEDED,
		"R__v" },
	{ "an edit of a file that is gone", { { "R__v", "2", "1", NULL } }, 1, SL_PLAIN_OPEN,
		NULL },
};

static void content_says_whether_a_change_is_merged(void **state)
{
	for (size_t i = 0; i < sizeof(merge_cases) / sizeof(merge_cases[0]); i++) {
		const struct merge_case *row = &merge_cases[i];
		struct sl_plain_merge_result result = sl_plain_merge_state(*state, row->files,
			row->n);

		if (result.state != row->state)
			fail_msg("%s: state %u", row->what, (unsigned)result.state);
		if (row->listed == NULL)
			assert_int_equal(result.n_files, 0);
		else
			assert_string_equal(result.files[0], row->listed);
	}
}

static void equal_files_belong_to_the_change_pushed_first(void **state)
{
	static const struct sl_plain_claim claims[] = {
		{ 3, 500, "db/a", "1" },
		{ 2, 400, "db/a", "1" },
		{ 1, 100, "db/a", "other" },
		{ 4, 400, "db/a", "1" },
	};

	(void)state;
	assert_int_equal(sl_plain_claimant(claims, 4, "db/a", "1"), 2);
	assert_int_equal(sl_plain_claimant(claims, 1, "db/a", "1"), 3);
}

static void a_file_that_no_change_has_was_pushed_directly(void **state)
{
	static const struct sl_plain_claim claims[] = { { 1, 100, "db/a", "1" } };

	(void)state;
	assert_int_equal(sl_plain_claimant(claims, 1, "db/b", "1"), 0);
	assert_int_equal(sl_plain_claimant(claims, 1, "db/a", "2"), 0);
	assert_int_equal(sl_plain_claimant(NULL, 0, "db/a", "2"), 0);
}

/* --- the hook's protocol --------------------------------------------------------------------- */

static enum sl_code decode(struct sl_arena *arena, const char *body, struct sl_hook_request *out)
{
	return sl_hook_request_decode(arena, body, strlen(body), out, NULL);
}

static void a_request_survives_the_way(void **state)
{
	static const struct sl_hook_ref refs[] = { { OLD, NEW, "refs/heads/change/a" },
		{ NEW, OLD, "refs/heads/main" } };
	struct sl_hook_request sent = { "/srv/my git/shop.git", "ana", 3500, refs, 2 }, got;
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);

	assert_int_equal(sl_hook_request_encode(&sent, &body, NULL), SL_OK);
	assert_int_equal(sl_hook_request_decode(*state, sl_buf_str(&body), body.len, &got, NULL),
		SL_OK);
	assert_string_equal(got.repository, "/srv/my git/shop.git");
	assert_string_equal(got.user, "ana");
	assert_int_equal(got.wait_ms, 3500);
	assert_int_equal(got.n_refs, 2);
	assert_string_equal(got.refs[0].old_id, OLD);
	assert_string_equal(got.refs[0].new_id, NEW);
	assert_string_equal(got.refs[1].name, "refs/heads/main");
}

static void an_answer_survives_the_way(void **state)
{
	static const char *const lines[] = { "change 1: 1 error", "", "see\nit" };
	struct sl_hook_answer sent = { SL_HOOK_LATER, lines, 3 }, got;
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);

	sl_hook_answer_encode(&sent, &body);
	assert_int_equal(sl_hook_answer_decode(*state, sl_buf_str(&body), body.len, &got, NULL),
		SL_OK);
	assert_int_equal(got.done, SL_HOOK_LATER);
	assert_int_equal(got.n_lines, 3);
	assert_string_equal(got.lines[0], "change 1: 1 error");
	assert_string_equal(got.lines[1], "");
	assert_string_equal(got.lines[2], "see it");
}

static void a_value_cannot_smuggle_a_line(void **state)
{
	struct sl_hook_request sent = { "/srv/a", "eve\nuser ana", 0, NULL, 0 }, got;
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);

	assert_int_equal(sl_hook_request_encode(&sent, &body, NULL), SL_OK);
	assert_int_equal(sl_hook_request_decode(*state, sl_buf_str(&body), body.len, &got, NULL),
		SL_OK);
	assert_string_equal(got.user, "eve user ana");
}

static void unknown_keys_are_skipped(void **state)
{
	struct sl_hook_request got;

	assert_int_equal(decode(*state, "sluice-hook 1\nrepository /a\nnewer thing\n", &got),
		SL_OK);
	assert_string_equal(got.repository, "/a");
	assert_string_equal(got.user, "");
}

static void bad_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"sluice-hook 2\nrepository /a\n",
		"GET / HTTP/1.1\n",
		"sluice-hook 1\n",
		"sluice-hook 1\nrepository relative\n",
		"sluice-hook 1\nrepository /a\nwait-ms -1\n",
		"sluice-hook 1\nrepository /a\nwait-ms 60001\n",
		"sluice-hook 1\nrepository /a\nref " OLD "\n",
		"sluice-hook 1\nrepository /a\nref " OLD " " NEW " heads/main\n",
		"sluice-hook 1\nrepository /a\nref " OLD "0 " NEW " refs/heads/main\n",
		"sluice-hook 1\nrepository /a\nref \n",
	};
	struct sl_hook_request got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (decode(*state, bad[i], &got) != SL_EINVAL)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(sl_hook_request_decode(*state, "sluice-hook 1\0", 14, &got, NULL),
		SL_EINVAL);
}

static void an_answer_that_is_cut_off_is_refused(void **state)
{
	static const char body[] = "sluice-hook 1\nline one\n";
	struct sl_hook_answer got;

	assert_int_equal(sl_hook_answer_decode(*state, body, strlen(body), &got, NULL), SL_EINVAL);
}

static void more_than_the_limit_of_refs_is_refused(void **state)
{
	struct sl_hook_ref *refs = sl_arena_calloc(*state, SL_HOOK_REFS_MAX + 1, sizeof(*refs));
	struct sl_hook_request sent = { "/a", "", 0, refs, SL_HOOK_REFS_MAX + 1 };
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);

	assert_int_equal(sl_hook_request_encode(&sent, &body, NULL), SL_ELIMIT);
}

static void a_full_request_fits_the_body(void **state)
{
	struct sl_hook_ref *refs = sl_arena_calloc(*state, SL_HOOK_REFS_MAX, sizeof(*refs));
	struct sl_hook_request sent = { "/a", "", 0, refs, SL_HOOK_REFS_MAX }, got;
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);

	for (size_t i = 0; i < SL_HOOK_REFS_MAX; i++)
		refs[i] = (struct sl_hook_ref){ OLD, NEW,
			"refs/heads/change/a-name-of-some-length" };
	assert_int_equal(sl_hook_request_encode(&sent, &body, NULL), SL_OK);
	assert_int_equal(sl_hook_request_decode(*state, sl_buf_str(&body), body.len, &got, NULL),
		SL_OK);
	assert_int_equal(got.n_refs, SL_HOOK_REFS_MAX);
}

static void what_git_writes_to_a_hook_is_read(void **state)
{
	static const char text[] = OLD " " NEW " refs/heads/main\n" OLD " " NEW
				       " refs/notes/sluice\n" OLD " " NEW " refs/tags/v1\n";
	struct sl_hook_request request = { "/a", "", 0, NULL, 0 };

	assert_int_equal(sl_hook_updates_decode(*state, text, strlen(text), &request, NULL), SL_OK);
	assert_int_equal(request.n_refs, 1);
	assert_string_equal(request.refs[0].name, "refs/heads/main");
}

/* --- the script ------------------------------------------------------------------------------ */

static char *bare_repository(char **folder)
{
	const char *base = getenv("TMPDIR");
	char *path;

	*folder = sl_xasprintf("%s/sluice-forge-XXXXXX", base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(*folder));
	path = sl_xasprintf("%s/shop.git", *folder);
	assert_int_equal(sl_git_bare_init(path, "main", NULL), SL_OK);
	return path;
}

static void the_script_names_program_and_socket(void **state)
{
	sl_autofree char *folder = NULL;
	sl_autofree char *path = bare_repository(&folder);
	sl_autofree char *hook = sl_xasprintf("%s/hooks/post-receive", path);
	sl_autofree char *text = NULL;
	struct stat about;
	size_t len;

	(void)state;
	assert_int_equal(sl_hook_install(path, "/opt/it's/sluice", "/run/s.sock", NULL), SL_OK);
	assert_int_equal(sl_hook_install(path, "/usr/bin/sluice", "/run/s.sock", NULL), SL_OK);
	assert_int_equal(sl_file_read(&text, &len, hook, 10000, NULL), SL_OK);
	assert_non_null(
		strstr(text, "\n'/usr/bin/sluice' hook receive --socket '/run/s.sock'\nexit 0\n"));
	assert_int_equal(stat(hook, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0755);
	assert_int_equal(sl_tree_remove(folder, NULL), SL_OK);
}

static void a_hook_of_somebody_else_is_kept(void **state)
{
	static const char theirs[] = "#!/bin/sh\necho mine\n";
	sl_autofree char *folder = NULL;
	sl_autofree char *path = bare_repository(&folder);
	sl_autofree char *hook = sl_xasprintf("%s/hooks/post-receive", path);
	sl_autofree char *text = NULL;
	struct sl_error err = SL_ERROR_INIT;
	size_t len;

	(void)state;
	assert_int_equal(sl_file_write(hook, theirs, strlen(theirs), 0755, NULL), SL_OK);
	assert_int_equal(sl_hook_install(path, "/usr/bin/sluice", "/run/s.sock", &err),
		SL_ECONFLICT);
	assert_non_null(strstr(err.msg, "'/usr/bin/sluice' hook receive --socket '/run/s.sock'"));
	assert_int_equal(sl_file_read(&text, &len, hook, 10000, NULL), SL_OK);
	assert_string_equal(text, theirs);
	assert_int_equal(sl_tree_remove(folder, NULL), SL_OK);
}

static void no_repository_no_hook(void **state)
{
	(void)state;
	assert_int_equal(sl_hook_install("/nowhere", "/usr/bin/sluice", "/run/s.sock", NULL),
		SL_ENOTFOUND);
	assert_int_equal(sl_hook_install("/nowhere", "sluice", "/run/s.sock", NULL), SL_EINVAL);
}

/* --- the scripted host ----------------------------------------------------------------------- */

static void the_fake_lists_what_it_was_told_and_keeps_what_it_was_sent(void **state)
{
	sl_auto(sl_forge_fake_free_p) struct sl_forge_fake *fake = sl_forge_fake_new(
		SL_FORGE_CAN_REVIEW | SL_FORGE_CAN_STATUS | SL_FORGE_CAN_COMMENT);
	struct sl_forge *forge = sl_forge_fake_forge(fake);
	struct sl_forge_change b = { "change/b", "b", NEW, "ana" },
			       a = { "change/a", "a", OLD, "" };
	struct sl_forge_status status = { OLD, "sluice/prod", SL_FORGE_PASSED, "done" };
	struct sl_forge_changes changes;

	sl_forge_fake_set_change(fake, &b);
	sl_forge_fake_set_change(fake, &a);
	assert_int_equal(sl_forge_list_changes(forge, NULL, *state, &changes, NULL), SL_OK);
	assert_int_equal(changes.len, 2);
	assert_string_equal(changes.at[0].branch, "change/a");
	a.head = NULL;
	sl_forge_fake_set_change(fake, &a);
	assert_int_equal(sl_forge_list_changes(forge, NULL, *state, &changes, NULL), SL_OK);
	assert_int_equal(changes.len, 1);
	assert_string_equal(changes.at[0].author, "ana");
	assert_int_equal(sl_forge_set_status(forge, NULL, &status, NULL), SL_OK);
	assert_int_equal(sl_forge_comment(forge, NULL, "change/b", "failed", NULL), SL_OK);
	assert_string_equal(sl_forge_fake_last_status(fake)->context, "sluice/prod");
	assert_string_equal(sl_forge_fake_last_comment(fake), "failed");
	assert_null(sl_forge_fake_last_review(fake));
}

static void the_fake_fails_as_often_as_it_was_told(void **state)
{
	sl_auto(sl_forge_fake_free_p) struct sl_forge_fake *fake = sl_forge_fake_new(
		SL_FORGE_CAN_REVIEW);
	struct sl_forge_changes changes;

	sl_forge_fake_fail(fake, SL_EBUSY, 1);
	assert_int_equal(
		sl_forge_list_changes(sl_forge_fake_forge(fake), NULL, *state, &changes, NULL),
		SL_EBUSY);
	assert_int_equal(
		sl_forge_list_changes(sl_forge_fake_forge(fake), NULL, *state, &changes, NULL),
		SL_OK);
}

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(each_change_branch_is_a_change),
	ROW(a_review_is_a_note_on_the_head),
	ROW(who_applied_it_stands_in_the_note_beside_the_review),
	ROW(content_says_whether_a_change_is_merged),
	ROW(equal_files_belong_to_the_change_pushed_first),
	ROW(a_file_that_no_change_has_was_pushed_directly),
	ROW(a_request_survives_the_way),
	ROW(an_answer_survives_the_way),
	ROW(a_value_cannot_smuggle_a_line),
	ROW(unknown_keys_are_skipped),
	ROW(bad_requests_are_refused),
	ROW(an_answer_that_is_cut_off_is_refused),
	ROW(more_than_the_limit_of_refs_is_refused),
	ROW(a_full_request_fits_the_body),
	ROW(what_git_writes_to_a_hook_is_read),
	ROW(the_script_names_program_and_socket),
	ROW(a_hook_of_somebody_else_is_kept),
	ROW(no_repository_no_hook),
	ROW(the_fake_lists_what_it_was_told_and_keeps_what_it_was_sent),
	ROW(the_fake_fails_as_often_as_it_was_told),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
