/* A thread that listens to what other processes commit, on a session of its own. */
#ifndef STORE_POSTGRES_EARS_H
#define STORE_POSTGRES_EARS_H

#include "postgres/link.h"

#include "sluice/core/rand.h"

#define CHANNEL "sluice_store"

struct listener;

/* Takes the session over, which listens already.  origin: what our own notices begin with. */
enum sl_code store_ears_start(struct listener **out, struct link *link, const char *origin,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Until then nobody is told. */
void store_ears_set(struct listener *listener, const struct ears *ears);

/* What a session needs to listen, and to be seen as one that serves; SL_ECONFLICT while the store
 * is being filled. */
enum sl_code store_ears_prepare(struct link *link, struct sl_error *err)
	__attribute__((warn_unused_result));

/* SL_ECONFLICT while anybody serves the store; nobody can begin to while the session lives. */
enum sl_code store_ears_keep_out(struct link *link, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Accepts NULL. */
void store_ears_stop(struct listener *listener);

#endif
