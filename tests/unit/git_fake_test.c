/* The repository in memory keeps the rules of the one on disk. */
#include "sluice/core/arena.h"
#include "sluice/git/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct sl_repo_fake *fake;
	struct sl_repo *repo;
	struct sl_arena *arena;
	int64_t now;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->fake = sl_repo_fake_new("shop");
	f->repo = sl_repo_fake_repo(f->fake);
	f->arena = sl_arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sl_repo_close(f->repo);
	sl_repo_fake_free(f->fake);
	sl_arena_free(f->arena);
	free(f);
	return 0;
}

/* Puts one file on a branch, which starts at main when it is new. */
static const char *put(struct fixture *f, const char *branch, const char *path, const char *text)
{
	struct sl_git_new_file file = { path, text, text != NULL ? strlen(text) : 0 };
	struct sl_git_new_commit commit = { .branch = branch,
		.base = strcmp(branch, "main") == 0 ? NULL : "main",
		.files = &file,
		.n_files = 1,
		.author_name = "Ana",
		.author_email = "ana@example.com",
		.message = "one\ntwo",
		.at = ++f->now };
	char *id = sl_arena_alloc(f->arena, SL_GIT_ID_SIZE);

	assert_int_equal(sl_repo_fake_commit(f->fake, &commit, id, NULL), SL_OK);
	return id;
}

static void what_was_not_fetched_is_not_known(void **state)
{
	struct fixture *f = *state;
	const char *tip = put(f, "main", "a", "1");
	char id[SL_GIT_ID_SIZE];

	assert_int_equal(sl_repo_resolve(f->repo, "main", id, NULL), SL_ENOTFOUND);
	assert_int_equal(sl_repo_resolve(f->repo, tip, id, NULL), SL_ENOTFOUND);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_resolve(f->repo, "main", id, NULL), SL_OK);
	assert_string_equal(id, tip);
}

static void a_scripted_failure_leaves_the_view(void **state)
{
	struct fixture *f = *state;
	char id[SL_GIT_ID_SIZE];

	(void)put(f, "main", "a", "1");
	sl_repo_fake_fail(f->fake, SL_EUNAVAIL, 1);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_EUNAVAIL);
	assert_int_equal(sl_repo_resolve(f->repo, "main", id, NULL), SL_ENOTFOUND);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_fake_fetches(f->fake), 2);
}

static void equal_content_has_an_equal_blob(void **state)
{
	struct fixture *f = *state;
	const char *main_tip = put(f, "main", "db/a", "same");
	const char *tip = put(f, "change/x", "db/b", "same");
	struct sl_git_files files;

	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_files(f->repo, f->arena, tip, "db", &files, NULL), SL_OK);
	assert_int_equal(files.len, 2);
	assert_string_equal(files.at[0].blob, files.at[1].blob);
	assert_string_not_equal(main_tip, tip);
}

static void a_difference_is_what_git_would_say(void **state)
{
	struct fixture *f = *state;
	struct sl_git_deltas deltas;
	const char *from, *to;

	(void)put(f, "main", "db/a", "1");
	from = put(f, "main", "db/b", "1");
	(void)put(f, "main", "db/a", NULL);
	(void)put(f, "main", "db/b", "2");
	to = put(f, "main", "db/c", "1");
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_diff(f->repo, f->arena, &(struct sl_git_span){ from, to, "db" },
				 &deltas, NULL),
		SL_OK);
	assert_int_equal(deltas.len, 3);
	assert_int_equal(deltas.at[0].kind, SL_GIT_DELETED);
	assert_int_equal(deltas.at[1].kind, SL_GIT_MODIFIED);
	assert_int_equal(deltas.at[2].kind, SL_GIT_ADDED);
}

static void a_merge_joins_the_files_of_both(void **state)
{
	struct fixture *f = *state;
	char tip[SL_GIT_ID_SIZE], base[SL_GIT_ID_SIZE];
	const char *change;
	struct sl_git_files files;
	bool is = false;

	(void)put(f, "main", "a", "1");
	change = put(f, "change/x", "b", "1");
	(void)put(f, "main", "c", "1");
	assert_int_equal(sl_repo_fake_merge(f->fake, "main", "change/x", false, 9, NULL), SL_OK);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_resolve(f->repo, "main", tip, NULL), SL_OK);
	assert_int_equal(sl_repo_files(f->repo, f->arena, tip, "", &files, NULL), SL_OK);
	assert_int_equal(files.len, 3);
	assert_int_equal(sl_repo_is_ancestor(f->repo, change, tip, &is, NULL), SL_OK);
	assert_true(is);
	assert_int_equal(sl_repo_merge_base(f->repo, change, tip, base, NULL), SL_OK);
	assert_string_equal(base, change);
}

