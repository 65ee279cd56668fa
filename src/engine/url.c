#include "sluice/engine.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <string.h>

static const struct {
	const char *scheme;
	enum sl_dialect dialect;
} schemes[] = {
	{ "sqlite:", SL_DIALECT_SQLITE },
	{ "postgres://", SL_DIALECT_POSTGRES },
	{ "postgresql://", SL_DIALECT_POSTGRES },
	{ "mysql://", SL_DIALECT_MYSQL },
	{ "mariadb://", SL_DIALECT_MARIADB },
};

#define URL_MAX 4096

/* NULL when a percent sign does not stand before two digits, or for a NUL byte. */
static const char *decoded(struct sl_arena *arena, const char *s, size_t len)
{
	char *out = sl_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			out[n++] = s[i];
			continue;
		}
		high = i + 2 < len ? sl_hex_digit(s[i + 1]) : -1;
		low = high >= 0 ? sl_hex_digit(s[i + 2]) : -1;
		if (low < 0 || high * 16 + low == 0)
			return NULL;
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	out[n] = '\0';
	return out;
}

static const struct {
	const char *mode;
	enum sl_tls tls;
} tls_modes[] = {
	{ "disable", SL_TLS_OFF },
	{ "require", SL_TLS_REQUIRE },
	{ "verify-full", SL_TLS_VERIFY },
};

static bool read_tls(enum sl_tls *out, const char *mode)
{
	for (size_t i = 0; i < sizeof(tls_modes) / sizeof(tls_modes[0]); i++)
		if (sl_str_eq(mode, tls_modes[i].mode)) {
			*out = tls_modes[i].tls;
			return true;
		}
	return false;
}

static enum sl_code set_parameter(struct sl_engine_url *url, const char *key, const char *value,
	struct sl_error *err)
{
	static const char *const known[] = { "host", "sslmode", "sslrootcert" };
	const char *near;

