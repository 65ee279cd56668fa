/* A repository on disk: reading it, own bare repositories, work trees, and the door itself. */
#include "unit/git_world.h"

#include "sluice/git/worktree.h"

#include <sys/stat.h>

static void the_merge_base_is_where_the_branch_began(void **state)
{
	struct fixture *f = *state;
	const char *base = commit(f, "main", "a", "1", NULL);
	const char *change = commit(f, "change/a", "b", "1", NULL);
	const char *ahead = commit(f, "main", "c", "1", NULL);
	char id[SL_GIT_ID_SIZE];
	bool is = true;

	fetch(f);
	need(f, sl_repo_merge_base(f->mirror, change, ahead, id, &f->err));
	assert_string_equal(id, base);
	need(f, sl_repo_is_ancestor(f->mirror, base, change, &is, &f->err));
	assert_true(is);
	need(f, sl_repo_is_ancestor(f->mirror, ahead, change, &is, &f->err));
	assert_false(is);
	need(f, sl_repo_is_ancestor(f->mirror, change, change, &is, &f->err));
	assert_true(is);
}

static void unrelated_histories_have_no_merge_base(void **state)
{
	struct fixture *f = *state;
	struct sl_git_new_commit other = { .branch = "alone",
		.author_name = "Ana",
		.author_email = ORANA,
		.message = "x",
		.at = 1 };
	const char *tip = commit(f, "main", "a", "1", NULL);
	char alone[SL_GIT_ID_SIZE], id[SL_GIT_ID_SIZE];

	need(f, sl_repo_commit(f->origin, &other, alone, &f->err));
	fetch(f);
	assert_int_equal(sl_repo_merge_base(f->mirror, tip, alone, id, &f->err), SL_ENOTFOUND);
}

static void commits_between_two_points_name_their_people(void **state)
{
	struct fixture *f = *state;
	const char *base = commit(f, "main", "a", "1", NULL);
	const char *one = commit(f, "change/a", "b", "1", NULL);
	const char *two = commit(f, "change/a", "b", "2", NULL);
	struct sl_git_commits commits;

	fetch(f);
	need(f,
		sl_repo_commits(f->mirror, f->arena,
			&(struct sl_git_range){ .since = base, .until = two, .max = 0 }, &commits,
			&f->err));
	assert_int_equal(commits.len, 2);
	assert_string_equal(commits.at[0].id, two);
	assert_string_equal(commits.at[1].id, one);
	assert_string_equal(commits.at[0].author_email, ORANA);
	assert_string_equal(commits.at[0].committer_email, ORANA);
	assert_string_equal(commits.at[0].subject, "orders: one more");
	assert_int_equal(commits.at[0].at, f->now);
	need(f,
		sl_repo_commits(f->mirror, f->arena,
			&(struct sl_git_range){ .since = NULL, .until = two, .max = 2 }, &commits,
			&f->err));
	assert_int_equal(commits.len, 2);
}

static void commits_that_touch_no_wanted_file_are_left_out(void **state)
{
	static const char *const wanted[] = { "db/a", "gone" };
	struct fixture *f = *state;
	const char *first = commit(f, "main", "db/a", "1", NULL);
	const char *other = commit(f, "main", "db/b", "1", NULL);
	const char *edit = commit(f, "main", "db/a", "2", "db/b", "2", NULL);
	struct sl_git_commits commits;

	fetch(f);
	need(f,
		sl_repo_commits(f->mirror, f->arena,
			&(struct sl_git_range){ .until = edit,
				.touching = wanted,
				.touching_len = 2 },
			&commits, &f->err));
	assert_int_equal(commits.len, 2);
	assert_string_equal(commits.at[0].id, edit);
	assert_string_equal(commits.at[1].id, first);
	need(f,
		sl_repo_commits(f->mirror, f->arena,
			&(struct sl_git_range){ .since = first,
				.until = other,
				.touching = wanted,
				.touching_len = 2 },
			&commits, &f->err));
	assert_int_equal(commits.len, 0);
}

