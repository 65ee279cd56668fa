/* The push hook's protocol: lines of `key value` behind a version. */
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/core/vec.h"
#include "sluice/forge/hook.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define VERSION_LINE "sluice-hook 1"
#define WAIT_MAX     60000
#define ID_LEN       40
#define PATH_LIMIT   4096

static const char *const done_names[] = {
	[SL_HOOK_REVIEWED] = "reviewed",
	[SL_HOOK_LATER] = "later",
	[SL_HOOK_IGNORED] = "ignored",
};

_Static_assert(sizeof(done_names) / sizeof(done_names[0]) == SL_HOOK_DONE_COUNT,
	"end without a name");

struct refs {
	SL_VEC(struct sl_hook_ref);
};

struct lines {
	SL_VEC(const char *);
};

/* "key value\n": control bytes become spaces, so that a value cannot end its line. */
static void add_line(struct sl_buf *out, const char *key, const char *value, size_t max)
{
	size_t len = strnlen(value, max);

	sl_buf_adds(out, key);
	sl_buf_addc(out, ' ');
	for (size_t i = 0; i < len; i++)
		sl_buf_addc(out,
			(unsigned char)value[i] < ' ' || value[i] == 0x7f ? ' ' : value[i]);
	sl_buf_addc(out, '\n');
}

enum sl_code sl_hook_request_encode(const struct sl_hook_request *request, struct sl_buf *out,
	struct sl_error *err)
{
	char text[2 * ID_LEN + 8];

	if (request->n_refs > SL_HOOK_REFS_MAX)
		return sl_error_set(err, SL_ELIMIT, "push hook: more than %d refs in one push",
			SL_HOOK_REFS_MAX);
	sl_buf_adds(out, VERSION_LINE "\n");
	add_line(out, "repository", request->repository, PATH_LIMIT);
	if (request->user[0] != '\0')
		add_line(out, "user", request->user, SL_HOOK_LINE_MAX);
	(void)snprintf(text, sizeof(text), "%lld", (long long)request->wait_ms);
	add_line(out, "wait-ms", text, sizeof(text));
	for (size_t i = 0; i < request->n_refs; i++) {
		const struct sl_hook_ref *ref = &request->refs[i];

		(void)snprintf(text, sizeof(text), "ref %.40s %.40s", ref->old_id, ref->new_id);
		add_line(out, text, ref->name, SL_HOOK_LINE_MAX);
	}
	if (!sl_buf_ok(out))
		return sl_error_set(err, SL_ELIMIT, "push hook: the push has too many refs");
	return SL_OK;
}

void sl_hook_answer_encode(const struct sl_hook_answer *answer, struct sl_buf *out)
{
	size_t n = answer->n_lines < SL_HOOK_LINES_MAX ? answer->n_lines : SL_HOOK_LINES_MAX;

	assert(answer->done < SL_HOOK_DONE_COUNT);
	sl_buf_adds(out, VERSION_LINE "\n");
	for (size_t i = 0; i < n; i++) {
		const char *line = answer->lines[i];

		add_line(out, "line", line, sl_utf8_cut(line, strlen(line), SL_HOOK_LINE_MAX));
	}
	add_line(out, "done", done_names[answer->done], SL_HOOK_LINE_MAX);
}

/* --- reading --------------------------------------------------------------------------------- */

/* One line at a time, copied into the arena. */
struct reader {
	struct sl_arena *arena;
	const char *at, *end;
	unsigned line;
	char *key, *value;
};

static bool next_line(struct reader *reader)
{
	const char *stop;
	char *space;
	size_t len = (size_t)(reader->end - reader->at);

	if (len == 0)
		return false;
	stop = memchr(reader->at, '\n', len);
	if (stop != NULL)
		len = (size_t)(stop - reader->at);
	reader->key = sl_arena_strndup(reader->arena, reader->at, len);
	reader->at += len + (stop != NULL ? 1 : 0);
	reader->line++;
	space = strchr(reader->key, ' ');
	reader->value = space != NULL ? space + 1 : reader->key + strlen(reader->key);
	if (space != NULL)
		*space = '\0';
	return true;
}

static enum sl_code bad_line(const struct reader *reader, const char *why, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL, "push hook: line %u: %s", reader->line, why);
}

static enum sl_code begin(struct reader *reader, const char *body, size_t len, struct sl_error *err)
{
	if (len > SL_HOOK_BODY_MAX)
		return sl_error_set(err, SL_ELIMIT, "push hook: more than %u bytes",
			SL_HOOK_BODY_MAX);
	reader->at = body;
	reader->end = body + len;
	if (memchr(body, '\0', len) != NULL)
		return sl_error_set(err, SL_EINVAL, "push hook: a NUL byte");
	if (!next_line(reader) || strcmp(reader->key, "sluice-hook") != 0 ||
		strcmp(reader->value, "1") != 0)
		return sl_error_set(err, SL_EINVAL,
			"push hook: it does not begin with \"" VERSION_LINE "\"");
	return SL_OK;
}

