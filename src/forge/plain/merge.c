/* What the content of two branches says about a change (product contract: plain Git). */
#include "sluice/forge/plain.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_there(const struct sl_plain_file *file)
{
	return same(file->branch, file->content);
}

static bool is_other(const struct sl_plain_file *file)
{
	return file->branch != NULL && !is_there(file) && !same(file->branch, file->base);
}

static bool is_missing(const struct sl_plain_file *file)
{
	return !is_there(file);
}

static struct sl_plain_merge_result list(struct sl_arena *arena, enum sl_plain_merge state,
	const struct sl_plain_file *files, size_t n, bool (*wanted)(const struct sl_plain_file *))
{
	const char **paths = sl_arena_calloc(arena, n, sizeof(*paths));
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (wanted(&files[i]))
			paths[len++] = files[i].path;
	return (struct sl_plain_merge_result){ state, paths, len };
}

struct sl_plain_merge_result sl_plain_merge_state(struct sl_arena *arena,
	const struct sl_plain_file *files, size_t n)
{
	size_t there = 0, other = 0;

	for (size_t i = 0; i < n; i++) {
		there += is_there(&files[i]) ? 1 : 0;
		other += is_other(&files[i]) ? 1 : 0;
	}
	if (other > 0)
		return list(arena, SL_PLAIN_SUPERSEDED, files, n, is_other);
	if (there > 0 && there < n)
		return list(arena, SL_PLAIN_PART, files, n, is_missing);
	return (struct sl_plain_merge_result){
		.state = n > 0 && there == n ? SL_PLAIN_MERGED : SL_PLAIN_OPEN,
	};
}

int64_t sl_plain_claimant(const struct sl_plain_claim *claims, size_t n, const char *path,
	const char *content)
{
	const struct sl_plain_claim *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct sl_plain_claim *claim = &claims[i];

		if (strcmp(claim->path, path) != 0 || strcmp(claim->content, content) != 0)
			continue;
		if (best == NULL || claim->first_seen < best->first_seen ||
			(claim->first_seen == best->first_seen &&
				claim->change_id < best->change_id))
			best = claim;
	}
	return best != NULL ? best->change_id : 0;
}