static void files_of_a_folder_come_with_those_below_it(void **state)
{
	struct fixture *f = *state;
	struct sl_git_files files;
	const char *tip = commit(f, "main", "db/V1__a.sql", "12345", "db/deep/V2__b.sql", "",
		"db.txt", "x", "README", "y", NULL);

	fetch(f);
	need(f, sl_repo_files(f->mirror, f->arena, tip, "db", &files, &f->err));
	assert_int_equal(files.len, 2);
	assert_string_equal(files.at[0].path, "db/V1__a.sql");
	assert_int_equal(files.at[0].size, 5);
	assert_string_equal(files.at[1].path, "db/deep/V2__b.sql");
	need(f, sl_repo_files(f->mirror, f->arena, tip, NULL, &files, &f->err));
	assert_int_equal(files.len, 4);
	need(f, sl_repo_files(f->mirror, f->arena, tip, "nowhere", &files, &f->err));
	assert_int_equal(files.len, 0);
	assert_int_equal(sl_repo_files(f->mirror, f->arena, tip, "README", &files, &f->err),
		SL_EINVAL);
}

static void a_folder_with_too_many_files_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sl_git_limits limits = { .files = 1 };
	struct sl_git_files files;
	const char *tip = commit(f, "main", "a", "1", "b", "2", NULL);

	open_mirror(f, f->origin_path, &limits);
	fetch(f);
	assert_int_equal(sl_repo_files(f->mirror, f->arena, tip, "", &files, &f->err), SL_ELIMIT);
}

static void a_difference_says_added_modified_deleted(void **state)
{
	struct fixture *f = *state;
	struct sl_git_deltas deltas;
	const char *from = commit(f, "main", "db/a", "1", "db/b", "1", "db/c", "1", NULL);
	const char *to = commit(f, "main", "db/b", "2", "db/c", NULL, "db/d", "1", "else", "1",
		NULL);

	fetch(f);
	need(f,
		sl_repo_diff(f->mirror, f->arena, &(struct sl_git_span){ from, to, "db" }, &deltas,
			&f->err));
	assert_int_equal(deltas.len, 3);
	assert_string_equal(deltas.at[0].path, "db/b");
	assert_int_equal(deltas.at[0].kind, SL_GIT_MODIFIED);
	assert_true(sl_git_id_ok(deltas.at[0].old_blob) && sl_git_id_ok(deltas.at[0].new_blob));
	assert_string_equal(deltas.at[1].path, "db/c");
	assert_int_equal(deltas.at[1].kind, SL_GIT_DELETED);
	assert_string_equal(deltas.at[1].new_blob, "");
	assert_string_equal(deltas.at[2].path, "db/d");
	assert_int_equal(deltas.at[2].kind, SL_GIT_ADDED);
	assert_string_equal(deltas.at[2].old_blob, "");
}

static void against_nothing_every_file_is_added(void **state)
{
	struct fixture *f = *state;
	struct sl_git_deltas deltas;
	const char *tip = commit(f, "main", "db/a", "1", "b", "1", NULL);

	fetch(f);
	need(f,
		sl_repo_diff(f->mirror, f->arena, &(struct sl_git_span){ NULL, tip, "db" }, &deltas,
			&f->err));
	assert_int_equal(deltas.len, 1);
	assert_int_equal(deltas.at[0].kind, SL_GIT_ADDED);
	assert_string_equal(deltas.at[0].path, "db/a");
}

static void a_larger_file_is_refused_before_it_is_read(void **state)
{
	struct fixture *f = *state;
	struct sl_git_limits limits = { .blob_bytes = 4 };
	struct sl_git_files files;
	struct sl_git_blob blob;
	const char *tip = commit(f, "main", "db/a", "12345", "db/b", "1234", NULL);

	open_mirror(f, f->origin_path, &limits);
	fetch(f);
	assert_int_equal(sl_repo_read(f->mirror, f->arena, tip, "db/a", &blob, &f->err), SL_ELIMIT);
	assert_string_equal(f->err.msg, "db/a: repository shop: the file has 5 bytes, more than 4");
	need(f, sl_repo_files(f->mirror, f->arena, tip, "db", &files, &f->err));
	assert_int_equal(sl_repo_blob(f->mirror, f->arena, files.at[1].blob, 3, &blob, &f->err),
		SL_ELIMIT);
	need(f, sl_repo_blob(f->mirror, f->arena, files.at[1].blob, 0, &blob, &f->err));
	assert_int_equal(blob.len, 4);
	assert_string_equal(blob.data, "1234");
}

