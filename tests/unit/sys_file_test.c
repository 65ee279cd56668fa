/* Files, folders, locks and sockets, in a fresh folder a test. */
#include "sluice/core/alloc.h"
#include "sluice/core/clock.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	struct sl_arena *arena;
	char *folder;
};

static int setup(void **state)
{
	struct place *place = sl_xcalloc(1, sizeof(*place));
	const char *base = getenv("TMPDIR");

	place->arena = sl_arena_new();
	place->folder = sl_xasprintf("%s/sluice-sys-XXXXXX", base ? base : "/tmp");
	*state = place;
	return mkdtemp(place->folder) ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *place = *state;
	enum sl_code code = sl_tree_remove(place->folder, NULL);

	free(place->folder);
	sl_arena_free(place->arena);
	free(place);
	return code == SL_OK ? 0 : -1;
}

static const char *in(const struct place *place, const char *name)
{
	return sl_path_join(place->arena, place->folder, name);
}

static void a_file_is_written_whole_and_read_back(void **state)
{
	const struct place *place = *state;
	const char *path = in(place, "a.txt");
	sl_autofree char *text = NULL;
	struct sl_names names = { 0 };
	struct stat st;
	size_t len = 0;

	assert_int_equal(sl_file_write(path, "old", 3, 0600, NULL), SL_OK);
	assert_int_equal(sl_file_write(path, "hello\0x", 7, 0640, NULL), SL_OK);
	assert_int_equal(sl_file_read(&text, &len, path, 100, NULL), SL_OK);
	assert_int_equal(len, 7);
	assert_memory_equal(text, "hello\0x", 8);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(sl_folder_list(&names, place->arena, place->folder, 10, NULL), SL_OK);
	assert_int_equal(names.len, 1);
}

static void a_file_above_the_maximum_is_refused(void **state)
{
	const char *path = in(*state, "big");
	struct sl_error err = SL_ERROR_INIT;
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(sl_file_write(path, "12345", 5, 0600, NULL), SL_OK);
	assert_int_equal(sl_file_read(&text, &len, path, 4, &err), SL_ELIMIT);
	assert_non_null(strstr(err.msg, "big: read: larger than 4 bytes"));
	assert_int_equal(sl_file_read(&text, &len, "/dev/zero", 100000, &err), SL_ELIMIT);
}

static void what_cannot_be_read_is_named(void **state)
{
	struct sl_error err = SL_ERROR_INIT;
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(sl_file_read(&text, &len, in(*state, "none"), 10, &err), SL_ENOTFOUND);
	assert_non_null(strstr(err.msg, "none: open: No such file"));
	assert_int_equal(sl_file_read(&text, &len, in(*state, ""), 10, &err), SL_EINVAL);
	assert_non_null(strstr(err.msg, "Is a directory"));
}

static void a_failed_write_leaves_nothing_behind(void **state)
{
	const struct place *place = *state;
	struct sl_names names = { 0 };

	assert_int_equal(sl_folder_make(in(place, "d"), 0700, NULL), SL_OK);
	assert_int_equal(sl_file_write(in(place, "d"), "x", 1, 0600, NULL), SL_EINVAL);
	assert_int_equal(sl_folder_list(&names, place->arena, place->folder, 10, NULL), SL_OK);
	assert_int_equal(names.len, 1);
}

static void folders_are_made_with_those_above_them(void **state)
{
	const char *path = in(*state, "a/b/c");

	assert_int_equal(sl_folder_make(path, 0700, NULL), SL_OK);
	assert_int_equal(sl_folder_make(path, 0700, NULL), SL_OK);
	assert_true(sl_file_is_folder(path));
	assert_int_equal(sl_file_write(in(*state, "f"), "", 0, 0600, NULL), SL_OK);
	assert_int_equal(sl_folder_make(in(*state, "f"), 0700, NULL), SL_EINVAL);
	assert_int_equal(sl_folder_make(in(*state, "f/g"), 0700, NULL), SL_EINVAL);
}

static void names_come_sorted_and_bounded(void **state)
{
	const struct place *place = *state;
	struct sl_names names = { 0 };

	assert_int_equal(sl_file_write(in(place, "b"), "", 0, 0600, NULL), SL_OK);
	assert_int_equal(sl_file_write(in(place, "a"), "", 0, 0600, NULL), SL_OK);
	assert_int_equal(sl_file_write(in(place, "B"), "", 0, 0600, NULL), SL_OK);
	assert_int_equal(sl_folder_list(&names, place->arena, place->folder, 10, NULL), SL_OK);
	assert_int_equal(names.len, 3);
	assert_string_equal(names.at[0], "B");
	assert_string_equal(names.at[2], "b");
	assert_int_equal(sl_folder_list(&names, place->arena, place->folder, 2, NULL), SL_ELIMIT);
}

