/*
 * References to secrets: env:NAME, file:/absolute/path, systemd:NAME (a file NAME in
 * $CREDENTIALS_DIRECTORY).  They are resolved when they are used, so a changed file counts at once.
 * Messages name the reference, never the value.  Thread-safe as long as nobody changes the
 * environment.
 */
#ifndef SLUICE_CONFIG_SECRET_H
#define SLUICE_CONFIG_SECRET_H

#include "sluice/core/buf.h"
#include "sluice/core/error.h"

#include <stdbool.h>

/* Whether text has the form of a reference. */
bool sl_secret_is_reference(const char *text);

/* Replaces out's content, one line end at the end dropped; SL_EINVAL for a wrong form or an empty
 * value, SL_ENOTFOUND, SL_EDENIED, SL_ELIMIT (above out->max). */
enum sl_code sl_secret_resolve(const char *reference, struct sl_buf *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Overwrites what the buffer holds and frees it. */
void sl_secret_done(struct sl_buf *secret);

#define sl_auto_secret __attribute__((cleanup(sl_secret_done)))

/* Whether a URL holds a password: user:password@ or a password= parameter. */
bool sl_url_has_password(const char *url);

#endif
