/* The post-receive script. */
#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/forge/hook.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK       "# Written by `sluice hook install`"
#define SCRIPT_MAX (1u << 20)

/* 'text', for sh. */
static void add_quoted(struct sl_buf *out, const char *text)
{
	sl_buf_addc(out, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			sl_buf_adds(out, "'\\''");
		else
			sl_buf_addc(out, *text);
	sl_buf_addc(out, '\'');
}

static void add_command(struct sl_buf *out, const char *binary, const char *socket)
{
	add_quoted(out, binary);
	sl_buf_adds(out, " hook receive --socket ");
	add_quoted(out, socket);
}

static enum sl_code refuse_foreign(const char *hook, const char *binary, const char *socket,
	struct sl_error *err)
{
	sl_autofree char *text = NULL;
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(SCRIPT_MAX);
	size_t len = 0;
	enum sl_code code;

	if (!sl_file_exists(hook))
		return SL_OK;
	code = sl_file_read(&text, &len, hook, SCRIPT_MAX, err);
	if (code != SL_OK || strstr(text, MARK) != NULL)
		return code;
	add_command(&line, binary, socket);
	return sl_error_set(err, SL_ECONFLICT,
		"%s: there is a hook that Sluice did not write; give it its standard input and add "
		"the line: %s",
		hook, sl_buf_str(&line));
}

static void add_script(struct sl_buf *out, const char *binary, const char *socket)
{
	sl_buf_adds(out, "#!/bin/sh\n" MARK ".  It never refuses a push.\n");
	add_command(out, binary, socket);
	sl_buf_adds(out, "\nexit 0\n");
}

enum sl_code sl_hook_install(const char *path, const char *binary, const char *socket,
	struct sl_error *err)
{
	sl_autofree char *folder = sl_xasprintf("%s/hooks", path);
	sl_autofree char *hook = sl_xasprintf("%s/post-receive", folder);
	sl_autofree char *objects = sl_xasprintf("%s/objects", path);
	sl_auto_buf struct sl_buf script = SL_BUF_INIT(SCRIPT_MAX);
	enum sl_code code;

	if (binary[0] != '/' || socket[0] != '/')
		return sl_error_set(err, SL_EINVAL,
			"%s: install the hook: program and socket must be absolute paths", path);
	if (!sl_file_is_folder(objects))
		return sl_error_set(err, SL_ENOTFOUND, "%s: not a bare Git repository", path);
	code = refuse_foreign(hook, binary, socket, err);
	if (code == SL_OK)
		code = sl_folder_make(folder, 0755, err);
	if (code != SL_OK)
		return code;
	add_script(&script, binary, socket);
	return sl_file_write(hook, sl_buf_str(&script), script.len, 0755, err);
}

enum sl_code sl_hook_examine(const char *path, const char *binary, const char *socket,
	enum sl_hook_state *out, struct sl_error *err)
{
	sl_autofree char *hook = sl_xasprintf("%s/hooks/post-receive", path);
	sl_autofree char *text = NULL;
	sl_auto_buf struct sl_buf script = SL_BUF_INIT(SCRIPT_MAX);
	size_t len = 0;
	enum sl_code code = SL_OK;

	*out = SL_HOOK_NONE;
	if (!sl_file_exists(hook))
		return SL_OK;
	code = sl_file_read(&text, &len, hook, SCRIPT_MAX, err);
	if (code != SL_OK)
		return code;
	add_script(&script, binary, socket);
	if (access(hook, X_OK) != 0)
		*out = SL_HOOK_NOT_RUN;
	else if (sl_str_eq(text, sl_buf_str(&script)))
		*out = SL_HOOK_CURRENT;
	else
		*out = strstr(text, MARK) ? SL_HOOK_OTHER : SL_HOOK_FOREIGN;
	return SL_OK;
}
