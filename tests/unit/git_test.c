/* A repository on disk: what mirrors, own bare repositories and the door itself promise. */
#include "sluice/core/alloc.h"
#include "sluice/core/clock.h"
#include "sluice/git/bare.h"
#include "sluice/git/mirror.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ORANA "ana@example.com"

/* An origin that the test writes and a mirror of it, in a fresh folder. */
struct fixture {
	char *folder;
	char *origin_path;
	struct sl_arena *arena;
	struct sl_repo *origin;
	struct sl_repo *mirror;
	struct sl_error err;
	int64_t now;
};

static void need(const struct fixture *f, enum sl_code code)
{
	if (code != SL_OK)
		fail_msg("%s: %s", sl_code_name(code), f->err.msg);
}

static void open_mirror(struct fixture *f, const char *url, const struct sl_git_limits *limits)
{
	struct sl_git_origin origin = { .url = url };

	sl_repo_close(f->mirror);
	f->mirror = NULL;
	need(f, sl_git_mirror_open(&f->mirror, f->folder, "shop", &origin, limits, &f->err));
}

static int setup(void **state)
{
	struct fixture *f = sl_xcalloc(1, sizeof(*f));
	const char *base = getenv("TMPDIR");

	f->folder = sl_xasprintf("%s/sluice-git-XXXXXX", base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	f->origin_path = sl_xasprintf("%s/origin.git", f->folder);
	f->arena = sl_arena_new();
	f->now = 1800000000 * SL_SECOND_US;
	need(f, sl_git_bare_init(f->origin_path, "main", &f->err));
	need(f, sl_git_bare_open(&f->origin, f->origin_path, NULL, &f->err));
	open_mirror(f, f->origin_path, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sl_repo_close(f->mirror);
	sl_repo_close(f->origin);
	sl_arena_free(f->arena);
	assert_int_equal(sl_tree_remove(f->folder, NULL), SL_OK);
	free(f->origin_path);
	free(f->folder);
	free(f);
	return 0;
}

/* Commits files (path, text, path, text, ..., NULL; a NULL text deletes) to a branch of the origin,
 * starting at main when it is new; the id lives in the arena. */
static const char *commit(struct fixture *f, const char *branch, ...)
{
	struct sl_git_new_file files[8];
	struct sl_git_new_commit made = {
		.branch = branch,
		.base = strcmp(branch, "main") == 0 ? NULL : "main",
		.files = files,
		.author_name = "Ana",
		.author_email = ORANA,
		.message = "orders: one more\n\nbody\n",
		.at = f->now += SL_SECOND_US,
	};
	char *id = sl_arena_alloc(f->arena, SL_GIT_ID_SIZE);
	const char *path;
	va_list ap;

	va_start(ap, branch);
	while ((path = va_arg(ap, const char *)) != NULL) {
		const char *text = va_arg(ap, const char *);

		files[made.n_files++] = (struct sl_git_new_file){ path, text,
			text != NULL ? strlen(text) : 0 };
	}
	va_end(ap);
	need(f, sl_repo_commit(f->origin, &made, id, &f->err));
	return id;
}

/* git -C folder arguments... */
#define git(f, folder, ...) \
	git_run((f), (const char *const[]){ "git", "-C", (folder), __VA_ARGS__, NULL })

static void git_run(const struct fixture *f, const char *const argv[])
{
	char *home = sl_xasprintf("HOME=%s", f->folder);
	char path[] = "PATH=/usr/bin:/bin", global[] = "GIT_CONFIG_GLOBAL=/dev/null";
	char *environment[] = { home, path, global, NULL };
	char *arguments[16];
	size_t n = 0;
	pid_t child;
	int status = -1;

	for (; argv[n] != NULL; n++)
		arguments[n] = sl_xstrdup(argv[n]);
	arguments[n] = NULL;
	assert_int_equal(posix_spawnp(&child, "git", NULL, NULL, arguments, environment), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	while (n > 0)
		free(arguments[--n]);
	free(home);
}

static void fetch(struct fixture *f)
{
	need(f, sl_repo_fetch(f->mirror, NULL, &f->err));
}

static const char *read_text(struct fixture *f, const char *at, const char *path)
{
	struct sl_git_blob blob;

	need(f, sl_repo_read(f->mirror, f->arena, at, path, &blob, &f->err));
	return blob.data;
}

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
	unsigned removed = 0;

	(void)commit(f, "tmp_branch", "a", "2", NULL);
	fetch(f);
	leave_file(f, "refs/heads/main.lock");
	leave_file(f, "packed-refs.lock");
	leave_file(f, "objects/pack/pack_git2_a1b2c3");
	leave_file(f, "objects/tmp_obj_XyZ");
	need(f, sl_git_mirrors_sweep(f->folder, &removed, &f->err));
	assert_int_equal(removed, 4);
	open_mirror(f, f->origin_path, NULL);
	fetch(f);
	assert_string_equal(read_text(f, tip, "a"), "1");
	need(f, sl_repo_resolve(f->mirror, "tmp_branch", (char[SL_GIT_ID_SIZE]){ 0 }, &f->err));
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
	ROW(a_note_is_kept_at_the_origin),
	ROW(a_note_replaces_the_one_before),
	ROW(a_note_survives_another_writer),
	ROW(a_note_that_cannot_be_pushed_is_not_kept),
	ROW(a_mirror_takes_no_commit),
	ROW(git_itself_accepts_what_was_written),
	ROW(a_folder_in_use_is_not_made_a_repository),
	ROW(a_password_in_a_url_is_refused_and_not_shown),
	ROW(odd_names_and_urls_are_refused),
	ROW(leftovers_of_a_killed_process_are_swept),
	ROW(nothing_to_sweep_is_fine),
	ROW(many_fetches_do_not_leave_many_packs),
	ROW(a_work_tree_shows_what_changed_since_the_merge_base),
	ROW(outside_of_a_work_tree_there_is_none),
	ROW(before_the_first_commit_there_is_no_base),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
