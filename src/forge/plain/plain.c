/* Plain Git as a host: change branches in, notes out. */
#include "sluice/forge/plain.h"

#include "../forge_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/git.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_MAX (1u << 20)

struct plain {
	struct sl_forge base; /* first */
	struct sl_repo *repo; /* borrowed */
};

static struct plain *plain_of(struct sl_forge *forge)
{
	return (struct plain *)(void *)forge;
}

static void plain_free(struct sl_forge *forge)
{
	free(plain_of(forge));
}

static enum sl_code plain_list(struct sl_forge *forge, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_forge_changes *out, struct sl_error *err)
{
	struct sl_repo *repo = plain_of(forge)->repo;
	struct sl_git_refs refs = { 0 };
	struct sl_git_commits tip = { 0 };

	struct {
		SL_VEC(struct sl_forge_change);
	} found = { 0 };
	enum sl_code code = sl_repo_branches(repo, arena, SL_PLAIN_CHANGES, &refs, err);

	(void)cancel;
	for (size_t i = 0; code == SL_OK && i < refs.len; i++) {
		struct sl_git_range range = { .until = refs.at[i].commit, .max = 1 };

		code = sl_repo_commits(repo, arena, &range, &tip, err);
		if (code != SL_OK)
			break;
		*sl_vec_add_in(arena, &found) = (struct sl_forge_change){
			.branch = refs.at[i].name,
			.title = tip.len > 0 ? tip.at[0].subject : "",
			.head = refs.at[i].commit,
			.author = "",
		};
	}
	if (code == SL_OK)
		*out = (struct sl_forge_changes){ found.at, found.len };
	return code;
}

/* --- the note: a head of the review's two lines and one for each deed, an empty line, the body
 * ---- */

#define DEED "sluice/applied: "

/* "" where the commit has none. */
static enum sl_code read_note(struct plain *plain, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err)
{
	enum sl_code code = sl_repo_note_read(plain->repo, arena, commit, out, err);

	if (code != SL_ENOTFOUND)
		return code;
	*out = "";
	return SL_OK;
}

/* Lines of the note's head: those of deeds, or the others.  The rest of the note. */
static const char *add_head(struct sl_buf *out, const char *note, bool deeds)
{
	while (note[0] != '\0' && note[0] != '\n') {
		size_t len = strcspn(note, "\n");

		len += note[len] == '\n';
		if (sl_str_starts(note, DEED) == deeds)
			sl_buf_add(out, note, len);
		note += len;
	}
	return note;
}

static enum sl_code plain_publish(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_review *review, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_buf struct sl_buf note = SL_BUF_INIT(NOTE_MAX);
	struct plain *plain = plain_of(forge);
	const char *old;
	enum sl_code code = read_note(plain, arena, review->head, &old, err);

	if (code != SL_OK)
		return code;
	sl_buf_addf(&note, "sluice/review: %s\n%s\n", sl_forge_verdict_name(review->verdict),
		review->summary);
	(void)add_head(&note, old, true);
	if (review->body[0] != '\0')
		sl_buf_addf(&note, "\n%s\n", review->body);
	return sl_repo_note_write(plain->repo, review->head, sl_buf_str(&note), review->at, cancel,
		err);
}

static void add_deed(struct sl_buf *out, const struct sl_forge_deed *deed)
{
	sl_buf_addf(out, DEED "%s, %s: ", deed->environment, deed->target);
	sl_escape_terminal(out, deed->text, strlen(deed->text));
	sl_buf_adds(out, "\n");
}

static enum sl_code plain_deeds(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_deeds *deeds, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_buf struct sl_buf note = SL_BUF_INIT(NOTE_MAX);
	struct plain *plain = plain_of(forge);
	const char *old, *rest;
	enum sl_code code = read_note(plain, arena, deeds->head, &old, err);

	if (code != SL_OK)
		return code;
	rest = add_head(&note, old, false);
	for (size_t i = 0; i < deeds->len; i++)
		add_deed(&note, &deeds->at[i]);
	sl_buf_adds(&note, rest);
	if (sl_str_eq(sl_buf_str(&note), old))
		return SL_OK;
	return sl_repo_note_write(plain->repo, deeds->head, sl_buf_str(&note), deeds->now, cancel,
		err);
}

enum sl_code sl_forge_plain_new(struct sl_forge **out, struct sl_repo *repo, struct sl_error *err)
{
	static const struct sl_forge_ops ops = {
		.kind = "plain",
		.free = plain_free,
		.list_changes = plain_list,
		.publish_review = plain_publish,
		.publish_deeds = plain_deeds,
	};
	struct plain *plain = sl_xcalloc(1, sizeof(*plain));

	(void)err;
	plain->base = (struct sl_forge){ .ops = &ops, .can = SL_FORGE_CAN_REVIEW };
	plain->repo = repo;
	*out = &plain->base;
	return SL_OK;
}
