/* A host that a test scripts: it lists what it is told and remembers what it was sent. */
#ifndef SLUICE_FORGE_FAKE_H
#define SLUICE_FORGE_FAKE_H

#include "sluice/forge.h"

struct sl_forge_fake;

/* can: bits of enum sl_forge_can. */
struct sl_forge_fake *sl_forge_fake_new(unsigned can)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL; the host dies with it, sl_forge_free() on it does nothing. */
void sl_forge_fake_free(struct sl_forge_fake *fake);
SL_DEFINE_CLEANUP(struct sl_forge_fake, sl_forge_fake_free);

struct sl_forge *sl_forge_fake_forge(struct sl_forge_fake *fake);

/* Opens a change, or moves its head; NULL head closes it.  Everything is copied. */
void sl_forge_fake_set_change(struct sl_forge_fake *fake, const struct sl_forge_change *change);

/* The next n calls fail with code. */
void sl_forge_fake_fail(struct sl_forge_fake *fake, enum sl_code code, unsigned n);

/* How many reviews, deeds, statuses and comments arrived, and the last of some: NULL when there is
 * none. Borrowed until the next call. */
size_t sl_forge_fake_reviews(const struct sl_forge_fake *fake);
size_t sl_forge_fake_deeds(const struct sl_forge_fake *fake);
size_t sl_forge_fake_statuses(const struct sl_forge_fake *fake);
size_t sl_forge_fake_comments(const struct sl_forge_fake *fake);
const struct sl_forge_review *sl_forge_fake_last_review(const struct sl_forge_fake *fake);
const struct sl_forge_status *sl_forge_fake_last_status(const struct sl_forge_fake *fake);
const char *sl_forge_fake_last_comment(const struct sl_forge_fake *fake);

#endif
