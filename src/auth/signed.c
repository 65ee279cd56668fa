/*
 * Signed text: "kind.user.expiry.nonce.mac", the user in hex so that no name can hold a dot.
 * The mac covers everything before it; the kind keeps a link from serving as a session.
 */
#include "auth.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <string.h>

#define SESSION_US (12 * 3600 * SL_SECOND_US)
#define LINK_US    (600 * SL_SECOND_US)

static void mac_of(const struct sl_auth *auth, const char *text, size_t len,
	char out[SL_SHA256_HEX])
{
	unsigned char mac[SL_SHA256_SIZE];

	sl_hmac_sha256(auth->key, sizeof(auth->key), text, len, mac);
	(void)sl_hex(mac, sizeof(mac), out);
}

static void issue(const struct sl_auth *auth, const char *kind, const char *user, int64_t lives_us,
	char out[SL_AUTH_TEXT_SIZE])
{
	char hex[2 * SL_USER_LIMIT + 1];
	char nonce[SL_ID_SIZE];
	char mac[SL_SHA256_HEX];
	int len;

	(void)sl_hex(user, strlen(user), hex);
	len = snprintf(out, SL_AUTH_TEXT_SIZE, "%s.%s.%lld.%s", kind, hex,
		(long long)((sl_clock_wall(auth->clock) + lives_us) / SL_SECOND_US),
		sl_rand_id(auth->rand, nonce));
	mac_of(auth, out, (size_t)len, mac);
	(void)snprintf(out + len, SL_AUTH_TEXT_SIZE - (size_t)len, ".%s", mac);
}

/* Splits text, which has a valid mac, at its dots.  parts: kind, user, expiry, nonce. */
static bool split(char *text, char *parts[4])
{
	char *save = NULL;
	size_t n = 0;

	for (char *part = strtok_r(text, ".", &save); part; part = strtok_r(NULL, ".", &save)) {
		if (n == 4)
			return false;
		parts[n++] = part;
	}
	return n == 4;
}

static bool read_parts(const struct sl_auth *auth, const char *kind, char *text,
	char user[SL_USER_LIMIT], char nonce[SL_ID_SIZE])
{
	char *parts[4];
	int64_t expiry;
	size_t len;

	if (!split(text, parts) || !sl_str_eq(parts[0], kind))
		return false;
	len = strlen(parts[1]) / 2;
	if (len == 0 || len >= SL_USER_LIMIT || strlen(parts[3]) >= SL_ID_SIZE)
		return false;
	if (!sl_unhex(parts[1], (unsigned char *)user, len))
		return false;
	user[len] = '\0';
	memcpy(nonce, parts[3], strlen(parts[3]) + 1);
	return sl_parse_i64(parts[2], 0, INT64_MAX, &expiry) &&
		expiry >= sl_clock_wall(auth->clock) / SL_SECOND_US;
}

static bool check(const struct sl_auth *auth, const char *kind, const char *text,
	char user[SL_USER_LIMIT], char nonce[SL_ID_SIZE])
{
	const char *dot = strrchr(text, '.');
	char copy[SL_AUTH_TEXT_SIZE];
	char mac[SL_SHA256_HEX];
	size_t len;

	if (!dot || strlen(text) >= sizeof(copy))
		return false;
	len = (size_t)(dot - text);
	mac_of(auth, text, len, mac);
	if (!sl_secret_eq(mac, strlen(mac), dot + 1, strlen(dot + 1)))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return read_parts(auth, kind, copy, user, nonce);
}

int64_t sl_auth_expiry(const char *text)
{
	const char *user = strchr(text, '.');
	const char *expiry = user ? strchr(user + 1, '.') : NULL;
	char digits[24] = "";
	int64_t seconds = 0;

	if (expiry)
		(void)snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(expiry + 1, "."),
			expiry + 1);
	if (!sl_parse_i64(digits, 0, INT64_MAX / SL_SECOND_US - 1, &seconds))
		return 0;
	return (seconds + 1) * SL_SECOND_US;
}

void sl_auth_session(const struct sl_auth *auth, const char *user, char out[SL_AUTH_TEXT_SIZE])
{
	issue(auth, "session", user, SESSION_US, out);
}

enum sl_code sl_auth_session_check(const struct sl_auth *auth, const char *session,
	char user[SL_USER_LIMIT], struct sl_error *err)
{
	char nonce[SL_ID_SIZE];

	if (check(auth, "session", session, user, nonce))
		return SL_OK;
	return sl_error_set(err, SL_EUNAUTH, "the session has ended: ask for a new login link");
}

void sl_auth_csrf(const struct sl_auth *auth, const char *session, char out[SL_AUTH_CSRF_SIZE])
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);

	sl_buf_addf(&text, "csrf.%s", session);
	mac_of(auth, sl_buf_str(&text), text.len, out);
}

bool sl_auth_csrf_ok(const struct sl_auth *auth, const char *session, const char *given)
{
	char want[SL_AUTH_CSRF_SIZE];

	sl_auth_csrf(auth, session, want);
	return sl_secret_eq(want, strlen(want), given, strlen(given));
}

void sl_auth_link(const struct sl_auth *auth, const char *user, char out[SL_AUTH_TEXT_SIZE])
{
	issue(auth, "link", user, LINK_US, out);
}

enum sl_code sl_auth_link_check(const struct sl_auth *auth, const char *code,
	char user[SL_USER_LIMIT], char nonce[SL_ID_SIZE], struct sl_error *err)
{
	if (check(auth, "link", code, user, nonce) && sl_auth_knows(auth, user))
		return SL_OK;
	return sl_error_set(err, SL_EUNAUTH,
		"the login link is not valid or too old: ask for a new one with `sluice login`");
}
