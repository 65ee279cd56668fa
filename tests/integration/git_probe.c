/*
 * git_probe FOLDER URL [KEY=VALUE ...]: a fetch, and perhaps a note, for tests that own the server.
 *
 * Keys: user token ca key known deadline_ms note_on note.  Sweeps first, as the daemon does at its
 * start.  Prints `swept N`, `code NAME`, `message TEXT` and a line `branch NAME COMMIT` each.
 * SIGINT cancels.
 */
#include "sluice/core/clock.h"
#include "sluice/core/str.h"
#include "sluice/git/mirror.h"
#include "sluice/sys/cancel.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct wish {
	struct sl_git_origin origin;
	int64_t deadline_ms;
	const char *note_on, *note;
};

static struct sl_cancel *cancel;

static void on_interrupt(int number)
{
	(void)number;
	sl_cancel_ask(cancel);
}

static bool take(struct wish *wish, const char *argument)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {
		{ "user=", &wish->origin.token_user },
		{ "token=", &wish->origin.token },
		{ "ca=", &wish->origin.ca_file },
		{ "key=", &wish->origin.ssh_key },
		{ "known=", &wish->origin.known_hosts },
		{ "note_on=", &wish->note_on },
		{ "note=", &wish->note },
	};

	static const char deadline[] = "deadline_ms=";

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (sl_str_starts(argument, keys[i].key)) {
			*keys[i].value = argument + strlen(keys[i].key);
			return true;
		}
	return sl_str_starts(argument, deadline) &&
		sl_parse_i64(argument + strlen(deadline), 0, 600000, &wish->deadline_ms);
}

static enum sl_code work(const struct wish *wish, const char *folder, struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_git_refs refs = { 0 };
	unsigned swept = 0;
	enum sl_code code = sl_git_mirrors_sweep(folder, &swept, err);

	printf("swept %u\n", swept);
	if (code == SL_OK)
		code = sl_git_mirror_open(&repo, folder, "probe", &wish->origin, NULL, err);

	if (code == SL_OK)
		code = sl_repo_fetch(repo, cancel, err);
	if (code == SL_OK && wish->note_on != NULL)
		code = sl_repo_note_write(repo, wish->note_on, wish->note,
			sl_clock_wall(sl_clock_system()), cancel, err);
	if (code == SL_OK)
		code = sl_repo_branches(repo, arena, NULL, &refs, err);
	for (size_t i = 0; i < refs.len; i++)
		printf("branch %s %s\n", refs.at[i].name, refs.at[i].commit);
	return code;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	struct wish wish = { 0 };
	struct sl_error err = SL_ERROR_INIT;
	enum sl_code code;

	for (int i = 3; i < argc; i++)
		if (!take(&wish, argv[i])) {
			fprintf(stderr, "git_probe: %s\n", argv[i]);
			return 2;
		}
	if (argc < 3)
		return 2;
	wish.origin.url = argv[2];
	cancel = sl_cancel_new(sl_clock_system(), NULL, wish.deadline_ms * 1000);
	(void)sigaction(SIGINT, &action, NULL);
	code = work(&wish, argv[1], &err);
	printf("code %s\nmessage %s\n", sl_code_name(code), code == SL_OK ? "" : err.msg);
	sl_cancel_free(cancel);
	return 0;
}
