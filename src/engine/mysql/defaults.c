/* The client's own password file: ~/.my.cnf, groups [client] and [client-mariadb].  Only the login
 * is taken from it: other options would change what was said about TLS or the server. */
#include "mysql_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)64 * 1024)

static char *trimmed(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* Quotes around the whole are no part of it. */
static char *unquoted(char *s)
{
	size_t len = strlen(s);

	if (len < 2 || (s[0] != '"' && s[0] != '\'') || s[len - 1] != s[0])
		return s;
	s[len - 1] = '\0';
	return s + 1;
}

static void take_option(struct sl_my_where *where, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	line = trimmed(line);
	value = unquoted(trimmed(value));
	if (sl_str_eq(line, "password") && !where->password)
		where->password = sl_xstrdup(value);
	if (sl_str_eq(line, "user") && !where->user)
		where->user = sl_xstrdup(value);
}

static void read_lines(struct sl_my_where *where, char *text)
{
	bool ours = false;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		line = trimmed(line);
		if (*line == '[')
			ours = sl_str_eq(line, "[client]") || sl_str_eq(line, "[client-mariadb]");
		else if (ours && *line != '#' && *line != ';')
			take_option(where, line);
	}
}

void sl_my_defaults(struct sl_my_where *where)
{
	const char *home = getenv("HOME");
	sl_autofree char *path = home ? sl_xasprintf("%s/.my.cnf", home) : NULL;
	struct stat st;
	char *text = NULL;
	size_t len = 0;

	/* one that anybody may write is ignored, as by the client */
	if (!path || stat(path, &st) != 0 || (st.st_mode & S_IWOTH) != 0 ||
		sl_file_read(&text, &len, path, FILE_MAX, NULL) != SL_OK)
		return;
	read_lines(where, text);
	explicit_bzero(text, len);
	free(text);
}