	if (sl_str_eq(key, "password") || sl_str_eq(key, "sslpassword"))
		return sl_error_set(err, SL_EINVAL,
			"database URL: holds a password; take it out and name it as a secret "
			"(env:NAME, file:/path) or keep it in the client's own password file");
	if (sl_str_eq(key, "host")) {
		url->host = value;
		return SL_OK;
	}
	if (sl_str_eq(key, "sslrootcert")) {
		url->root_cert = value;
		return SL_OK;
	}
	if (sl_str_eq(key, "sslmode")) {
		if (read_tls(&url->tls, value))
			return SL_OK;
		return sl_error_set(err, SL_EINVAL,
			"database URL: sslmode must be verify-full, require or disable");
	}
	near = sl_nearest(key, known, sizeof(known) / sizeof(known[0]));
	return sl_error_set(err, SL_EINVAL, "database URL: unknown parameter '%.64s'%s%s%s", key,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum sl_code read_parameters(struct sl_engine_url *url, struct sl_arena *arena,
	const char *s, struct sl_error *err)
{
	while (*s != '\0') {
		size_t len = strcspn(s, "&");
		const char *equals = memchr(s, '=', len);
		const char *key = decoded(arena, s, equals ? (size_t)(equals - s) : len);
		const char *value = equals ?
			decoded(arena, equals + 1, (size_t)(s + len - equals - 1)) :
			"";
		enum sl_code code;

		if (!key || !value)
			return sl_error_set(err, SL_EINVAL, "database URL: broken %%-escape");
		code = set_parameter(url, key, value, err);
		if (code != SL_OK)
			return code;
		s += len + (s[len] == '&');
	}
	return SL_OK;
}

/* [user@]host[:port], host perhaps in brackets. */
static enum sl_code read_authority(struct sl_engine_url *url, struct sl_arena *arena, const char *s,
	size_t len, struct sl_error *err)
{
	const char *at = memrchr(s, '@', len);
	const char *host = at ? at + 1 : s;
	size_t host_len = len - (size_t)(host - s);
	const char *colon;
	int64_t port;

	if (at && memchr(s, ':', (size_t)(at - s)))
		return sl_error_set(err, SL_EINVAL,
			"database URL: holds a password; take it out and name it as a secret "
			"(env:NAME, file:/path) or keep it in the client's own password file");
	if (at)
		url->user = decoded(arena, s, (size_t)(at - s));
	colon = host_len > 0 && host[0] == '[' ? memchr(host, ']', host_len) : NULL;
	colon = colon ? (colon[1] == ':' ? colon + 1 : NULL) : memrchr(host, ':', host_len);
	if (colon && colon < host + host_len) {
		url->port = sl_arena_strndup(arena, colon + 1,
			(size_t)(host + host_len - colon - 1));
		if (!sl_parse_i64(url->port, 1, 65535, &port))
			return sl_error_set(err, SL_EINVAL,
				"database URL: the port must be a number from 1 to 65535");
		host_len = (size_t)(colon - host);
	}
	if (host_len > 1 && host[0] == '[' && host[host_len - 1] == ']')
		url->host = sl_arena_strndup(arena, host + 1, host_len - 2);
	else if (host_len > 0)
		url->host = decoded(arena, host, host_len);
	if ((at && !url->user) || (host_len > 0 && !url->host))
		return sl_error_set(err, SL_EINVAL, "database URL: broken %%-escape");
	return SL_OK;
}

static enum sl_code read_server(struct sl_engine_url *url, struct sl_arena *arena, const char *s,
	struct sl_error *err)
{
	size_t authority = strcspn(s, "/?");
	enum sl_code code = read_authority(url, arena, s, authority, err);
	size_t len;

	if (code != SL_OK)
		return code;
	s += authority;
	if (*s == '/') {
		len = strcspn(++s, "?");
		url->database = decoded(arena, s, len);
		if (!url->database)
			return sl_error_set(err, SL_EINVAL, "database URL: broken %%-escape");
		if (url->database[0] == '\0')
			url->database = NULL;
		s += len;
	}
	return *s == '?' ? read_parameters(url, arena, s + 1, err) : SL_OK;
}

static enum sl_code read_path(struct sl_engine_url *url, const char *s, struct sl_error *err)
{
	if (sl_str_starts(s, "///"))
		s += 2;
	else if (sl_str_starts(s, "//"))
		return sl_error_set(err, SL_EINVAL,
			"database URL: write sqlite:PATH, without slashes before a relative path");
	if (s[0] == '\0' || s[0] == ':')
		return sl_error_set(err, SL_EINVAL, "database URL: sqlite: needs a path of a file");
	url->path = s;
	return SL_OK;
}

enum sl_code sl_engine_url_parse(struct sl_engine_url *out, struct sl_arena *arena,
	const char *text, struct sl_error *err)
{
	struct sl_engine_url url = { .dialect = SL_DIALECT_COUNT };
	const char *rest = text;
	enum sl_code code = SL_EINVAL;

	if (strlen(text) > URL_MAX)
		return sl_error_set(err, SL_ELIMIT, "database URL: longer than %d bytes", URL_MAX);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (sl_str_starts(text, schemes[i].scheme)) {
			url.dialect = schemes[i].dialect;
			rest = text + strlen(schemes[i].scheme);
		}
	url.text = sl_arena_strdup(arena, text);
	switch (url.dialect) {
	case SL_DIALECT_SQLITE:
		code = read_path(&url, url.text + (rest - text), err);
		break;
	case SL_DIALECT_POSTGRES:
		code = read_server(&url, arena, rest, err);
		break;
	case SL_DIALECT_MYSQL:
	case SL_DIALECT_MARIADB:
		code = read_server(&url, arena, rest, err);
		if (code == SL_OK && !url.database)
			return sl_error_set(err, SL_EINVAL,
				"database URL: name the database: mysql://USER@HOST:PORT/DATABASE");
		break;
	case SL_DIALECT_COUNT:
		/* what is before an @ may be a password */
		return sl_error_set(err, SL_EINVAL,
			"database URL%s%.100s: begin it with sqlite:, postgres:// or mysql://",
			strchr(text, '@') ? "" : " ", strchr(text, '@') ? "" : text);
	}
	if (code == SL_OK)
		*out = url;
	return code;
}
