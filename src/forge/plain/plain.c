/* Plain Git as a host: change branches in, notes out. */
#include "sluice/forge/plain.h"

#include "../forge_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
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

static enum sl_code plain_publish(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_review *review, struct sl_error *err)
{
	sl_auto_buf struct sl_buf note = SL_BUF_INIT(NOTE_MAX);

	sl_buf_addf(&note, "sluice/review: %s\n%s\n", sl_forge_verdict_name(review->verdict),
		review->summary);
	if (review->body[0] != '\0')
		sl_buf_addf(&note, "\n%s\n", review->body);
	return sl_repo_note_write(plain_of(forge)->repo, review->head, sl_buf_str(&note),
		review->at, cancel, err);
}

enum sl_code sl_forge_plain_new(struct sl_forge **out, struct sl_repo *repo, struct sl_error *err)
{
	static const struct sl_forge_ops ops = {
		.kind = "plain",
		.free = plain_free,
		.list_changes = plain_list,
		.publish_review = plain_publish,
	};
	struct plain *plain = sl_xcalloc(1, sizeof(*plain));

	(void)err;
	plain->base = (struct sl_forge){ .ops = &ops, .can = SL_FORGE_CAN_REVIEW };
	plain->repo = repo;
	*out = &plain->base;
	return SL_OK;
}
