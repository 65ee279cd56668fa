#include "auth.h"

#include "sluice/config/secret.h"
#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <openssl/crypto.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MIN 16
#define TOKEN_MAX 4096

static enum sl_code add_token(struct sl_auth *auth, const struct sl_user *user,
	struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(TOKEN_MAX);
	struct token *token = &auth->tokens[auth->tokens_len];
	struct sl_sha256 *sha;
	enum sl_code code = sl_secret_resolve(user->token, &secret, err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "token of user %s", user->name);
	if (secret.len < TOKEN_MIN)
		code = sl_error_set(err, SL_EINVAL, "token of user %s: shorter than %d bytes",
			user->name, TOKEN_MIN);
	sha = sl_sha256_new();
	sl_sha256_add(sha, sl_buf_str(&secret), secret.len);
	sl_sha256_end(sha, token->hash);
	sl_sha256_free(sha);
	token->user = user->name;
	for (size_t i = 0; code == SL_OK && i < auth->tokens_len; i++) {
		if (sl_secret_eq(token->hash, sizeof(token->hash), auth->tokens[i].hash,
			    sizeof(token->hash)))
			code = sl_error_set(err, SL_EINVAL,
				"users %s and %s have one token: give each their own",
				auth->tokens[i].user, user->name);
	}
	auth->tokens_len++;
	return code;
}

static enum sl_code add_tokens(struct sl_auth *auth, struct sl_error *err)
{
	const struct sl_workspace *workspace = auth->workspace;

	auth->tokens = sl_xcalloc(workspace->users_len + 1, sizeof(*auth->tokens));
	for (size_t i = 0; i < workspace->users_len; i++) {
		enum sl_code code = SL_OK;

		if (strlen(workspace->users[i].name) >= SL_USER_LIMIT)
			return sl_error_set(err, SL_EINVAL,
				"user %.40s...: a name has at most %d bytes",
				workspace->users[i].name, SL_USER_LIMIT - 1);
		if (workspace->users[i].token[0] != '\0')
			code = add_token(auth, &workspace->users[i], err);
		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

enum sl_code sl_auth_new(struct sl_auth **out, const struct sl_auth_options *options,
	struct sl_error *err)
{
	sl_auto(sl_auth_free_p) struct sl_auth *auth = sl_xcalloc(1, sizeof(*auth));
	enum sl_code code;

	auth->workspace = options->workspace;
	auth->clock = options->clock;
	auth->rand = options->rand;
	memcpy(auth->key, options->key, sizeof(auth->key));
	auth->asserters = sl_xcalloc(options->asserters_len + 1, sizeof(*auth->asserters));
	for (size_t i = 0; i < options->asserters_len; i++)
		auth->asserters[auth->asserters_len++] = sl_xstrdup(options->asserters[i]);
	code = add_tokens(auth, err);
	if (code == SL_OK)
		*out = sl_steal(auth);
	return code;
}

void sl_auth_free(struct sl_auth *auth)
{
	if (!auth)
		return;
	for (size_t i = 0; i < auth->asserters_len; i++)
		free(auth->asserters[i]);
	free(auth->asserters);
	free(auth->tokens);
	OPENSSL_cleanse(auth->key, sizeof(auth->key));
	free(auth);
}

static void set_user(struct sl_person *who, const char *user, const char *via)
{
	(void)snprintf(who->user, sizeof(who->user), "%s", user);
	who->via = via;
}

/* Looks at every token whatever it finds, so that time tells nothing. */
static enum sl_code by_token(const struct sl_auth *auth, const char *given, struct sl_person *who,
	struct sl_error *err)
{
	unsigned char hash[SL_SHA256_SIZE];
	struct sl_sha256 *sha = sl_sha256_new();
	const char *user = NULL;

	sl_sha256_add(sha, given, strlen(given));
	sl_sha256_end(sha, hash);
	sl_sha256_free(sha);
	for (size_t i = 0; i < auth->tokens_len; i++) {
		if (sl_secret_eq(hash, sizeof(hash), auth->tokens[i].hash, sizeof(hash)))
			user = auth->tokens[i].user;
	}
	if (!user)
		return sl_error_set(err, SL_EUNAUTH,
			"the token belongs to no user of this workspace");
	set_user(who, user, "token");
	return SL_OK;
}

/* An account without a name shows as its number, which is nobody's name. */
static void account_name(uid_t uid, char out[SL_USER_LIMIT])
{
	char space[4096];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r(uid, &entry, space, sizeof(space), &found) == 0 && found)
		(void)snprintf(out, SL_USER_LIMIT, "%s", found->pw_name);
	else
		(void)snprintf(out, SL_USER_LIMIT, "uid:%u", (unsigned)uid);
}

bool sl_auth_knows(const struct sl_auth *auth, const char *name)
{
	for (size_t i = 0; i < auth->workspace->users_len; i++) {
		if (sl_str_eq(auth->workspace->users[i].name, name))
			return true;
	}
	return false;
}

static enum sl_code by_assertion(const struct sl_auth *auth, const char *name,
	struct sl_person *who, struct sl_error *err)
{
	bool may = false;

	for (size_t i = 0; i < auth->asserters_len; i++)
		may = may || sl_str_eq(auth->asserters[i], who->account);
	if (!may)
		return sl_error_set(err, SL_EUNAUTH,
			"account '%s' may not speak for others: it is not in server.assert_users",
			who->account);
	if (!sl_auth_knows(auth, name))
		return sl_error_set(err, SL_EUNAUTH, "SLUICE_USER names no user of this workspace");
	set_user(who, name, "socket");
	return SL_OK;
}

static enum sl_code by_account(const struct sl_auth *auth, const struct sl_auth_claim *claim,
	struct sl_person *who, struct sl_error *err)
{
	account_name(claim->uid, who->account);
	if (claim->asserted)
		return by_assertion(auth, claim->asserted, who, err);
	for (size_t i = 0; i < auth->workspace->users_len; i++) {
		const struct sl_user *user = &auth->workspace->users[i];

		if (user->unix_name[0] != '\0' && sl_str_eq(user->unix_name, who->account))
			set_user(who, user->name, "socket");
	}
	return SL_OK;
}

enum sl_code sl_auth_identify(const struct sl_auth *auth, const struct sl_auth_claim *claim,
	struct sl_person *out, struct sl_error *err)
{
	struct sl_person who = { .via = "" };
	char user[SL_USER_LIMIT];
	enum sl_code code = SL_OK;

	if (claim->token) {
		code = by_token(auth, claim->token, &who, err);
	} else if (claim->session) {
		code = sl_auth_session_check(auth, claim->session, user, err);
		if (code == SL_OK && !sl_auth_knows(auth, user))
			code = sl_error_set(err, SL_EUNAUTH, "the session's user is gone");
		if (code == SL_OK)
			set_user(&who, user, "session");
	} else if (claim->local) {
		code = by_account(auth, claim, &who, err);
	}
	if (code == SL_OK)
		*out = who;
	return code;
}