static bool is_id(const char *text, char stop)
{
	return strspn(text, "0123456789abcdef") == ID_LEN && text[ID_LEN] == stop;
}

/* "old new name"; false when it is none. */
static bool parse_ref(const char *text, struct sl_arena *arena, struct sl_hook_ref *out)
{
	const char *second = text + ID_LEN + 1, *name = second + ID_LEN + 1;

	if (!is_id(text, ' ') || !is_id(second, ' ') || !sl_str_starts(name, "refs/") ||
		strlen(name) > SL_HOOK_LINE_MAX)
		return false;
	*out = (struct sl_hook_ref){
		.old_id = sl_arena_strndup(arena, text, ID_LEN),
		.new_id = sl_arena_strndup(arena, second, ID_LEN),
		.name = sl_arena_strdup(arena, name),
	};
	return true;
}

static enum sl_code read_ref(const struct reader *reader, const char *text, struct refs *refs,
	struct sl_error *err)
{
	struct sl_hook_ref ref;

	if (!parse_ref(text, reader->arena, &ref))
		return bad_line(reader, "not \"old new ref\"", err);
	if (refs->len == SL_HOOK_REFS_MAX)
		return sl_error_set(err, SL_ELIMIT, "push hook: more than %d refs in one push",
			SL_HOOK_REFS_MAX);
	*sl_vec_add_in(reader->arena, refs) = ref;
	return SL_OK;
}

static enum sl_code read_request_line(const struct reader *reader, struct sl_hook_request *request,
	struct refs *refs, struct sl_error *err)
{
	if (strcmp(reader->key, "ref") == 0)
		return read_ref(reader, reader->value, refs, err);
	if (strcmp(reader->key, "repository") == 0) {
		if (reader->value[0] != '/' || strlen(reader->value) >= PATH_LIMIT)
			return bad_line(reader, "the repository is not an absolute path", err);
		request->repository = reader->value;
	}
	if (strcmp(reader->key, "user") == 0)
		request->user = reader->value;
	if (strcmp(reader->key, "wait-ms") == 0 &&
		!sl_parse_i64(reader->value, 0, WAIT_MAX, &request->wait_ms))
		return bad_line(reader, "wait-ms is not a number from 0 to 60000", err);
	return SL_OK;
}

enum sl_code sl_hook_request_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_request *out, struct sl_error *err)
{
	struct reader reader = { .arena = arena };
	struct sl_hook_request request = { .user = "" };
	struct refs refs = { 0 };
	enum sl_code code = begin(&reader, body, len, err);

	while (code == SL_OK && next_line(&reader))
		code = read_request_line(&reader, &request, &refs, err);
	if (code != SL_OK)
		return code;
	if (request.repository == NULL)
		return sl_error_set(err, SL_EINVAL, "push hook: no repository is named");
	request.refs = refs.at;
	request.n_refs = refs.len;
	*out = request;
	return SL_OK;
}

static bool parse_done(const char *name, enum sl_hook_done *out)
{
	for (unsigned i = 0; i < SL_HOOK_DONE_COUNT; i++)
		if (strcmp(done_names[i], name) == 0) {
			*out = (enum sl_hook_done)i;
			return true;
		}
	return false;
}

enum sl_code sl_hook_answer_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_answer *out, struct sl_error *err)
{
	struct reader reader = { .arena = arena };
	struct lines lines = { 0 };
	enum sl_hook_done done = SL_HOOK_DONE_COUNT;
	enum sl_code code = begin(&reader, body, len, err);

	while (code == SL_OK && next_line(&reader)) {
		if (strcmp(reader.key, "line") == 0 && lines.len < SL_HOOK_LINES_MAX)
			*sl_vec_add_in(arena, &lines) = reader.value;
		if (strcmp(reader.key, "done") == 0 && !parse_done(reader.value, &done))
			code = bad_line(&reader, "an unknown end", err);
	}
	if (code == SL_OK && done == SL_HOOK_DONE_COUNT)
		code = sl_error_set(err, SL_EINVAL, "push hook: the answer is cut off");
	if (code == SL_OK)
		*out = (struct sl_hook_answer){ done, lines.at, lines.len };
	return code;
}

enum sl_code sl_hook_updates_decode(struct sl_arena *arena, const char *text, size_t len,
	struct sl_hook_request *inout, struct sl_error *err)
{
	struct reader reader = { .arena = arena, .at = text, .end = text + len };
	struct refs refs = { 0 };
	enum sl_code code = SL_OK;

	while (code == SL_OK && next_line(&reader)) {
		const char *line = sl_arena_printf(arena, "%s %s", reader.key, reader.value);

		if (strstr(line, " refs/") == NULL || strstr(line, " refs/heads/") != NULL)
			code = read_ref(&reader, line, &refs, err);
	}
	if (code != SL_OK)
		return code;
	inout->refs = refs.at;
	inout->n_refs = refs.len;
	return SL_OK;
}
