#include "sluice/config/secret.h"

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_name(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

		if (!letter && !(*s >= '0' && *s <= '9') && !strchr("_-.", *s))
			return false;
	}
	return true;
}

static const char *behind(const char *text, const char *prefix)
{
	return sl_str_starts(text, prefix) ? text + strlen(prefix) : NULL;
}

bool sl_secret_is_reference(const char *text)
{
	const char *rest = behind(text, "file:");

	if (rest)
		return rest[0] == '/' && rest[1] != '\0';
	rest = behind(text, "env:");
	if (!rest)
		rest = behind(text, "systemd:");
	return rest && is_name(rest) && !sl_str_eq(rest, ".") && !sl_str_eq(rest, "..");
}

static enum sl_code from_env(const char *name, struct sl_buf *out, struct sl_error *err)
{
	const char *value = getenv(name);

	if (!value)
		return sl_error_set(err, SL_ENOTFOUND,
			"secret env:%s: the variable is not set: set it where Sluice is started",
			name);
	sl_buf_adds(out, value);
	return SL_OK;
}

static enum sl_code from_file(const char *reference, const char *path, struct sl_buf *out,
	struct sl_error *err)
{
	char *text = NULL;
	size_t len = 0;
	enum sl_code code = sl_file_read(&text, &len, path, out->max, err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "secret %s", reference);
	sl_buf_add(out, text, len);
	explicit_bzero(text, len);
	free(text);
	return SL_OK;
}

static enum sl_code from_systemd(const char *reference, const char *name, struct sl_buf *out,
	struct sl_error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	sl_autofree char *path = NULL;

	if (!folder)
		return sl_error_set(err, SL_ENOTFOUND,
			"secret %s: CREDENTIALS_DIRECTORY is not set (LoadCredential= in the unit)",
			reference);
	path = sl_xasprintf("%s/%s", folder, name);
	return from_file(reference, path, out, err);
}

static enum sl_code fetch(const char *reference, struct sl_buf *out, struct sl_error *err)
{
	const char *rest = behind(reference, "env:");

	if (rest)
		return from_env(rest, out, err);
	rest = behind(reference, "file:");
	if (rest)
		return from_file(reference, rest, out, err);
	return from_systemd(reference, behind(reference, "systemd:"), out, err);
}

enum sl_code sl_secret_resolve(const char *reference, struct sl_buf *out, struct sl_error *err)
{
	enum sl_code code;

	if (!sl_secret_is_reference(reference))
		return sl_error_set(err, SL_EINVAL,
			"secret: not a reference (env:NAME, file:/path, systemd:NAME)");
	sl_buf_clear(out);
	code = fetch(reference, out, err);
	if (code != SL_OK)
		return code;
	if (!sl_buf_ok(out))
		return sl_error_set(err, SL_ELIMIT, "secret %s: longer than %zu bytes", reference,
			out->max);
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		out->data[--out->len] = '\0';
	if (out->len == 0)
		return sl_error_set(err, SL_EINVAL, "secret %s: empty", reference);
	return SL_OK;
}

void sl_secret_done(struct sl_buf *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->cap);
	sl_buf_done(secret);
}

/* "user:password@".  A '/', '?' or '#' in a password would end the authority early, so any '@'
 * behind a ':' counts, unless a port stood between them. */
static bool authority_has_password(const char *url)
{
	const char *start = strstr(url, "://");
	const char *at = start ? strrchr(start, '@') : NULL;
	const char *colon = at ? strchr(start + strlen("://"), ':') : NULL;
	size_t port;

	if (!colon || colon + 1 >= at)
		return false;
	port = strspn(colon + 1, "0123456789");
	return port == 0 || !strchr("/?#", colon[1 + port]);
}

bool sl_url_has_password(const char *url)
{
	static const char *const names[] = { "password=", "passwd=", "pwd=" };

	if (authority_has_password(url))
		return true;
	for (const char *at = strchr(url, '?'); at; at = strpbrk(at + 1, "&;")) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strncasecmp(at + 1, names[i], strlen(names[i])) == 0)
				return true;
		}
	}
	return false;
}
