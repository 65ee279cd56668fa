#include "review_stream.h"

#include "sluice/core/alloc.h"
#include "sluice/sys/file.h"
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

static struct stream *stream_new(const char *path, int fd)
{
	struct stream *stream = sl_xcalloc(1, sizeof(*stream));

	stream->path = path;
	stream->fd = fd;
	stream->source = (struct sl_sql_source){ read_next, stream };
	return stream;
}

/* What cannot be opened is left to whoever reads it whole, and says why not. */
static bool is_large(struct stream *stream)
{
	return stream->fd >= 0 && fstat(stream->fd, &stream->seen) == 0 &&
		S_ISREG(stream->seen.st_mode) && stream->seen.st_size > SL_LAYOUT_FILE_LIMIT;
}

/* False in *streams when it has to be read whole. */
static enum sl_code look_through(struct stream *stream, struct sl_layout *layout,
	struct sl_arena *arena, enum sl_dialect dialect, bool *streams, struct sl_error *err)
{
	sl_auto(sl_layout_scan_free_p) struct sl_layout_scan *scan = NULL;
	enum sl_code code;

	*streams = is_large(stream);
	if (!*streams)
		return SL_OK;
	scan = sl_layout_scan_new();
	code = scan_all(scan, stream, err);
	if (code != SL_OK)
		return code;
	*streams = sl_layout_scan_end(layout, arena, dialect, stream->path, scan);
	if (*streams && layout->set.len > 0)
		stream->runs = layout->set.at[0].sql_len;
	return SL_OK;
}

enum sl_code stream_open(struct stream **out, struct sl_layout *layout, struct sl_arena *arena,
	enum sl_dialect dialect, const char *path, struct sl_error *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	sl_auto(stream_free_p) struct stream *stream = stream_new(path, fd);
	bool streams;
	enum sl_code code = look_through(stream, layout, arena, dialect, &streams, err);

	*out = code == SL_OK && streams ? sl_steal(stream) : NULL;
	return code;
}

/* --- standard input ------------------------------------------------------------------------ */

#define PIECE 65536

/* Adds what comes until more than `most` bytes are there; false at the end of the input. */
static enum sl_code take(struct sl_buf *text, int fd, size_t most, bool *more, struct sl_error *err)
{
	sl_autofree char *piece = sl_xcalloc(1, PIECE);
	ssize_t n = 1;

	while (n > 0 && text->len <= most) {
		n = read_some(fd, piece, PIECE);
		if (n < 0)
			return sl_os_error(err, errno, "standard input: read");
		sl_buf_add(text, piece, (size_t)n);
		if (!sl_buf_ok(text))
			return sl_error_set(err, SL_ELIMIT, "standard input: more than %zu bytes",
				text->max);
	}
	*more = n > 0;
	return SL_OK;
}

static enum sl_code keep(int fd, const char *at, size_t len, const char *folder,
	struct sl_error *err)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sl_os_error(err, errno,
				"%s: keep standard input, which is too large for memory (TMPDIR "
				"names another folder)",
				folder);
		at += n;
		len -= (size_t)n;
	}
	return SL_OK;
}

/* The text, and what follows it on standard input, in a file without a name. */
static enum sl_code spool(int fd, const struct stream_input *input, struct sl_error *err)
{
	bool more = true;
	enum sl_code code = SL_OK;

	while (code == SL_OK && (more || input->text->len > 0)) {
		code = keep(fd, input->text->data, input->text->len, input->folder, err);
		sl_buf_clear(input->text);
		if (code == SL_OK && more)
			code = take(input->text, STDIN_FILENO, PIECE, &more, err);
	}
	sl_buf_done(input->text);
	if (code == SL_OK && lseek(fd, 0, SEEK_SET) < 0)
		code = sl_os_error(err, errno, "%s: read what was kept", input->folder);
	return code;
}

enum sl_code stream_open_stdin(struct stream **out, struct sl_layout *layout,
	struct sl_arena *arena, const struct stream_input *input, struct sl_error *err)
{
	sl_auto(stream_free_p) struct stream *stream = stream_new("-", -1);
	bool streams = false;
	bool more = false;
	enum sl_code code = take(input->text, STDIN_FILENO, SL_LAYOUT_FILE_LIMIT, &more, err);

	*out = NULL;
	if (code != SL_OK || !more)
		return code;
	code = sl_file_nameless(&stream->fd, input->folder, err);
	if (code == SL_OK)
		code = spool(stream->fd, input, err);
	if (code == SL_OK)
		code = look_through(stream, layout, arena, input->dialect, &streams, err);
	if (code != SL_OK)
		return code;
	if (streams)
		*out = sl_steal(stream);
	else if (lseek(stream->fd, 0, SEEK_SET) < 0)
		code = sl_os_error(err, errno, "%s: read what was kept", input->folder);
	else
		code = take(input->text, stream->fd, SIZE_MAX, &more, err);
	return code;
}
