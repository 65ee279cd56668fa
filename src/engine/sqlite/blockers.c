#include "sqlite_int.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sys/file.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/*
 * Who writes to the file at the moment, from the kernel's list of locks: no file is opened, since
 * closing one would drop this process's own locks on it.
 */
#define LOCKS_MAX ((size_t)8 << 20)
#define FILES_MAX ((size_t)4096)

struct found {
	SL_VEC(int64_t);
};

/* A line of /proc/locks: "1: POSIX  ADVISORY  WRITE 4711 fd:01:12345 0 EOF". */
struct held {
	int64_t pid;
	unsigned major, minor;
	uintmax_t inode;
};

/* The words of a line, at most n of them. */
static size_t words_of(const char *line, char words[][32], size_t n)
{
	size_t count = 0;

	while (count < n) {
		size_t len;

		line += strspn(line, " ");
		len = strcspn(line, " \n");
		if (len == 0)
			break;
		(void)snprintf(words[count++], sizeof(words[0]), "%.*s", (int)(len < 31 ? len : 31),
			line);
		line += len;
	}
	return count;
}

/* "fd:01:12345": the device in hexadecimal, the inode in decimal. */
static bool read_place(struct held *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	unsigned parts[2] = { 0, 0 };
	int64_t inode;

	for (size_t i = 0; i < 2; i++) {
		const char *digit;

		for (; *text != '\0' && (digit = strchr(digits, *text)); text++)
			parts[i] = parts[i] * 16 + (unsigned)(digit - digits);
		if (*text++ != ':')
			return false;
	}
	if (!sl_parse_i64(text, 1, INT64_MAX, &inode))
		return false;
	out->major = parts[0];
	out->minor = parts[1];
	out->inode = (uintmax_t)inode;
	return true;
}

static bool read_line(struct held *out, const char *line)
{
	char words[6][32];

	return words_of(line, words, 6) == 6 && sl_str_eq(words[1], "POSIX") &&
		sl_str_eq(words[3], "WRITE") && sl_parse_i64(words[4], 1, INT32_MAX, &out->pid) &&
		read_place(out, words[5]);
}

/* Layered file systems show one device to people and another in the list of locks: there it counts
 * that the process has the file open. */
static bool has_open(int64_t pid, const struct stat *file)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	const char *folder = sl_arena_printf(arena, "/proc/%" PRId64 "/fd", pid);
	struct sl_names names;

	if (sl_folder_list(&names, arena, folder, FILES_MAX, NULL) != SL_OK)
		return false;
	for (size_t i = 0; i < names.len; i++) {
		struct stat st;

		if (stat(sl_path_join(arena, folder, names.at[i]), &st) == 0 &&
			st.st_ino == file->st_ino && st.st_dev == file->st_dev)
			return true;
	}
	return false;
}

static bool is_on(const struct held *held, const struct stat *file)
{
	if (held->inode != file->st_ino)
		return false;
	return (held->major == major(file->st_dev) && held->minor == minor(file->st_dev)) ||
		has_open(held->pid, file);
}

static const char *name_of(struct sl_arena *arena, int64_t pid)
{
	sl_autofree char *text = NULL;
	size_t len;

	if (sl_file_read(&text, &len, sl_arena_printf(arena, "/proc/%" PRId64 "/comm", pid), 4096,
		    NULL) != SL_OK)
		return "";
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return sl_arena_strndup(arena, text, len);
}

static const char *owner_of(struct sl_arena *arena, int64_t pid)
{
	struct passwd entry, *found = NULL;
	struct stat st;
	char text[4096];

	if (stat(sl_arena_printf(arena, "/proc/%" PRId64, pid), &st) != 0)
		return "";
	if (getpwuid_r(st.st_uid, &entry, text, sizeof(text), &found) != 0 || !found)
		return sl_arena_printf(arena, "uid %u", (unsigned)st.st_uid);
	return sl_arena_strdup(arena, found->pw_name);
}

/* Adds the processes that hold a write lock on the file or on its write-ahead log's index. */
static void find(struct found *found, struct sl_arena *arena, const char *locks, const char *path)
{
	struct stat file;

	if (stat(path, &file) != 0)
		return;
	for (const char *line = locks; line && *line != '\0';) {
		const char *end = strchr(line, '\n');
		struct held held;
		bool known = false;

		if (read_line(&held, line) && is_on(&held, &file)) {
			for (size_t i = 0; i < found->len; i++)
				known = known || found->at[i] == held.pid;
			if (!known)
				*sl_vec_add_in(arena, found) = held.pid;
		}
		line = end ? end + 1 : NULL;
	}
}

enum sl_code sl_sqlite_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err)
{
	const struct sqlite_conn *conn = (const struct sqlite_conn *)(const void *)blocked;
	struct found found = { 0 };
	struct sl_lock_holder *at;
	sl_autofree char *locks = NULL;
	size_t size;

	(void)base;
	(void)err;
	if (conn->vfs || sl_file_read(&locks, &size, "/proc/locks", LOCKS_MAX, NULL) != SL_OK)
		return SL_OK;
	find(&found, arena, locks, conn->path);
	find(&found, arena, locks, sl_arena_printf(arena, "%s-shm", conn->path));
	at = sl_arena_calloc(arena, found.len + 1, sizeof(*at));
	for (size_t i = 0; i < found.len; i++)
		at[i] = (struct sl_lock_holder){ .session = sl_arena_printf(arena, "%" PRId64,
							 found.at[i]),
			.user = owner_of(arena, found.at[i]),
			.application = name_of(arena, found.at[i]),
			.address = "",
			.state = "",
			.what = "",
			.holds = "write lock",
			.wants = "",
			.object = "" };
	*out = at;
	*len = found.len;
	return SL_OK;
}