static void paths_that_leave_the_repository_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = { "/etc", "a/../b", "./a", "a//b", "a/", ".git/x",
		"a\nb" };
	const char *tip = commit(f, "main", "a", "1", NULL);
	struct sl_git_blob blob;

	fetch(f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_repo_read(f->mirror, f->arena, tip, bad[i], &blob, &f->err),
			SL_EINVAL);
}

static void git_itself_accepts_what_was_written(void **state)
{
	struct fixture *f = *state;
	const char *tip = commit(f, "main", "db/a", "1", "db/b", "2", NULL);

	(void)commit(f, "main", "db/a", NULL, NULL);
	fetch(f);
	need(f, sl_repo_note_write(f->mirror, tip, "x", f->now, NULL, &f->err));
	git(f, f->origin_path, "fsck", "--strict", "--no-progress");
}

static void a_folder_in_use_is_not_made_a_repository(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sl_git_bare_init(f->origin_path, "main", &f->err), SL_ECONFLICT);
	assert_int_equal(sl_git_bare_init(f->folder, "main", &f->err), SL_ECONFLICT);
}

static void a_lock_that_nobody_holds_does_not_stop_a_commit(void **state)
{
	struct fixture *f = *state;
	sl_autofree char *lock = sl_xasprintf("%s/refs/heads/main.lock", f->origin_path);
	const char *tip;

	(void)commit(f, "main", "a", "1", NULL);
	assert_int_equal(sl_file_write(lock, "", 0, 0600, NULL), SL_OK);
	tip = commit(f, "main", "a", "2", NULL);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "2");
	assert_false(sl_file_exists(lock));
}

static void a_repository_is_made_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	sl_autofree char *path = sl_xasprintf("%s/some/where/own.git", f->folder);
	sl_autofree char *parent = sl_xasprintf("%s/some/where", f->folder);
	struct sl_names names;

	need(f, sl_git_bare_init(path, "main", &f->err));
	need(f, sl_folder_list(&names, f->arena, parent, 10, &f->err));
	assert_int_equal(names.len, 1);
	assert_int_equal(sl_git_bare_init(path, "main", &f->err), SL_ECONFLICT);
	git(f, path, "fsck", "--strict", "--no-progress");
}

static void a_password_in_a_url_is_refused_and_not_shown(void **state)
{
	struct fixture *f = *state;
	struct sl_git_origin origin = { .url = "https://ana:s3cret@example.com/shop.git" };
	struct sl_repo *repo = NULL;

	assert_int_equal(sl_git_mirror_open(&repo, f->folder, "x", &origin, NULL, &f->err),
		SL_EINVAL);
	assert_null(strstr(f->err.msg, "s3cret"));
}

static void odd_names_and_urls_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sl_git_origin origin = { .url = "/x" };
	struct sl_repo *repo = NULL;

	assert_int_equal(sl_git_mirror_open(&repo, f->folder, "../x", &origin, NULL, &f->err),
		SL_EINVAL);
	origin.url = "ext::sh -c touch% /tmp/x";
	assert_int_equal(sl_git_mirror_open(&repo, f->folder, "x", &origin, NULL, &f->err),
		SL_EINVAL);
	origin.url = "relative/path";
	assert_int_equal(sl_git_mirror_open(&repo, f->folder, "x", &origin, NULL, &f->err),
		SL_EINVAL);
}

/* A clone of the origin at <folder>/work. */
static char *clone_work(struct fixture *f)
{
	char *path = sl_xasprintf("%s/work", f->folder);

	git(f, f->folder, "clone", "-q", f->origin_path, path);
	return path;
}