static void removing_a_tree_follows_no_link(void **state)
{
	const struct place *place = *state;

	assert_int_equal(sl_folder_make(in(place, "keep"), 0700, NULL), SL_OK);
	assert_int_equal(sl_file_write(in(place, "keep/file"), "x", 1, 0600, NULL), SL_OK);
	assert_int_equal(sl_folder_make(in(place, "tree/deep"), 0700, NULL), SL_OK);
	assert_int_equal(sl_file_write(in(place, "tree/deep/f"), "x", 1, 0600, NULL), SL_OK);
	assert_int_equal(symlink(in(place, "keep"), in(place, "tree/link")), 0);
	assert_int_equal(sl_tree_remove(in(place, "tree"), NULL), SL_OK);
	assert_false(sl_file_exists(in(place, "tree")));
	assert_true(sl_file_exists(in(place, "keep/file")));
	assert_int_equal(sl_tree_remove(in(place, "tree"), NULL), SL_OK);
}

static void a_lock_names_who_holds_it(void **state)
{
	const char *path = in(*state, "lock");
	struct sl_error err = SL_ERROR_INIT;
	struct sl_lock *first = NULL;
	struct sl_lock *second = NULL;
	char expected[300];

	assert_int_equal(sl_lock_take(&first, path, NULL), SL_OK);
	assert_int_equal(sl_lock_take(&second, path, &err), SL_ECONFLICT);
	(void)snprintf(expected, sizeof(expected), "%s: locked by process %d", path, (int)getpid());
	assert_string_equal(err.msg, expected);
	sl_lock_free(first);
	assert_int_equal(sl_lock_take(&second, path, NULL), SL_OK);
	sl_lock_free(second);
}

/* A listener, a client and the server's end of it. */
struct pair {
	int listener;
	int client;
	int server;
};

static void pair_open(struct pair *pair, const char *path)
{
	assert_int_equal(sl_listen_unix(&pair->listener, path, 0600, NULL, NULL), SL_OK);
	assert_int_equal(sl_connect_unix(&pair->client, path, NULL, NULL), SL_OK);
	assert_int_equal(sl_accept(&pair->server, pair->listener, NULL, NULL), SL_OK);
}

static void pair_close(const struct pair *pair)
{
	sl_fd_closep(&pair->listener);
	sl_fd_closep(&pair->client);
	sl_fd_closep(&pair->server);
}

static void frames_cross_a_socket_whole(void **state)
{
	sl_auto_buf struct sl_buf got = SL_BUF_INIT(100);
	struct pair pair;

	pair_open(&pair, in(*state, "s"));
	assert_int_equal(sl_frame_write(pair.client, "one", 3, NULL, NULL), SL_OK);
	assert_int_equal(sl_frame_write(pair.client, "", 0, NULL, NULL), SL_OK);
	assert_int_equal(sl_frame_read(pair.server, &got, NULL, NULL), SL_OK);
	assert_string_equal(sl_buf_str(&got), "one");
	assert_int_equal(sl_frame_read(pair.server, &got, NULL, NULL), SL_OK);
	assert_int_equal(got.len, 0);
	(void)shutdown(pair.client, SHUT_WR);
	assert_int_equal(sl_frame_read(pair.server, &got, NULL, NULL), SL_ENOTFOUND);
	pair_close(&pair);
}

static void a_frame_that_is_too_long_or_cut_is_refused(void **state)
{
	sl_auto_buf struct sl_buf got = SL_BUF_INIT(2);
	struct pair pair;

	pair_open(&pair, in(*state, "s"));
	assert_int_equal(sl_frame_write(pair.client, "one", 3, NULL, NULL), SL_OK);
	assert_int_equal(sl_frame_read(pair.server, &got, NULL, NULL), SL_ELIMIT);
	assert_int_equal(sl_write_all(pair.server, "\0\0\0\2x", 5, NULL, NULL), SL_OK);
	(void)shutdown(pair.server, SHUT_WR);
	assert_int_equal(sl_frame_read(pair.client, &got, NULL, NULL), SL_EUNAVAIL);
	pair_close(&pair);
}

