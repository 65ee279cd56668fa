/* A repository on disk: what mirrors, own bare repositories and the door itself promise. */
#include "sluice/core/alloc.h"
#include "sluice/core/clock.h"
#include "sluice/git/bare.h"
#include "sluice/git/mirror.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static void fetch(struct fixture *f)
{
	need(f, sl_repo_fetch(f->mirror, NULL, &f->err));
}

static const char *read_text(struct fixture *f, const char *at, const char *path)
{
	struct sl_git_blob blob;

	need(f, sl_repo_read(f->mirror, f->arena, at, path, 0, &blob, &f->err));
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

static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	ROW(a_fetch_brings_the_branches_of_the_origin),
	ROW(branches_are_chosen_by_a_glob),
	ROW(an_empty_origin_is_no_branches),
	ROW(a_file_url_is_fetched_as_a_path_is),
	ROW(a_missing_branch_is_not_found),
	ROW(a_missing_origin_says_so),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
