/*
 * The push hook's protocol, and the script that speaks it.
 *
 * `post-receive` of a bare repository runs `sluice hook receive`, which sends what was pushed to
 * the daemon's Unix socket as POST /hook/push (text/plain) and prints the lines that come back; Git
 * shows them as "remote:".  The hook never refuses a push: whatever happens it exits with 0.
 *
 * The body is lines of `key value`, the first one naming the version:
 *
 *	sluice-hook 1
 *	repository /srv/git/shop.git
 *	user ana                            (SLUICE_USER, where it is set)
 *	wait-ms 3500                        (how long an answer is of use)
 *	ref <old id> <new id> refs/heads/change/orders
 *
 * and the answer's:
 *
 *	sluice-hook 1
 *	line change 12 orders: 1 error
 *	done reviewed                       (or "later": the review goes on; "ignored": nothing to
 *do)
 *
 * Who pushed is the account on the socket; `user` is an assertion that the daemon weighs.  Unknown
 * keys are skipped, so that an older side understands a newer one.  Pure and thread-safe.
 */
#ifndef SLUICE_FORGE_HOOK_H
#define SLUICE_FORGE_HOOK_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/error.h"

#include <stddef.h>
#include <stdint.h>

#define SL_HOOK_ROUTE     "/hook/push"
#define SL_HOOK_BODY_MAX  (256u << 10)
#define SL_HOOK_REFS_MAX  1000
#define SL_HOOK_LINES_MAX 400
#define SL_HOOK_LINE_MAX  1000
#define SL_HOOK_WAIT_MS   3500 /* what `receive` asks for; it gives up itself at 4 s */

struct sl_hook_ref {
	const char *old_id; /* 40 hex; all zeroes: the ref is new */
	const char *new_id; /* all zeroes: the ref is gone */
	const char *name; /* "refs/heads/change/orders" */
};

struct sl_hook_request {
	const char *repository; /* absolute path of the bare repository */
	const char *user; /* SLUICE_USER, or "" */
	int64_t wait_ms; /* 0 to 60,000 */
	const struct sl_hook_ref *refs;
	size_t n_refs;
};

enum sl_hook_done { SL_HOOK_REVIEWED, SL_HOOK_LATER, SL_HOOK_IGNORED, SL_HOOK_DONE_COUNT };

struct sl_hook_answer {
	enum sl_hook_done done;
	const char *const *lines;
	size_t n_lines;
};

/* Both append a whole body.  Line breaks and control bytes in values become spaces; what is beyond
 * a maximum is left out of an answer, and refused in a request (SL_ELIMIT). */
enum sl_code sl_hook_request_encode(const struct sl_hook_request *request, struct sl_buf *out,
	struct sl_error *err) __attribute__((warn_unused_result));
void sl_hook_answer_encode(const struct sl_hook_answer *answer, struct sl_buf *out);

/* body need not be terminated; copies live in the arena.  SL_EINVAL names the line. */
enum sl_code sl_hook_request_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_request *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_hook_answer_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_answer *out, struct sl_error *err) __attribute__((warn_unused_result));

/* What Git writes on the hook's standard input, "old new ref" a line, into refs of the request;
 * refs other than branches are left out. */
enum sl_code sl_hook_updates_decode(struct sl_arena *arena, const char *text, size_t len,
	struct sl_hook_request *inout, struct sl_error *err) __attribute__((warn_unused_result));

/* Writes hooks/post-receive of the bare repository at path: a short sh script that runs `binary
 * hook receive --socket socket` (both absolute).  SL_ECONFLICT, with the line to add by hand, when
 * there is a hook that Sluice did not write; one that it wrote is replaced. */
enum sl_code sl_hook_install(const char *path, const char *binary, const char *socket,
	struct sl_error *err) __attribute__((warn_unused_result));

enum sl_hook_state {
	SL_HOOK_NONE,
	SL_HOOK_FOREIGN, /* somebody else's: it may run ours, or not */
	SL_HOOK_NOT_RUN, /* Git does not run it: it is no program */
	SL_HOOK_OTHER, /* ours, for another program or socket */
	SL_HOOK_CURRENT, /* what sl_hook_install() would write */
	SL_HOOK_STATE_COUNT
};

/* Reads only. */
enum sl_code sl_hook_examine(const char *path, const char *binary, const char *socket,
	enum sl_hook_state *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
