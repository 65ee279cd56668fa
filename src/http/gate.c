#include "request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct seen {
	unsigned lengths, encodings, hosts;
	bool bad; /* a name that is no token or hides one, or a coding whose end we cannot find */
};

/* RFC 9110, 5.6.2: token characters. */
static bool is_token(const char *name)
{
	if (name[0] == '\0')
		return false;
	for (const char *c = name; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	}
	return true;
}

/* Whether the header is the named one.  libmicrohttpd puts a folded line behind the name of its
 * header ("Host13"), so that a name which only begins like one of framing hides one: *bad. */
static bool is_header(const char *name, const char *framing, bool *bad)
{
	size_t len = strlen(framing);

	if (strncasecmp(name, framing, len) != 0)
		return false;
	*bad = *bad || name[len] != '\0';
	return true;
}

static enum MHD_Result look(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct seen *seen = ctx;

	(void)kind;
	if (!is_token(name))
		seen->bad = true;
	seen->lengths += is_header(name, MHD_HTTP_HEADER_CONTENT_LENGTH, &seen->bad);
	seen->hosts += is_header(name, MHD_HTTP_HEADER_HOST, &seen->bad);
	if (is_header(name, MHD_HTTP_HEADER_TRANSFER_ENCODING, &seen->bad)) {
		seen->encodings++;
		seen->bad = seen->bad || !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

unsigned sl_http_gate(struct MHD_Connection *connection, const char *version)
{
	struct seen seen = { 0 };

	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &seen);
	if (seen.bad || seen.lengths > 1 || seen.encodings > 1 || seen.hosts > 1)
		return MHD_HTTP_BAD_REQUEST;
	if (seen.lengths > 0 && seen.encodings > 0)
		return MHD_HTTP_BAD_REQUEST;
	if (seen.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)
		return MHD_HTTP_BAD_REQUEST;
	return 0;
}
