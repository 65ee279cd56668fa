/* Notes of commits in refs/notes/sluice of a repository on disk. */
#include "real.h"

#include <string.h>

enum sl_code sl_git_real_note_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_note_free) git_note *note = NULL;
	git_oid oid = sl_git_oid(commit);
	int rc = git_note_read(&note, real->git, SL_GIT_NOTES_REF, &oid);

	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no note on %.12s",
			repo->name, commit);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "read a note", err);
	*out = sl_arena_strdup(arena, git_note_message(note));
	return SL_OK;
}

enum sl_code sl_git_real_note_set(struct sl_git_real *real, const struct sl_git_note_text *note,
	bool *changed, struct sl_error *err)
{
	sl_auto_git(git_note_free) git_note *old = NULL;
	sl_auto_git(git_signature_free) git_signature *who = NULL;
	git_oid oid = sl_git_oid(note->commit), made;
	int rc = git_note_read(&old, real->git, SL_GIT_NOTES_REF, &oid);

	if (rc == 0 && strcmp(git_note_message(old), note->text) == 0) {
		*changed = false;
		return SL_OK;
	}
	if (rc == 0 || rc == GIT_ENOTFOUND)
		rc = git_signature_new(&who, "Sluice", "sluice@localhost",
			note->at / INT64_C(1000000), 0);
	if (rc == 0)
		rc = git_note_create(&made, real->git, SL_GIT_NOTES_REF, who, who, &oid, note->text,
			1);
	if (rc < 0)
		return sl_git_fail(rc, real->name, "write a note", err);
	*changed = true;
	return SL_OK;
}
