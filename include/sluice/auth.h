/*
 * auth: who is asking.
 *
 * An API token says it by itself, on the socket as over HTTP, and wins over everything else; what
 * the caller's environment claims never matters beside one.  Without a token the Unix account at
 * the socket's other end counts, as the kernel reports it; only accounts that the configuration
 * lists in server.assert_users may name somebody else.  A browser has a session: a signed cookie
 * that a login link, good once and for ten minutes, was exchanged for.
 *
 * Sessions and links are HMAC-SHA-256 over their content with a key of the installation, so that
 * any replica can check them and none needs to remember them; only used links are remembered, by
 * the caller.  Tokens are compared by their hashes in constant time and never kept in clear.
 *
 * Threading: a struct sl_auth does not change after sl_auth_new(); all functions may run at once.
 */
#ifndef SLUICE_AUTH_H
#define SLUICE_AUTH_H

#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"
#include "sluice/model/person.h"
#include "sluice/model/workspace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SL_AUTH_KEY_SIZE  32
#define SL_AUTH_TEXT_SIZE 512 /* a session, a link's code */
#define SL_AUTH_CSRF_SIZE 65

struct sl_auth;

/* workspace and clock are borrowed and must outlive it; key is copied.  asserters: Unix accounts of
 * server.assert_users.  A token whose secret cannot be resolved is an error that names its user. */
struct sl_auth_options {
	const struct sl_workspace *workspace;
	const struct sl_clock *clock;
	const struct sl_rand *rand;
	const unsigned char *key; /* SL_AUTH_KEY_SIZE bytes */
	const char *const *asserters;
	size_t asserters_len;
};

enum sl_code sl_auth_new(struct sl_auth **out, const struct sl_auth_options *options,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* Accepts NULL; wipes what is secret. */
void sl_auth_free(struct sl_auth *auth);
SL_DEFINE_CLEANUP(struct sl_auth, sl_auth_free);

/* What arrived with a request; NULL where it did not. */
struct sl_auth_claim {
	const char *token; /* without "Bearer " */
	bool local; /* over the Unix socket: uid is the kernel's word */
	uid_t uid;
	const char *asserted; /* SLUICE_USER of a forced command */
	const char *session; /* the cookie */
};

/* Fills *out; out->user is "" when nothing was claimed or the account is no user's.  SL_EUNAUTH
 * when a claim is false: an unknown token, a session that expired, an assertion from an account
 * that may not. */
enum sl_code sl_auth_identify(const struct sl_auth *auth, const struct sl_auth_claim *claim,
	struct sl_person *out, struct sl_error *err) __attribute__((warn_unused_result));

/* A session of twelve hours for the cookie. */
void sl_auth_session(const struct sl_auth *auth, const char *user, char out[SL_AUTH_TEXT_SIZE]);

/* The token that every form of this session carries. */
void sl_auth_csrf(const struct sl_auth *auth, const char *session, char out[SL_AUTH_CSRF_SIZE]);
bool sl_auth_csrf_ok(const struct sl_auth *auth, const char *session, const char *given);

/* The code of a login link, good for ten minutes. */
void sl_auth_link(const struct sl_auth *auth, const char *user, char out[SL_AUTH_TEXT_SIZE]);

/* Who the link is for and its nonce, by which the caller sees to it that it works once.  SL_EUNAUTH
 * when it is not ours or too old. */
enum sl_code sl_auth_link_check(const struct sl_auth *auth, const char *code,
	char user[SL_USER_LIMIT], char nonce[SL_ID_SIZE], struct sl_error *err)
	__attribute__((warn_unused_result));

/* The moment, in wall microseconds, from which on a link or session that was found good is good no
 * more. */
int64_t sl_auth_expiry(const char *text);

#endif