static void lines_come_one_at_a_time(void **state)
{
	struct pair pair;
	struct sl_lines lines = SL_LINES_INIT(0, 10);
	const char *line = NULL;

	pair_open(&pair, in(*state, "s"));
	lines.fd = pair.server;
	assert_int_equal(sl_write_all(pair.client, "a\r\n\nbc\n0123456789ab", 18, NULL, NULL),
		SL_OK);
	assert_int_equal(sl_line_read(&lines, &line, NULL, NULL), SL_OK);
	assert_string_equal(line, "a");
	assert_int_equal(sl_line_read(&lines, &line, NULL, NULL), SL_OK);
	assert_string_equal(line, "");
	assert_int_equal(sl_line_read(&lines, &line, NULL, NULL), SL_OK);
	assert_string_equal(line, "bc");
	assert_int_equal(sl_line_read(&lines, &line, NULL, NULL), SL_ELIMIT);
	sl_lines_done(&lines);
	pair_close(&pair);
}

static void reading_ends_at_the_deadline(void **state)
{
	sl_auto(sl_cancel_free_p) struct sl_cancel *cancel = sl_cancel_new(sl_clock_system(), NULL,
		3000);
	sl_auto_buf struct sl_buf got = SL_BUF_INIT(10);
	struct sl_error err = SL_ERROR_INIT;
	struct pair pair;

	pair_open(&pair, in(*state, "s"));
	assert_int_equal(sl_frame_read(pair.server, &got, cancel, &err), SL_ETIMEOUT);
	assert_string_equal(err.msg, "socket: read: the deadline passed");
	pair_close(&pair);
}

static void the_kernel_says_who_connected(void **state)
{
	struct sl_peer peer = { 0 };
	struct pair pair;

	pair_open(&pair, in(*state, "s"));
	assert_int_equal(sl_peer_of(pair.server, &peer, NULL), SL_OK);
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.pid, getpid());
	pair_close(&pair);
}

static void a_socket_in_use_is_kept_and_a_dead_one_replaced(void **state)
{
	const char *path = in(*state, "s");
	struct sl_error err = SL_ERROR_INIT;
	struct stat st;
	int first = -1;
	int second = -1;

	assert_int_equal(sl_listen_unix(&first, path, 0660, NULL, NULL), SL_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(sl_listen_unix(&second, path, 0600, NULL, &err), SL_ECONFLICT);
	assert_non_null(strstr(err.msg, "another process listens there"));
	sl_fd_closep(&first);
	assert_int_equal(sl_listen_unix(&second, path, 0600, NULL, &err), SL_OK);
	sl_fd_closep(&second);
	assert_int_equal(sl_file_write(in(*state, "f"), "", 0, 0600, NULL), SL_OK);
	assert_int_equal(sl_listen_unix(&second, in(*state, "f"), 0600, NULL, &err), SL_ECONFLICT);
	assert_int_equal(sl_connect_unix(&second, path, NULL, &err), SL_EUNAVAIL);
}

static void port_0_takes_a_free_one_and_says_which(void **state)
{
	struct sl_error err = SL_ERROR_INIT;
	uint16_t port = 0;
	uint16_t other = 0;
	char address[32];
	int first = -1;
	int second = -1;

	(void)state;
	assert_int_equal(sl_listen_tcp(&first, "127.0.0.1:0", &port, &err), SL_OK);
	assert_true(port > 0);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)port);
	assert_int_equal(sl_listen_tcp(&second, address, &other, &err), SL_ECONFLICT);
	sl_fd_closep(&first);
	assert_int_equal(sl_listen_tcp(&second, "localhost", &other, &err), SL_EINVAL);
	assert_int_equal(sl_listen_tcp(&second, "127.0.0.1:65536", &other, &err), SL_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_written_whole_and_read_back, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_file_above_the_maximum_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing_behind, setup,
			teardown),
		cmocka_unit_test_setup_teardown(folders_are_made_with_those_above_them, setup,
			teardown),
		cmocka_unit_test_setup_teardown(names_come_sorted_and_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(removing_a_tree_follows_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lock_names_who_holds_it, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_cross_a_socket_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_that_is_too_long_or_cut_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(lines_come_one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_ends_at_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(the_kernel_says_who_connected, setup, teardown),
		cmocka_unit_test_setup_teardown(a_socket_in_use_is_kept_and_a_dead_one_replaced,
			setup, teardown),
		cmocka_unit_test_setup_teardown(port_0_takes_a_free_one_and_says_which, setup,
			teardown),
	};

	return cmocka_run_group_tests_name("sys_file", tests, NULL, NULL);
}
