#include "review_stream.h"

#include "sluice/core/alloc.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct stream {
	const char *path;
	int fd;
	struct stat seen;
	size_t runs; /* bytes at the end of the file */
	int error; /* of the second reading; 0: none */
	struct sl_sql_source source;
};

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	sl_fd_closep(&stream->fd);
	free(stream);
}

SL_DEFINE_CLEANUP(struct stream, stream_free);

static ssize_t read_some(int fd, char *at, size_t room)
{
	ssize_t n;

	do
		n = read(fd, at, room);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Review cannot fail: the text ends where reading does, and stream_check() tells. */
static enum sl_code read_next(void *ctx, char *buf, size_t size, size_t *got, struct sl_error *err)
{
	struct stream *stream = ctx;
	ssize_t n = read_some(stream->fd, buf, size);

	(void)err;
	if (n < 0)
		stream->error = errno;
	*got = n > 0 ? (size_t)n : 0;
	return SL_OK;
}

const char *stream_path(const struct stream *stream)
{
	return stream->path;
}

const struct sl_sql_source *stream_begin(struct stream *stream)
{
	if (lseek(stream->fd, stream->seen.st_size - (off_t)stream->runs, SEEK_SET) < 0)
		stream->error = errno;
	return &stream->source;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum sl_code stream_check(const struct stream *stream, struct sl_error *err)
{
	struct stat now;

	if (stream->error != 0 || fstat(stream->fd, &now) != 0)
		return sl_os_error(err, stream->error ? stream->error : errno, "%s: read",
			stream->path);
	if (!is_same(&stream->seen, &now))
		return sl_error_set(err, SL_ECONFLICT,
			"%s: review: the file was changed meanwhile; review it again",
			stream->path);
	return SL_OK;
}

static enum sl_code scan_all(struct sl_layout_scan *scan, const struct stream *stream,
	struct sl_error *err)
{
	size_t room;
	ssize_t n;

	do {
		char *at = sl_layout_scan_room(scan, &room);

		n = read_some(stream->fd, at, room);
		if (n > 0)
			sl_layout_scan_took(scan, (size_t)n);
	} while (n > 0);
	return n < 0 ? sl_os_error(err, errno, "%s: read", stream->path) : SL_OK;
}

static struct stream *stream_new(const char *path)
{
	struct stream *stream = sl_xcalloc(1, sizeof(*stream));

	stream->path = path;
	stream->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	stream->source = (struct sl_sql_source){ read_next, stream };
	return stream;
}

/* What cannot be opened is left to whoever reads it whole, and says why not. */
static bool is_large(struct stream *stream)
{
	return stream->fd >= 0 && fstat(stream->fd, &stream->seen) == 0 &&
		S_ISREG(stream->seen.st_mode) && stream->seen.st_size > SL_LAYOUT_FILE_LIMIT;
}

enum sl_code stream_open(struct stream **out, struct sl_layout *layout, struct sl_arena *arena,
	enum sl_dialect dialect, const char *path, struct sl_error *err)
{
	sl_auto(stream_free_p) struct stream *stream = stream_new(path);
	sl_auto(sl_layout_scan_free_p) struct sl_layout_scan *scan = NULL;
	enum sl_code code;

	*out = NULL;
	if (!is_large(stream))
		return SL_OK;
	scan = sl_layout_scan_new();
	code = scan_all(scan, stream, err);
	if (code != SL_OK || !sl_layout_scan_end(layout, arena, dialect, path, scan))
		return code;
	if (layout->set.len > 0)
		stream->runs = layout->set.at[0].sql_len;
	*out = sl_steal(stream);
	return SL_OK;
}
