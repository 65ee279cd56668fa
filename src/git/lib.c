#include "lib.h"

#include "sluice/core/str.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Origins come from our configuration, so their owner may be anybody (decision 17), and no file of
 * the account that we run as may change what a mirror does. */
static void init_once(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA };

	int rc = git_libgit2_init();

	assert(rc > 0);
	rc = git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	assert(rc == 0);
	/* A power cut leaves no branch that leads to a commit which never reached the disk. */
	rc = git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	assert(rc == 0);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		rc = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
		assert(rc == 0);
	}
}

void sl_git_lib_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init_once);
}

/* What errno was is in the message only: libgit2 removes what it began before it returns. */
static bool says(const git_error *last, int number)
{
	return last != NULL && last->klass == GIT_ERROR_OS && last->message != NULL &&
		sl_str_ends(last->message, strerrordesc_np(number));
}

static enum sl_code code_of(int rc, const git_error *last)
{
	const int klass = last != NULL ? last->klass : GIT_ERROR_NONE;

	switch (rc) {
	case GIT_ENOTFOUND:
	case GIT_EUNBORNBRANCH:
		return SL_ENOTFOUND;
	case GIT_EEXISTS:
	case GIT_EMODIFIED:
	case GIT_ENONFASTFORWARD:
	case GIT_ELOCKED:
		return SL_ECONFLICT;
	case GIT_EINVALIDSPEC:
	case GIT_EAMBIGUOUS:
		return SL_EINVAL;
	case GIT_EAUTH:
	case GIT_ECERTIFICATE:
	case GIT_EOWNER:
		return SL_EDENIED;
	default:
		break;
	}
	if (says(last, ENOENT))
		return SL_ENOTFOUND;
	if (says(last, EACCES) || says(last, EPERM))
		return SL_EDENIED;
	if (klass == GIT_ERROR_OS || klass == GIT_ERROR_NET || klass == GIT_ERROR_HTTP ||
		klass == GIT_ERROR_SSH || klass == GIT_ERROR_SSL || klass == GIT_ERROR_INDEXER ||
		klass == GIT_ERROR_FILESYSTEM || klass == GIT_ERROR_ODB ||
		klass == GIT_ERROR_REFERENCE)
		return SL_EUNAVAIL;
	return SL_EINTERNAL;
}

enum sl_code sl_git_fail(int rc, const char *name, const char *what, struct sl_error *err)
{
	const git_error *last = git_error_last();
	enum sl_code code = code_of(rc, last);

	return sl_error_set(err, code, "repository %s: %s: %s", name, what,
		last != NULL && last->message != NULL ? last->message : "libgit2 gives no cause");
}

git_oid sl_git_oid(const char *text)
{
	git_oid oid;
	int rc = git_oid_fromstr(&oid, text);

	assert(rc == 0);
	return oid;
}

char *sl_git_oid_text(const git_oid *oid, char out[SL_GIT_ID_SIZE])
{
	return git_oid_tostr(out, SL_GIT_ID_SIZE, oid);
}

const char *sl_git_oid_in(struct sl_arena *arena, const git_oid *oid)
{
	char text[SL_GIT_ID_SIZE];

	return sl_arena_strndup(arena, sl_git_oid_text(oid, text), SL_GIT_ID_SIZE - 1);
}