static void a_squash_is_no_descendant(void **state)
{
	struct fixture *f = *state;
	char tip[SL_GIT_ID_SIZE];
	const char *change;
	bool is = true;

	(void)put(f, "main", "a", "1");
	change = put(f, "change/x", "b", "1");
	assert_int_equal(sl_repo_fake_merge(f->fake, "main", "change/x", true, 9, NULL), SL_OK);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_resolve(f->repo, "main", tip, NULL), SL_OK);
	assert_int_equal(sl_repo_is_ancestor(f->repo, change, tip, &is, NULL), SL_OK);
	assert_false(is);
}

static void hundreds_of_merges_are_walked_at_once(void **state)
{
	struct fixture *f = *state;
	const char *root = put(f, "main", "a", "root");
	struct sl_git_commits commits;
	char tip[SL_GIT_ID_SIZE], base[SL_GIT_ID_SIZE];

	for (int i = 0; i < 200; i++) {
		char text[2] = { (char)(' ' + i % 90), '\0' };

		sl_repo_fake_set_branch(f->fake, "change/x", NULL);
		(void)put(f, "change/x", "b", text);
		assert_int_equal(
			sl_repo_fake_merge(f->fake, "main", "change/x", false, ++f->now, NULL),
			SL_OK);
	}
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_resolve(f->repo, "main", tip, NULL), SL_OK);
	assert_int_equal(sl_repo_merge_base(f->repo, root, tip, base, NULL), SL_OK);
	assert_string_equal(base, root);
	assert_int_equal(sl_repo_commits(f->repo, f->arena,
				 &(struct sl_git_range){ .since = root, .until = tip, .max = 0 },
				 &commits, NULL),
		SL_OK);
	assert_int_equal(commits.len, 400);
}

static void a_deleted_branch_is_gone_after_a_fetch(void **state)
{
	struct fixture *f = *state;
	struct sl_git_refs refs;

	(void)put(f, "main", "a", "1");
	(void)put(f, "change/x", "b", "1");
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	sl_repo_fake_set_branch(f->fake, "change/x", NULL);
	assert_int_equal(sl_repo_branches(f->repo, f->arena, "change/**", &refs, NULL), SL_OK);
	assert_int_equal(refs.len, 1);
	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_branches(f->repo, f->arena, "change/**", &refs, NULL), SL_OK);
	assert_int_equal(refs.len, 0);
}

static void commits_come_newest_first(void **state)
{
	struct fixture *f = *state;
	struct sl_git_commits commits;
	const char *one = put(f, "main", "a", "1"), *two = put(f, "main", "a", "2");
	const char *three = put(f, "main", "a", "3");

	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_commits(f->repo, f->arena,
				 &(struct sl_git_range){ .since = one, .until = three, .max = 0 },
				 &commits, NULL),
		SL_OK);
	assert_int_equal(commits.len, 2);
	assert_string_equal(commits.at[0].id, three);
	assert_string_equal(commits.at[1].id, two);
	assert_string_equal(commits.at[0].subject, "one");
}

static void commits_that_touch_no_wanted_file_are_left_out(void **state)
{
	static const char *const wanted[] = { "a" };
	struct fixture *f = *state;
	struct sl_git_commits commits;
	const char *one = put(f, "main", "a", "1"), *two = put(f, "main", "b", "2");

	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_commits(f->repo, f->arena,
				 &(struct sl_git_range){ .until = two,
					 .touching = wanted,
					 .touching_len = 1 },
				 &commits, NULL),
		SL_OK);
	assert_int_equal(commits.len, 1);
	assert_string_equal(commits.at[0].id, one);
}

static void a_note_can_be_read_back(void **state)
{
	struct fixture *f = *state;
	const char *tip = put(f, "main", "a", "1"), *text;

	assert_int_equal(sl_repo_fetch(f->repo, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_note_read(f->repo, f->arena, tip, &text, NULL), SL_ENOTFOUND);
	assert_int_equal(sl_repo_note_write(f->repo, tip, "x", 1, NULL, NULL), SL_OK);
	assert_int_equal(sl_repo_note_read(f->repo, f->arena, tip, &text, NULL), SL_OK);
	assert_string_equal(text, "x");
}

static void one_script_gives_one_set_of_ids(void **state)
{
	struct fixture *f = *state;
	struct sl_repo_fake *first = f->fake;
	const char *one = put(f, "main", "a", "1"), *two;

	f->fake = sl_repo_fake_new("again");
	f->now = 0;
	two = put(f, "main", "a", "1");
	sl_repo_fake_free(f->fake);
	f->fake = first;
	assert_string_equal(one, two);
}

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(what_was_not_fetched_is_not_known),
	ROW(a_scripted_failure_leaves_the_view),
	ROW(equal_content_has_an_equal_blob),
	ROW(a_difference_is_what_git_would_say),
	ROW(a_merge_joins_the_files_of_both),
	ROW(a_squash_is_no_descendant),
	ROW(hundreds_of_merges_are_walked_at_once),
	ROW(a_deleted_branch_is_gone_after_a_fetch),
	ROW(commits_come_newest_first),
	ROW(commits_that_touch_no_wanted_file_are_left_out),
	ROW(a_note_can_be_read_back),
	ROW(one_script_gives_one_set_of_ids),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
