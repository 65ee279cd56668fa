#include "sluice/forge/fake.h"

#include "../forge_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/vec.h"

#include <stdlib.h>
#include <string.h>

struct sl_forge_fake {
	struct sl_forge base; /* first */
	struct sl_arena *arena; /* all that was told and sent */

	struct {
		SL_VEC(struct sl_forge_change);
	} changes; /* in the arena, sorted by branch */
	enum sl_code fail_with;
	unsigned failing;
	size_t reviews, deeds, statuses, comments;
	struct sl_forge_review review;
	struct sl_forge_status status;
	const char *comment;
};

static struct sl_forge_fake *fake_of(struct sl_forge *forge)
{
	return (struct sl_forge_fake *)(void *)forge;
}

static enum sl_code scripted(struct sl_forge_fake *fake, struct sl_error *err)
{
	if (fake->failing == 0)
		return SL_OK;
	fake->failing--;
	return sl_error_set(err, fake->fail_with, "fake host: %s", sl_code_name(fake->fail_with));
}

static struct sl_forge_change copy_change(struct sl_arena *arena,
	const struct sl_forge_change *change)
{
	return (struct sl_forge_change){
		.branch = sl_arena_strdup(arena, change->branch),
		.title = sl_arena_strdup(arena, change->title),
		.head = sl_arena_strdup(arena, change->head),
		.author = sl_arena_strdup(arena, change->author),
	};
}

static enum sl_code fake_list(struct sl_forge *forge, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_forge_changes *out, struct sl_error *err)
{
	struct sl_forge_fake *fake = fake_of(forge);
	enum sl_code code = scripted(fake, err);
	struct sl_forge_change *found;

	(void)cancel;
	if (code != SL_OK)
		return code;
	found = sl_arena_calloc(arena, fake->changes.len + 1, sizeof(*found));
	for (size_t i = 0; i < fake->changes.len; i++)
		found[i] = copy_change(arena, &fake->changes.at[i]);
	*out = (struct sl_forge_changes){ found, fake->changes.len };
	return SL_OK;
}

static enum sl_code fake_review(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_review *review, struct sl_error *err)
{
	struct sl_forge_fake *fake = fake_of(forge);
	enum sl_code code = scripted(fake, err);

	(void)cancel;
	if (code != SL_OK)
		return code;
	fake->reviews++;
	fake->review = *review;
	fake->review.branch = sl_arena_strdup(fake->arena, review->branch);
	fake->review.head = sl_arena_strdup(fake->arena, review->head);
	fake->review.summary = sl_arena_strdup(fake->arena, review->summary);
	fake->review.body = sl_arena_strdup(fake->arena, review->body);
	return SL_OK;
}

static enum sl_code fake_deeds(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_deeds *deeds, struct sl_error *err)
{
	struct sl_forge_fake *fake = fake_of(forge);
	enum sl_code code = scripted(fake, err);

	(void)cancel;
	if (code == SL_OK)
		fake->deeds += deeds->len;
	return code;
}

static enum sl_code fake_status(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_status *status, struct sl_error *err)
{
	struct sl_forge_fake *fake = fake_of(forge);
	enum sl_code code = scripted(fake, err);

	(void)cancel;
	if (code != SL_OK)
		return code;
	fake->statuses++;
	fake->status = *status;
	fake->status.commit = sl_arena_strdup(fake->arena, status->commit);
	fake->status.context = sl_arena_strdup(fake->arena, status->context);
	fake->status.text = sl_arena_strdup(fake->arena, status->text);
	return SL_OK;
}

static enum sl_code fake_comment(struct sl_forge *forge, const struct sl_cancel *cancel,
	const char *branch, const char *text, struct sl_error *err)
{
	struct sl_forge_fake *fake = fake_of(forge);
	enum sl_code code = scripted(fake, err);

	(void)cancel;
	(void)branch;
	if (code != SL_OK)
		return code;
	fake->comments++;
	fake->comment = sl_arena_strdup(fake->arena, text);
	return SL_OK;
}

struct sl_forge_fake *sl_forge_fake_new(unsigned can)
{
	static const struct sl_forge_ops ops = {
		.kind = "fake",
		.list_changes = fake_list,
		.publish_review = fake_review,
		.publish_deeds = fake_deeds,
		.set_status = fake_status,
		.comment = fake_comment,
	};
	struct sl_forge_fake *fake = sl_xcalloc(1, sizeof(*fake));

	fake->base = (struct sl_forge){ .ops = &ops, .can = can };
	fake->arena = sl_arena_new();
	return fake;
}

void sl_forge_fake_free(struct sl_forge_fake *fake)
{
	if (fake == NULL)
		return;
	sl_arena_free(fake->arena);
	free(fake);
}

struct sl_forge *sl_forge_fake_forge(struct sl_forge_fake *fake)
{
	return &fake->base;
}

static int by_branch(const void *a, const void *b)
{
	const struct sl_forge_change *left = a, *right = b;

	return strcmp(left->branch, right->branch);
}

void sl_forge_fake_set_change(struct sl_forge_fake *fake, const struct sl_forge_change *change)
{
	struct sl_forge_change *at = NULL;

	for (size_t i = 0; i < fake->changes.len; i++)
		if (strcmp(fake->changes.at[i].branch, change->branch) == 0)
			at = &fake->changes.at[i];
	if (change->head == NULL) {
		if (at != NULL)
			*at = fake->changes.at[--fake->changes.len];
	} else {
		if (at == NULL)
			at = sl_vec_add_in(fake->arena, &fake->changes);
		*at = copy_change(fake->arena, change);
	}
	if (fake->changes.len > 1)
		qsort(fake->changes.at, fake->changes.len, sizeof(*fake->changes.at), by_branch);
}

void sl_forge_fake_fail(struct sl_forge_fake *fake, enum sl_code code, unsigned n)
{
	fake->fail_with = code;
	fake->failing = n;
}

size_t sl_forge_fake_reviews(const struct sl_forge_fake *fake)
{
	return fake->reviews;
}

size_t sl_forge_fake_deeds(const struct sl_forge_fake *fake)
{
	return fake->deeds;
}

size_t sl_forge_fake_statuses(const struct sl_forge_fake *fake)
{
	return fake->statuses;
}

size_t sl_forge_fake_comments(const struct sl_forge_fake *fake)
{
	return fake->comments;
}

const struct sl_forge_review *sl_forge_fake_last_review(const struct sl_forge_fake *fake)
{
	return fake->reviews > 0 ? &fake->review : NULL;
}

const struct sl_forge_status *sl_forge_fake_last_status(const struct sl_forge_fake *fake)
{
	return fake->statuses > 0 ? &fake->status : NULL;
}

const char *sl_forge_fake_last_comment(const struct sl_forge_fake *fake)
{
	return fake->comment;
}
