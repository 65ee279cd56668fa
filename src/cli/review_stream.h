/* A file that is too large to be held in memory is read twice: once to see what it is, once as it
 * is reviewed. */
#ifndef SLUICE_CLI_REVIEW_STREAM_H
#define SLUICE_CLI_REVIEW_STREAM_H

#include "sluice/core/buf.h"
#include "sluice/layout.h"
#include "sluice/review/review.h"

struct stream;

/* *out is NULL when the file is to be read whole: it is small, no regular file, or cannot be told
 * piece by piece.  The path is borrowed. */
enum sl_code stream_open(struct stream **out, struct sl_layout *layout, struct sl_arena *arena,
	enum sl_dialect dialect, const char *path, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The same for standard input, "-": what is too large to be held is kept in a file without a name
 * in the folder until the stream is freed.  Where *out is NULL, text has all of it; SL_ELIMIT above
 * the text's maximum. */
struct stream_input {
	enum sl_dialect dialect;
	const char *folder;
	struct sl_buf *text;
};

enum sl_code stream_open_stdin(struct stream **out, struct sl_layout *layout,
	struct sl_arena *arena, const struct stream_input *input, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Accepts NULL. */
void stream_free(struct stream *stream);

const char *stream_path(const struct stream *stream);

/* From the begin of what runs. */
const struct sl_sql_source *stream_begin(struct stream *stream);

/* Whether all of it could be read, and is still what was seen first. */
enum sl_code stream_check(const struct stream *stream, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
