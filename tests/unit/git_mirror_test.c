/* Mirrors: fetching, notes, and what a killed process or a full disk leaves. */
#include "unit/git_world.h"

#include "sluice/sys/cancel.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include <ftw.h>
#include <sys/stat.h>

static void a_fetch_brings_the_branches_of_the_origin(void **state)
{
	struct fixture *f = *state;
	struct sl_git_refs refs;
	const char *main_tip = commit(f, "main", "db/V1__a.sql", "SELECT 1;\n", NULL);
	const char *change_tip = commit(f, "change/a", "db/V2__b.sql", "SELECT 2;\n", NULL);

	fetch(f);
	need(f, sl_repo_branches(f->mirror, f->arena, NULL, &refs, &f->err));
	assert_int_equal(refs.len, 2);
	assert_string_equal(refs.at[0].name, "change/a");
	assert_string_equal(refs.at[0].commit, change_tip);
	assert_string_equal(refs.at[1].name, "main");
	assert_string_equal(refs.at[1].commit, main_tip);
}

static void branches_are_chosen_by_a_glob(void **state)
{
	struct fixture *f = *state;
	struct sl_git_refs refs;

	(void)commit(f, "main", "a", "1", NULL);
	(void)commit(f, "change/deep/er", "a", "2", NULL);
	(void)commit(f, "changes", "a", "3", NULL);
	fetch(f);
	need(f, sl_repo_branches(f->mirror, f->arena, "change/**", &refs, &f->err));
	assert_int_equal(refs.len, 1);
	assert_string_equal(refs.at[0].name, "change/deep/er");
}

static void an_empty_origin_is_no_branches(void **state)
{
	struct fixture *f = *state;
	struct sl_git_refs refs;

	fetch(f);
	need(f, sl_repo_branches(f->mirror, f->arena, NULL, &refs, &f->err));
	assert_int_equal(refs.len, 0);
}

static void a_file_url_is_fetched_as_a_path_is(void **state)
{
	struct fixture *f = *state;
	char *url = sl_xasprintf("file://%s", f->origin_path);
	const char *tip = commit(f, "main", "a", "1", NULL);

	open_mirror(f, url, NULL);
	free(url);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "1");
}

static void a_missing_branch_is_not_found(void **state)
{
	struct fixture *f = *state;
	char id[SL_GIT_ID_SIZE];

	assert_int_equal(sl_repo_resolve(f->mirror, "nowhere", id, &f->err), SL_ENOTFOUND);
	assert_string_equal(f->err.msg, "repository shop: no branch nowhere");
}

static void a_missing_origin_says_so(void **state)
{
	struct fixture *f = *state;

	open_mirror(f, "/nowhere/at/all.git", NULL);
	assert_int_equal(sl_repo_fetch(f->mirror, NULL, &f->err), SL_ENOTFOUND);
	assert_non_null(strstr(f->err.msg, "/nowhere/at/all.git"));
}

static void a_branch_that_went_away_goes_away_here(void **state)
{
	struct fixture *f = *state;
	struct sl_git_refs refs;

	(void)commit(f, "main", "a", "1", NULL);
	(void)commit(f, "change/old", "b", "1", NULL);
	fetch(f);
	git(f, f->origin_path, "update-ref", "-d", "refs/heads/change/old");
	(void)commit(f, "change/old/er", "b", "1", NULL);
	fetch(f);
	need(f, sl_repo_branches(f->mirror, f->arena, "change/**", &refs, &f->err));
	assert_int_equal(refs.len, 1);
	assert_string_equal(refs.at[0].name, "change/old/er");
}

static void a_branch_that_was_rewritten_is_followed(void **state)
{
	struct fixture *f = *state;
	const char *first = commit(f, "main", "a", "1", NULL);
	char id[SL_GIT_ID_SIZE];

	(void)commit(f, "main", "a", "2", NULL);
	fetch(f);
	git(f, f->origin_path, "update-ref", "refs/heads/main", first);
	fetch(f);
	need(f, sl_repo_resolve(f->mirror, "main", id, &f->err));
	assert_string_equal(id, first);
}

static void more_branches_than_the_limit_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sl_git_limits limits = { .refs = 2 };

	(void)commit(f, "main", "a", "1", NULL);
	(void)commit(f, "x", "a", "2", NULL);
	(void)commit(f, "y", "a", "3", NULL);
	open_mirror(f, f->origin_path, &limits);
	assert_int_equal(sl_repo_fetch(f->mirror, NULL, &f->err), SL_ELIMIT);
	assert_non_null(strstr(f->err.msg, "more than 2 branches"));
}

