/*
 * forge: the hosts on which people propose and merge changes, behind one small interface.
 *
 * A host lists the changes that are open on it, and takes back what Sluice has to say about them.
 * Its events are hints that control answers by reading again, so nothing here is stored and calling
 * twice is harmless.  What a host cannot do its capabilities say; control does not call it then.
 *
 * Hosts: plain Git (forge/plain.h), a scripted one for tests (forge/fake.h).
 * Threading: one worker at a time per object.  Lists live in the arena that is passed in.
 * Failures: the codes of the repository or the host; SL_EUNAVAIL and SL_EBUSY are tried again.
 */
#ifndef SLUICE_FORGE_H
#define SLUICE_FORGE_H

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"

#include <stddef.h>
#include <stdint.h>

struct sl_cancel; /* sluice/sys/cancel.h */
struct sl_forge;

/* What a host can take: a bit each. */
enum sl_forge_can {
	SL_FORGE_CAN_REVIEW = 1, /* a review per head: a Git note, a comment */
	SL_FORGE_CAN_STATUS = 2, /* named states on a commit */
	SL_FORGE_CAN_COMMENT = 4, /* people are notified of a new comment */
	SL_FORGE_CAN_MERGE_EVENT =
		8 /* the host says that a change is merged; otherwise content does */
};

/* An open change as the host has it now. */
struct sl_forge_change {
	const char *branch; /* "change/orders" */
	const char *title;
	const char *head; /* commit id */
	const char *author; /* login on the host; "" when the host does not know */
};

struct sl_forge_changes {
	const struct sl_forge_change *at;
	size_t len;
};

enum sl_forge_verdict {
	SL_FORGE_PENDING,
	SL_FORGE_NEUTRAL, /* says what would be blocked, blocks nothing */
	SL_FORGE_PASSED,
	SL_FORGE_BLOCKED,
	SL_FORGE_VERDICT_COUNT
};

/* What Sluice says of one head of a change.  Replaces what it said of that head before. */
struct sl_forge_review {
	const char *branch;
	const char *head;
	enum sl_forge_verdict verdict;
	const char *summary; /* one line */
	const char *body; /* Markdown; "" for none */
	int64_t at; /* wall microseconds */
};

/* Who applied a change in an environment that Sluice leaves to others. */
struct sl_forge_deed {
	const char *environment, *target;
	const char *text; /* "applied by Flyway at 2026-02-03 04:05:06 (deploy)" */
};

/* Replaces what was said of that head before; its review stays. */
struct sl_forge_deeds {
	const char *head;
	const struct sl_forge_deed *at;
	size_t len;
	int64_t now; /* wall microseconds */
};

struct sl_forge_status {
	const char *commit;
	const char *context; /* "sluice/review", "sluice/prod" */
	enum sl_forge_verdict verdict;
	const char *text; /* one line */
};

/* "pending", "neutral", "passed", "blocked": static. */
const char *sl_forge_verdict_name(enum sl_forge_verdict verdict);

/* Accepts NULL. */
void sl_forge_free(struct sl_forge *forge);
SL_DEFINE_CLEANUP(struct sl_forge, sl_forge_free);

/* "plain", "fake": static. */
const char *sl_forge_kind(const struct sl_forge *forge);

/* Bits of enum sl_forge_can. */
unsigned sl_forge_can(const struct sl_forge *forge);

/* The changes that are open, sorted by branch. */
enum sl_code sl_forge_list_changes(struct sl_forge *forge, const struct sl_cancel *cancel,
	struct sl_arena *arena, struct sl_forge_changes *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Needs SL_FORGE_CAN_REVIEW. */
enum sl_code sl_forge_publish_review(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_review *review, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Needs SL_FORGE_CAN_REVIEW.  What is there already is not sent again. */
enum sl_code sl_forge_publish_deeds(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_deeds *deeds, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Needs SL_FORGE_CAN_STATUS. */
enum sl_code sl_forge_set_status(struct sl_forge *forge, const struct sl_cancel *cancel,
	const struct sl_forge_status *status, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A new comment, which notifies; text is Markdown.  Needs SL_FORGE_CAN_COMMENT. */
enum sl_code sl_forge_comment(struct sl_forge *forge, const struct sl_cancel *cancel,
	const char *branch, const char *text, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
