/* An origin that the test writes and a mirror of it, in a fresh folder. */
#ifndef TESTS_UNIT_GIT_WORLD_H
#define TESTS_UNIT_GIT_WORLD_H

#include "sluice/core/alloc.h"
#include "sluice/core/clock.h"
#include "sluice/git/bare.h"
#include "sluice/git/mirror.h"
#include "sluice/sys/file.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ORANA "ana@example.com"

struct fixture {
	char *folder;
	char *origin_path;
	struct sl_arena *arena;
	struct sl_repo *origin;
	struct sl_repo *mirror;
	struct sl_error err;
	int64_t now;
};

static inline void need(const struct fixture *f, enum sl_code code)
{
	if (code != SL_OK)
		fail_msg("%s: %s", sl_code_name(code), f->err.msg);
}

static inline void open_mirror(struct fixture *f, const char *url,
	const struct sl_git_limits *limits)
{
	struct sl_git_origin origin = { .url = url };

	sl_repo_close(f->mirror);
	f->mirror = NULL;
	need(f, sl_git_mirror_open(&f->mirror, f->folder, "shop", &origin, limits, &f->err));
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
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
static inline const char *commit(struct fixture *f, const char *branch, ...)
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

static inline void git_run(const struct fixture *f, const char *const argv[])
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

static inline void fetch(struct fixture *f)
{
	need(f, sl_repo_fetch(f->mirror, NULL, &f->err));
}

static inline const char *read_text(struct fixture *f, const char *at, const char *path)
{
	struct sl_git_blob blob;

	need(f, sl_repo_read(f->mirror, f->arena, at, path, &blob, &f->err));
	return blob.data;
}

#endif
