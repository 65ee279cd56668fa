/* jansson with limits, scope cleanup and one error form; the only foreign type in our doors. */
#ifndef SLUICE_CORE_JSON_H
#define SLUICE_CORE_JSON_H

#include "sluice/core/buf.h"
#include "sluice/core/error.h"

#include <jansson.h>

static inline void sl_json_decref_p(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}

#define sl_auto_json __attribute__((cleanup(sl_json_decref_p)))

/* A new reference.  Doubled keys, invalid UTF-8, more than max bytes (SL_ELIMIT) or 64 levels are
 * refused; what names the input in the message. */
enum sl_code sl_json_load(json_t **out, const char *text, size_t len, size_t max, const char *what,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Canonical: sorted keys, no blanks, UTF-8 as it is.  Appends to out. */
void sl_json_canonical(const json_t *json, struct sl_buf *out);

/* For people and files: keys as inserted, indented by two. */
void sl_json_pretty(const json_t *json, struct sl_buf *out);

/* Borrowed; fallback when the key is absent or of another type. */
const char *sl_json_str(const json_t *object, const char *key, const char *fallback);
int64_t sl_json_i64(const json_t *object, const char *key, int64_t fallback);
bool sl_json_bool(const json_t *object, const char *key, bool fallback);

#endif
