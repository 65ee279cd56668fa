#include "sluice/core/json.h"

#define DEPTH_MAX 64

/* jansson's own limit is 2,048 levels and fixed; ours is counted before it sees the text. */
static bool too_deep(const char *text, size_t len)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > DEPTH_MAX)
				return true;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

enum sl_code sl_json_load(json_t **out, const char *text, size_t len, size_t max, const char *what,
	struct sl_error *err)
{
	json_error_t error;
	json_t *json;

	if (len > max)
		return sl_error_set(err, SL_ELIMIT, "%s: %zu bytes of JSON, at most %zu are read",
			what, len, max);
	if (too_deep(text, len))
		return sl_error_set(err, SL_ELIMIT, "%s: JSON nested deeper than %d levels", what,
			DEPTH_MAX);
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		return sl_error_set(err, SL_EINVAL, "%s:%d:%d: %s", what, error.line, error.column,
			error.text);
	*out = json;
	return SL_OK;
}

static int to_buf(const char *data, size_t len, void *out)
{
	sl_buf_add(out, data, len);
	return 0;
}

static void dump(const json_t *json, struct sl_buf *out, size_t flags)
{
	/* It fails only on a value that contains itself. */
	(void)json_dump_callback(json, to_buf, out, flags | JSON_ENCODE_ANY);
}

void sl_json_canonical(const json_t *json, struct sl_buf *out)
{
	dump(json, out, JSON_SORT_KEYS | JSON_COMPACT);
}

void sl_json_pretty(const json_t *json, struct sl_buf *out)
{
	dump(json, out, JSON_INDENT(2));
}

const char *sl_json_str(const json_t *object, const char *key, const char *fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? json_string_value(value) : fallback;
}

int64_t sl_json_i64(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool sl_json_bool(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}
