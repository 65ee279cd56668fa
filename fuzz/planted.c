/* A fault of the kind that fuzzing is for, planted behind the push hook's decoder: a list that was
 * made too short.  `fuzz/run --planted` must find it, else the machinery finds nothing. */
#include "fuzz.h"

#include "sluice/forge/hook.h"

#define ROOM 2

enum sl_code __real_sl_hook_request_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_request *out, struct sl_error *err);
enum sl_code __wrap_sl_hook_request_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_request *out, struct sl_error *err);

enum sl_code __wrap_sl_hook_request_decode(struct sl_arena *arena, const char *body, size_t len,
	struct sl_hook_request *out, struct sl_error *err)
{
	volatile struct sl_hook_ref copies[ROOM];
	enum sl_code code = __real_sl_hook_request_decode(arena, body, len, out, err);

	for (size_t i = 0; code == SL_OK && i < out->n_refs; i++)
		copies[i] = out->refs[i];
	return code;
}
