/* What the files of this room share. */
#ifndef SLUICE_AUTH_AUTH_INT_H
#define SLUICE_AUTH_AUTH_INT_H

#include "sluice/auth.h"

#include "sluice/core/hash.h"

struct token {
	unsigned char hash[SL_SHA256_SIZE];
	const char *user; /* of the workspace */
};

struct sl_auth {
	const struct sl_workspace *workspace;
	const struct sl_clock *clock;
	const struct sl_rand *rand;
	unsigned char key[SL_AUTH_KEY_SIZE];
	char **asserters; /* owned */
	size_t asserters_len;
	struct token *tokens; /* owned */
	size_t tokens_len;
};

bool sl_auth_knows(const struct sl_auth *auth, const char *name);

/* The user of a valid session, for sl_auth_identify(). */
enum sl_code sl_auth_session_check(const struct sl_auth *auth, const char *session,
	char user[SL_USER_LIMIT], struct sl_error *err) __attribute__((warn_unused_result));

#endif