static void write_work(const char *work, const char *path, const char *text)
{
	char *full = sl_xasprintf("%s/%s", work, path);

	assert_int_equal(sl_file_write(full, text, strlen(text), 0644, NULL), SL_OK);
	free(full);
}

static void a_work_tree_shows_what_changed_since_the_merge_base(void **state)
{
	struct fixture *f = *state;
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *tree = NULL;
	struct sl_git_deltas deltas;
	char base[SL_GIT_ID_SIZE];
	const char *tip = commit(f, "main", "db/a", "1", "db/b", "1", ".gitignore", "*.tmp", NULL);
	sl_autofree char *work = clone_work(f);
	sl_autofree char *inside = sl_xasprintf("%s/db/a", work);

	git(f, work, "checkout", "-q", "-b", "mine");
	write_work(work, "db/committed", "1");
	git(f, work, "add", "db/committed");
	git(f, work, "-c", "user.name=Ana", "-c", "user.email=" ORANA, "commit", "-qm", "x");
	write_work(work, "db/a", "changed");
	write_work(work, "db/staged", "1");
	git(f, work, "add", "db/staged");
	write_work(work, "db/untracked", "1");
	write_work(work, "db/ignored.tmp", "1");
	write_work(work, "elsewhere", "1");
	need(f, sl_git_worktree_open(&tree, inside, &f->err));
	assert_string_equal(sl_git_worktree_root(tree), work);
	need(f, sl_git_worktree_base(tree, NULL, base, &f->err));
	assert_string_equal(base, tip);
	need(f, sl_git_worktree_changed(tree, f->arena, base, "db", &deltas, &f->err));
	assert_int_equal(deltas.len, 4);
	assert_string_equal(deltas.at[0].path, "db/a");
	assert_int_equal(deltas.at[0].kind, SL_GIT_MODIFIED);
	assert_string_equal(deltas.at[1].path, "db/committed");
	assert_string_equal(deltas.at[2].path, "db/staged");
	assert_string_equal(deltas.at[3].path, "db/untracked");
	assert_int_equal(deltas.at[3].kind, SL_GIT_ADDED);
}

static void outside_of_a_work_tree_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct sl_git_worktree *tree = NULL;

	assert_int_equal(sl_git_worktree_open(&tree, f->folder, &f->err), SL_ENOTFOUND);
	assert_int_equal(sl_git_worktree_open(&tree, f->origin_path, &f->err), SL_ENOTFOUND);
}

static void before_the_first_commit_there_is_no_base(void **state)
{
	struct fixture *f = *state;
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *tree = NULL;
	char base[SL_GIT_ID_SIZE];
	sl_autofree char *work = clone_work(f);

	need(f, sl_git_worktree_open(&tree, work, &f->err));
	assert_int_equal(sl_git_worktree_base(tree, NULL, base, &f->err), SL_ENOTFOUND);
	assert_int_equal(sl_git_worktree_base(tree, "nowhere", base, &f->err), SL_ENOTFOUND);
}

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(the_merge_base_is_where_the_branch_began),
	ROW(unrelated_histories_have_no_merge_base),
	ROW(commits_between_two_points_name_their_people),
	ROW(commits_that_touch_no_wanted_file_are_left_out),
	ROW(files_of_a_folder_come_with_those_below_it),
	ROW(a_folder_with_too_many_files_is_refused),
	ROW(a_difference_says_added_modified_deleted),
	ROW(against_nothing_every_file_is_added),
	ROW(a_larger_file_is_refused_before_it_is_read),
	ROW(paths_that_leave_the_repository_are_refused),
	ROW(git_itself_accepts_what_was_written),
	ROW(a_folder_in_use_is_not_made_a_repository),
	ROW(a_lock_that_nobody_holds_does_not_stop_a_commit),
	ROW(a_repository_is_made_whole_or_not_at_all),
	ROW(a_password_in_a_url_is_refused_and_not_shown),
	ROW(odd_names_and_urls_are_refused),
	ROW(a_work_tree_shows_what_changed_since_the_merge_base),
	ROW(outside_of_a_work_tree_there_is_none),
	ROW(before_the_first_commit_there_is_no_base),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
