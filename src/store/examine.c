#include "sluice/store/examine.h"

#include "migrations.h"
#include "postgres/examine.h"
#include "sqlite/sqlite.h"

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/str.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Of SQLite's file format: the header, and where PRAGMA user_version and application_id are. */
#define HEADER_SIZE    100
#define VERSION_AT     60
#define APPLICATION_AT 68

#define APPLICATION_ID 0x534c4345 /* as sqlite/schema.c marks a store */

static uint32_t number_at(const unsigned char *header, size_t at)
{
	return (uint32_t)header[at] << 24 | (uint32_t)header[at + 1] << 16 |
		(uint32_t)header[at + 2] << 8 | header[at + 3];
}

/* While the journal beside it holds pages, the file's own header may be older. */
static bool has_journal(const char *path)
{
	sl_autofree char *journal = sl_xasprintf("%s-wal", path);
	struct stat st;

	return stat(journal, &st) == 0 && st.st_size > 0;
}

static enum sl_code read_header(struct sl_store_facts *out, struct sl_error *err)
{
	sl_auto(sl_fd_closep) int fd = open(out->path, O_RDONLY | O_CLOEXEC);
	unsigned char header[HEADER_SIZE];
	uint32_t application;
	struct stat st;
	ssize_t got;

	if (fd < 0 && errno == ENOENT)
		return SL_OK;
	if (fd < 0)
		return sl_os_error(err, errno, "store %s: open", out->path);
	got = read(fd, header, sizeof(header));
	if (got < 0)
		return sl_os_error(err, errno, "store %s: read", out->path);
	out->exists = true;
	out->linked = fstat(fd, &st) == 0 && st.st_nlink > 1;
	out->ours = got == 0;
	if (got < HEADER_SIZE || memcmp(header, "SQLite format 3", 16) != 0)
		return SL_OK;
	application = number_at(header, APPLICATION_AT);
	out->ours = application == APPLICATION_ID || (application == 0 && has_journal(out->path));
	out->version = (int)number_at(header, VERSION_AT);
	return SL_OK;
}

/* The lock's file holds the number of the process that took it last. */
static void find_holder(struct sl_store_facts *out)
{
	sl_autofree char *path = store_sqlite_lock_path(out->path);
	sl_auto(sl_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[24] = "";
	int64_t pid = 0;

	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &all) != 0 || all.l_type == F_UNLCK)
		return;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (sl_parse_i64(text, 1, INT32_MAX, &pid))
		out->holder = (long)pid;
}

enum sl_code sl_store_examine(const struct sl_store_options *options, struct sl_store_facts *out,
	struct sl_error *err)
{
	static const char file[] = "sqlite:", memory[] = "memory:";

	*out = (struct sl_store_facts){ .path = "", .known = store_migrations() };
	if (sl_str_starts(options->url, memory)) {
		out->may_be_made = true;
		return SL_OK;
	}
	if (!sl_str_starts(options->url, file))
		return store_pg_examine(options, out, err);
	out->embedded = true;
	out->path = options->url + sizeof(file) - 1;
	find_holder(out);
	return read_header(out, err);
}