static void a_canceled_fetch_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct sl_cancel *cancel = sl_cancel_new(sl_clock_system(), NULL, 0);
	char id[SL_GIT_ID_SIZE];

	(void)commit(f, "main", "a", "1", NULL);
	sl_cancel_ask(cancel);
	assert_int_equal(sl_repo_fetch(f->mirror, cancel, &f->err), SL_ECANCELED);
	assert_int_equal(sl_repo_resolve(f->mirror, "main", id, &f->err), SL_ENOTFOUND);
	sl_cancel_free(cancel);
}

static void a_repository_of_another_user_works(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);

	if (geteuid() == 0)
		assert_int_equal(chown(f->origin_path, 65534, 65534), 0);
	else
		assert_int_equal(access(f->origin_path, R_OK), 0);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "1");
}

static void a_note_is_kept_at_the_origin(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);
	const char *text;

	fetch(f);
	need(f, sl_repo_note_write(f->mirror, tip, "reviewed: 1 error\n", f->now, NULL, &f->err));
	need(f, sl_repo_note_read(f->mirror, f->arena, tip, &text, &f->err));
	assert_string_equal(text, "reviewed: 1 error\n");
	need(f, sl_repo_note_read(f->origin, f->arena, tip, &text, &f->err));
	assert_string_equal(text, "reviewed: 1 error\n");
}

static void a_note_replaces_the_one_before(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);
	const char *text;

	fetch(f);
	need(f, sl_repo_note_write(f->mirror, tip, "one", f->now, NULL, &f->err));
	need(f, sl_repo_note_write(f->mirror, tip, "two", f->now, NULL, &f->err));
	need(f, sl_repo_note_read(f->origin, f->arena, tip, &text, &f->err));
	assert_string_equal(text, "two");
}

static void a_note_survives_another_writer(void **state)
{
	struct fixture *f = *state;
	const char *one = commit(f, "main", "a", "1", NULL);
	const char *two = commit(f, "main", "a", "2", NULL);
	const char *text;

	fetch(f);
	need(f, sl_repo_note_write(f->origin, one, "theirs", f->now, NULL, &f->err));
	need(f, sl_repo_note_write(f->mirror, two, "ours", f->now, NULL, &f->err));
	need(f, sl_repo_note_read(f->origin, f->arena, one, &text, &f->err));
	assert_string_equal(text, "theirs");
	need(f, sl_repo_note_read(f->origin, f->arena, two, &text, &f->err));
	assert_string_equal(text, "ours");
}

static void a_note_that_cannot_be_pushed_is_not_kept(void **state)
{
	struct fixture *f = *state;
	char *moved = sl_xasprintf("%s/moved.git", f->folder);
	const char *tip = commit(f, "main", "a", "1", NULL);
	const char *text;

	fetch(f);
	assert_int_equal(rename(f->origin_path, moved), 0);
	free(moved);
	assert_int_equal(sl_repo_note_write(f->mirror, tip, "x", f->now, NULL, &f->err),
		SL_ENOTFOUND);
	assert_int_equal(sl_repo_note_read(f->mirror, f->arena, tip, &text, &f->err), SL_ENOTFOUND);
}

static void a_mirror_takes_no_commit(void **state)
{
	struct fixture *f = *state;
	struct sl_git_new_commit made = { .branch = "main",
		.author_name = "Ana",
		.author_email = ORANA,
		.message = "x" };
	char id[SL_GIT_ID_SIZE];

	assert_int_equal(sl_repo_commit(f->mirror, &made, id, &f->err), SL_EINVAL);
}

static void leave_file(const struct fixture *f, const char *path)
{
	char *full = sl_xasprintf("%s/mirrors/shop.git/%s", f->folder, path);

	assert_int_equal(sl_file_write(full, "x", 1, 0600, NULL), SL_OK);
	free(full);
}

static void leftovers_of_a_killed_process_are_swept(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);
	sl_autofree char *anew = sl_xasprintf("%s/mirrors/shop.git.anew/objects", f->folder);
	unsigned removed = 0;

	(void)commit(f, "tmp_branch", "a", "2", NULL);
	fetch(f);
	leave_file(f, "refs/heads/main.lock");
	leave_file(f, "packed-refs.lock");
	leave_file(f, "objects/pack/pack_git2_a1b2c3");
	leave_file(f, "objects/tmp_obj_XyZ");
	need(f, sl_folder_make(anew, 0700, &f->err));
	need(f, sl_git_mirrors_sweep(f->folder, &removed, &f->err));
	assert_int_equal(removed, 5);
	assert_false(sl_file_exists(anew));
	open_mirror(f, f->origin_path, NULL);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "1");
	need(f, sl_repo_resolve(f->mirror, "tmp_branch", (char[SL_GIT_ID_SIZE]){ 0 }, &f->err));
}

