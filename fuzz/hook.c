/* The push hook's protocol; the first byte chooses request, answer or what Git writes. */
#include "fuzz.h"

#include "sluice/forge/hook.h"

#include <assert.h>
#include <string.h>

/* What was understood once is understood again after it was written. */
static void check_request(struct sl_arena *arena, const char *body, size_t len)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4 * SL_HOOK_BODY_MAX);
	struct sl_hook_request one, two;

	if (sl_hook_request_decode(arena, body, len, &one, NULL) != SL_OK)
		return;
	assert(one.repository[0] == '/' && one.n_refs <= SL_HOOK_REFS_MAX);
	assert(one.wait_ms >= 0 && one.wait_ms <= 60000);
	if (sl_hook_request_encode(&one, &out, NULL) != SL_OK || out.len > SL_HOOK_BODY_MAX)
		return;
	assert(sl_hook_request_decode(arena, sl_buf_str(&out), out.len, &two, NULL) == SL_OK);
	assert(one.n_refs == two.n_refs && one.wait_ms == two.wait_ms);
	for (size_t i = 0; i < one.n_refs; i++)
		assert(strcmp(one.refs[i].new_id, two.refs[i].new_id) == 0);
}

static void check_answer(struct sl_arena *arena, const char *body, size_t len)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4 * SL_HOOK_BODY_MAX);
	struct sl_hook_answer one, two;

	if (sl_hook_answer_decode(arena, body, len, &one, NULL) != SL_OK)
		return;
	assert(one.n_lines <= SL_HOOK_LINES_MAX);
	sl_hook_answer_encode(&one, &out);
	if (!sl_buf_ok(&out) || out.len > SL_HOOK_BODY_MAX)
		return;
	assert(sl_hook_answer_decode(arena, sl_buf_str(&out), out.len, &two, NULL) == SL_OK);
	assert(one.n_lines == two.n_lines && one.done == two.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena *arena = sl_arena_new();
	struct sl_hook_request request = { .repository = "/r", .user = "" };
	const char *body = (const char *)data + 1;

	if (size > 0 && data[0] % 3 == 0)
		check_request(arena, body, size - 1);
	else if (size > 0 && data[0] % 3 == 1)
		check_answer(arena, body, size - 1);
	else if (size > 0 && sl_hook_updates_decode(arena, body, size - 1, &request, NULL) == SL_OK)
		assert(request.n_refs <= SL_HOOK_REFS_MAX);
	sl_arena_free(arena);
	return 0;
}