static void locks_that_nobody_holds_do_not_stop_a_fetch_or_a_note(void **state)
{
	struct fixture *f = *state;
	const char *tip, *note;

	(void)commit(f, "main", "a", "1", NULL);
	fetch(f);
	tip = commit(f, "main", "a", "2", NULL);
	leave_file(f, "refs/heads/main.lock");
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "2");
	need(f, sl_repo_note_write(f->mirror, tip, "first", 1, NULL, &f->err));
	leave_file(f, "refs/notes/sluice.lock");
	need(f, sl_repo_note_write(f->mirror, tip, "second", 2, NULL, &f->err));
	need(f, sl_repo_note_read(f->mirror, f->arena, tip, &note, &f->err));
	assert_string_equal(note, "second");
}

static void a_half_made_mirror_is_made_again(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);
	sl_autofree char *config = sl_xasprintf("%s/mirrors/shop.git/config", f->folder);
	sl_autofree char *head = sl_xasprintf("%s/mirrors/shop.git/HEAD", f->folder);

	assert_int_equal(unlink(config), 0);
	assert_int_equal(unlink(head), 0);
	leave_file(f, "config.lock");
	open_mirror(f, f->origin_path, NULL);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "1");
}

/* nftw() has no context argument. */
static const char *needle;
static unsigned emptied;

static int empty_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)walk;
	if (type != FTW_F || strstr(path, needle) == NULL)
		return 0;
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 0), 0);
	emptied++;
	return 0;
}

/* As a power cut leaves files that nobody had synced. */
static void empty_files(const struct fixture *f, const char *of)
{
	sl_autofree char *mirror = sl_xasprintf("%s/mirrors/shop.git", f->folder);

	needle = of;
	emptied = 0;
	assert_int_equal(nftw(mirror, empty_one, 16, FTW_PHYS), 0);
	assert_in_range(emptied, 1, 100);
}

/* libgit2 1.5 loses a reference whose commit it does not find (git_revparse_single). */
static void fetch_damaged(struct fixture *f)
{
#ifdef __SANITIZE_ADDRESS__
	__lsan_disable();
#endif
	fetch(f);
#ifdef __SANITIZE_ADDRESS__
	__lsan_enable();
#endif
}

static void a_damaged_mirror_is_made_anew_by_the_fetch_that_fails_of_it(void **state)
{
	static const char *const files[] = { "/refs/heads/main", "/refs/heads/change/a",
		"/refs/notes/", "/HEAD", "/objects/" };
	struct fixture *f = *state;

	(void)commit(f, "main", "a", "0", NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		sl_autofree char *text = sl_xasprintf("%zu", i + 1);
		const char *tip = commit(f, "main", "a", text, NULL);
		const char *note;

		(void)commit(f, "change/a", "b", text, NULL);
		fetch(f);
		need(f, sl_repo_note_write(f->mirror, tip, text, f->now, NULL, &f->err));
		empty_files(f, files[i]);
		(void)commit(f, "main", "c", text, NULL);
		open_mirror(f, f->origin_path, NULL);
		fetch_damaged(f);
		assert_string_equal(read_text(f, tip, "a"), text);
		need(f, sl_repo_note_read(f->mirror, f->arena, tip, &note, &f->err));
		assert_string_equal(note, text);
	}
}

static void a_mirror_in_which_reading_misses_something_is_made_anew_by_the_next_fetch(void **state)
{
	static const char *const files[] = { ".pack", ".idx" };
	struct fixture *f = *state;

	(void)commit(f, "main", "a", "0", NULL);
	for (size_t i = 0; i < 4; i++) {
		sl_autofree char *text = sl_xasprintf("%zu", i + 1);
		struct sl_git_range range = { .until = commit(f, "main", "a", text, NULL) };
		struct sl_git_commits commits;

		fetch(f);
		empty_files(f, files[i % 2]);
		if (i >= 2) /* only what is behind the head is missed */
			range.until = commit(f, "main", "b", text, NULL);
		open_mirror(f, f->origin_path, NULL);
		fetch_damaged(f);
		assert_int_not_equal(
			sl_repo_commits(f->mirror, f->arena, &range, &commits, &f->err), SL_OK);
		open_mirror(f, f->origin_path, NULL);
		fetch_damaged(f);
		need(f, sl_repo_commits(f->mirror, f->arena, &range, &commits, &f->err));
		assert_in_range(commits.len, 2, 7);
	}
}

static void a_whole_mirror_outlives_an_origin_that_is_gone_and_a_commit_that_nobody_knows(
	void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "a", "1", NULL);
	sl_autofree char *moved = sl_xasprintf("%s/moved.git", f->folder);
	struct sl_git_range range = { .until = "0123456789012345678901234567890123456789" };
	struct sl_git_commits commits;

	fetch(f);
	assert_int_equal(rename(f->origin_path, moved), 0);
	assert_int_equal(sl_repo_fetch(f->mirror, NULL, &f->err), SL_ENOTFOUND);
	assert_int_not_equal(sl_repo_commits(f->mirror, f->arena, &range, &commits, &f->err),
		SL_OK);
	open_mirror(f, f->origin_path, NULL);
	assert_string_equal(read_text(f, tip, "a"), "1");
}

static void a_fetch_waits_for_whoever_writes_and_a_sweep_goes_by(void **state)
{
	struct fixture *f = *state;
	sl_autofree char *file = sl_xasprintf("%s/mirrors/shop.writer", f->folder);
	sl_auto(sl_cancel_free_p) struct sl_cancel *limit = NULL;
	struct sl_lock *other;
	unsigned removed = 7;

	(void)commit(f, "main", "a", "1", NULL);
	need(f, sl_lock_take(&other, file, &f->err));
	leave_file(f, "refs/heads/main.lock");
	need(f, sl_git_mirrors_sweep(f->folder, &removed, &f->err));
	assert_int_equal(removed, 0);
	limit = sl_cancel_new(sl_clock_system(), NULL, 50000);
	assert_int_equal(sl_repo_fetch(f->mirror, limit, &f->err), SL_ETIMEOUT);
	sl_lock_free(other);
	need(f, sl_git_mirrors_sweep(f->folder, &removed, &f->err));
	assert_int_equal(removed, 1);
}

static void nothing_to_sweep_is_fine(void **state)
{
	struct fixture *f = *state;
	unsigned removed = 7;

	need(f, sl_git_mirrors_sweep(f->origin_path, &removed, &f->err));
	assert_int_equal(removed, 0);
}

static size_t packs_of(struct fixture *f)
{
	char *folder = sl_xasprintf("%s/mirrors/shop.git/objects/pack", f->folder);
	struct sl_names names;
	size_t n = 0;

	need(f, sl_folder_list(&names, f->arena, folder, 10000, &f->err));
	free(folder);
	for (size_t i = 0; i < names.len; i++)
		n += strstr(names.at[i], ".pack") != NULL ? 1 : 0;
	return n;
}

static void many_fetches_do_not_leave_many_packs(void **state)
{
	struct fixture *f = *state;
	const char *first = commit(f, "main", "a", "first", NULL);
	const char *tip = first;
	sl_autofree char *mirror = sl_xasprintf("%s/mirrors/shop.git", f->folder);

	for (int i = 0; i < 45; i++) {
		sl_autofree char *text = sl_xasprintf("%d", i);

		fetch(f);
		tip = commit(f, "main", "a", text, NULL);
	}
	fetch(f);
	assert_in_range(packs_of(f), 1, 41);
	assert_string_equal(read_text(f, first, "a"), "first");
	assert_string_equal(read_text(f, tip, "a"), "44");
	git(f, mirror, "fsck", "--strict", "--no-progress");
}

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(a_fetch_brings_the_branches_of_the_origin),
	ROW(branches_are_chosen_by_a_glob),
	ROW(an_empty_origin_is_no_branches),
	ROW(a_file_url_is_fetched_as_a_path_is),
	ROW(a_missing_branch_is_not_found),
	ROW(a_missing_origin_says_so),
	ROW(a_branch_that_went_away_goes_away_here),
	ROW(a_branch_that_was_rewritten_is_followed),
	ROW(more_branches_than_the_limit_are_refused),
	ROW(a_canceled_fetch_changes_nothing),
	ROW(a_repository_of_another_user_works),
	ROW(a_note_is_kept_at_the_origin),
	ROW(a_note_replaces_the_one_before),
	ROW(a_note_survives_another_writer),
	ROW(a_note_that_cannot_be_pushed_is_not_kept),
	ROW(a_mirror_takes_no_commit),
	ROW(leftovers_of_a_killed_process_are_swept),
	ROW(locks_that_nobody_holds_do_not_stop_a_fetch_or_a_note),
	ROW(a_half_made_mirror_is_made_again),
	ROW(a_damaged_mirror_is_made_anew_by_the_fetch_that_fails_of_it),
	ROW(a_mirror_in_which_reading_misses_something_is_made_anew_by_the_next_fetch),
	ROW(a_whole_mirror_outlives_an_origin_that_is_gone_and_a_commit_that_nobody_knows),
	ROW(a_fetch_waits_for_whoever_writes_and_a_sweep_goes_by),
	ROW(nothing_to_sweep_is_fine),
	ROW(many_fetches_do_not_leave_many_packs),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
