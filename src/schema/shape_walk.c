#include "shape.h"

#include "sluice/core/utf8.h"

#include <assert.h>

/* The form of every list member: sl_names, sl_columns and the others. */
struct list {
	const void *at;
	size_t len;
};

_Static_assert(sizeof(struct list) == sizeof(struct sl_names) &&
		sizeof(struct list) == sizeof(struct sl_columns),
	"lists have one form");

static const void *at_offset(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

static const char *get_text(const void *base, const struct field *field)
{
	const char *text;

	memcpy(&text, at_offset(base, field->offset), sizeof(text));
	return text;
}

static struct list get_list(const void *base, const struct field *field)
{
	struct list list;

	memcpy(&list, at_offset(base, field->offset), sizeof(list));
	return list;
}

static const char *name_at(struct list list, size_t i)
{
	const char *text;

	memcpy(&text, at_offset(list.at, i * sizeof(text)), sizeof(text));
	return text;
}

static int get_enum(const void *base, const struct field *field)
{
	int value;

	memcpy(&value, at_offset(base, field->offset), sizeof(value));
	return value;
}

static int64_t get_int(const void *base, const struct field *field)
{
	int64_t value;

	memcpy(&value, at_offset(base, field->offset), sizeof(value));
	return value;
}

static bool get_bool(const void *base, const struct field *field)
{
	bool value;

	memcpy(&value, at_offset(base, field->offset), sizeof(value));
	return value;
}

static void put(void *base, const struct field *field, const void *value, size_t size)
{
	memcpy((char *)base + field->offset, value, size);
}

static void copy_text(const struct field *field, struct texts *texts, const void *from, void *to)
{
	const char *text = get_text(from, field);

	if (text)
		text = sl_texts_keep(texts, text);
	else if (field->type == FIELD_TEXT)
		text = "";
	put(to, field, &text, sizeof(text));
}

/* Empty lists, and most are, have no memory of their own. */
static void *list_new(struct sl_arena *arena, size_t len, size_t size)
{
	static _Alignas(16) char none[16];

	return len > 0 ? sl_arena_calloc(arena, len, size) : none;
}

static void copy_names(const struct field *field, struct texts *texts, const void *from, void *to)
{
	struct list list = get_list(from, field);
	const char **names = list_new(texts->arena, list.len, sizeof(*names));

	for (size_t i = 0; i < list.len; i++)
		names[i] = sl_texts_keep(texts, name_at(list, i));
	list.at = names;
	put(to, field, &list, sizeof(list));
}

static void copy_list(const struct field *field, struct texts *texts, const void *from, void *to)
{
	struct list list = get_list(from, field);
	size_t size = field->of->size;
	char *items = list_new(texts->arena, list.len, size);

	for (size_t i = 0; i < list.len; i++)
		sl_shape_copy(field->of, texts, at_offset(list.at, i * size), items + i * size);
	list.at = items;
	put(to, field, &list, sizeof(list));
}

void sl_shape_copy(const struct shape *shape, struct texts *texts, const void *from, void *to)
{
	memcpy(to, from, shape->size);
	for (size_t i = 0; i < shape->len; i++) {
		const struct field *field = &shape->fields[i];

		switch (field->type) {
		case FIELD_TEXT:
		case FIELD_OPTIONAL:
			copy_text(field, texts, from, to);
			break;
		case FIELD_NAMES:
			copy_names(field, texts, from, to);
			break;
		case FIELD_LIST:
			copy_list(field, texts, from, to);
			break;
		case FIELD_BOOL:
		case FIELD_INT:
		case FIELD_ENUM:
			break;
		}
	}
}

static void write_escape(unsigned char c, struct sl_buf *out)
{
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (size_t i = 0; letters[i]; i += 2) {
		if (c == (unsigned char)letters[i]) {
			sl_buf_addc(out, '\\');
			sl_buf_addc(out, letters[i + 1]);
			return;
		}
	}
	sl_buf_addf(out, "\\u%04X", c);
}

static bool plain_byte(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void sl_shape_write_text(const char *text, struct sl_buf *out)
{
	size_t len = strlen(text), at = 0;

	sl_buf_addc(out, '"');
	while (at < len) {
		size_t run = at, size;

		while (run < len && plain_byte((unsigned char)text[run]))
			run++;
		sl_buf_add(out, text + at, run - at);
		at = run;
		if (at == len)
			break;
		if ((unsigned char)text[at] < 0x80) {
			write_escape((unsigned char)text[at++], out);
			continue;
		}
		if (sl_utf8_decode(text + at, len - at, &size) == 0xFFFD && size == 1)
			sl_buf_adds(out, "\xEF\xBF\xBD");
		else
			sl_buf_add(out, text + at, size);
		at += size;
	}
	sl_buf_addc(out, '"');
}

static void write_names(struct list list, struct sl_buf *out)
{
	sl_buf_addc(out, '[');
	for (size_t i = 0; i < list.len; i++) {
		if (i > 0)
			sl_buf_addc(out, ',');
		sl_shape_write_text(name_at(list, i), out);
	}
	sl_buf_addc(out, ']');
}

static void write_list(const struct shape *of, struct list list, struct sl_buf *out)
{
	sl_buf_addc(out, '[');
	for (size_t i = 0; i < list.len; i++) {
		if (i > 0)
			sl_buf_addc(out, ',');
		sl_shape_write(of, at_offset(list.at, i * of->size), out);
	}
	sl_buf_addc(out, ']');
}

static bool left_out(const struct field *field, const void *from)
{
	const char *text;

	if (field->beside)
		return true;
	switch (field->type) {
	case FIELD_TEXT:
		text = get_text(from, field);
		return !text || !*text;
	case FIELD_OPTIONAL:
		return !get_text(from, field);
	case FIELD_BOOL:
		return !get_bool(from, field);
	case FIELD_ENUM:
		return get_enum(from, field) == 0 && !field->always;
	case FIELD_NAMES:
	case FIELD_LIST:
		return get_list(from, field).len == 0;
	case FIELD_INT:
		return false;
	}
	return false;
}

static void write_value(const struct field *field, const void *from, struct sl_buf *out)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_OPTIONAL:
		sl_shape_write_text(get_text(from, field), out);
		break;
	case FIELD_BOOL:
		sl_buf_adds(out, "true");
		break;
	case FIELD_INT:
		sl_buf_addf(out, "%lld", (long long)get_int(from, field));
		break;
	case FIELD_ENUM:
		sl_shape_write_text(field->words[get_enum(from, field)], out);
		break;
	case FIELD_NAMES:
		write_names(get_list(from, field), out);
		break;
	case FIELD_LIST:
		write_list(field->of, get_list(from, field), out);
		break;
	}
}

void sl_shape_write(const struct shape *shape, const void *from, struct sl_buf *out)
{
	bool first = true;

	sl_buf_addc(out, '{');
	for (size_t i = 0; i < shape->len; i++) {
		const struct field *field = &shape->fields[i];

		if (left_out(field, from))
			continue;
		if (!first)
			sl_buf_addc(out, ',');
		first = false;
		sl_buf_addc(out, '"');
		sl_buf_adds(out, field->key);
		sl_buf_adds(out, "\":");
		write_value(field, from, out);
	}
	sl_buf_addc(out, '}');
}

static enum sl_code wrong_type(const char *key, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL, "snapshot: \"%s\" is not of its type", key);
}

static enum sl_code read_enum(const struct field *field, const json_t *value, void *to,
	struct sl_error *err)
{
	const char *word = json_string_value(value);

	for (int i = 0; word && field->words[i]; i++) {
		if (strcmp(field->words[i], word) == 0) {
			put(to, field, &i, sizeof(i));
			return SL_OK;
		}
	}
	return wrong_type(field->key, err);
}

static enum sl_code read_names(const struct field *field, struct sl_arena *arena,
	const json_t *value, void *to, struct sl_error *err)
{
	struct list list = { .len = json_array_size(value) };
	const char **names = sl_arena_calloc(arena, list.len + 1, sizeof(*names));

	for (size_t i = 0; i < list.len; i++) {
		const char *name = json_string_value(json_array_get(value, i));

		if (!name)
			return wrong_type(field->key, err);
		names[i] = sl_arena_strdup(arena, name);
	}
	list.at = names;
	put(to, field, &list, sizeof(list));
	return SL_OK;
}

static enum sl_code read_list(const struct field *field, struct sl_arena *arena,
	const json_t *value, void *to, struct sl_error *err)
{
	struct list list = { .len = json_array_size(value) };
	size_t size = field->of->size;
	char *items = sl_arena_calloc(arena, list.len + 1, size);

	for (size_t i = 0; i < list.len; i++) {
		enum sl_code code = sl_shape_read(field->of, arena, json_array_get(value, i),
			items + i * size, err);

		if (code != SL_OK)
			return code;
	}
	list.at = items;
	put(to, field, &list, sizeof(list));
	return SL_OK;
}

static enum sl_code read_value(const struct field *field, struct sl_arena *arena,
	const json_t *value, void *to, struct sl_error *err)
{
	const char *text;
	int64_t number;
	bool yes;

	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_OPTIONAL:
		if (!json_is_string(value))
			return wrong_type(field->key, err);
		text = sl_arena_strdup(arena, json_string_value(value));
		put(to, field, &text, sizeof(text));
		return SL_OK;
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return wrong_type(field->key, err);
		yes = json_is_true(value);
		put(to, field, &yes, sizeof(yes));
		return SL_OK;
	case FIELD_INT:
		if (!json_is_integer(value))
			return wrong_type(field->key, err);
		number = json_integer_value(value);
		put(to, field, &number, sizeof(number));
		return SL_OK;
	case FIELD_ENUM:
		return read_enum(field, value, to, err);
	case FIELD_NAMES:
		return read_names(field, arena, value, to, err);
	case FIELD_LIST:
		return read_list(field, arena, value, to, err);
	}
	return wrong_type(field->key, err);
}

enum sl_code sl_shape_read(const struct shape *shape, struct sl_arena *arena, const json_t *from,
	void *to, struct sl_error *err)
{
	size_t found = 0;

	if (!json_is_object(from))
		return sl_error_set(err, SL_EINVAL, "snapshot: an object was expected");
	for (size_t i = 0; i < shape->len; i++) {
		const struct field *field = &shape->fields[i];
		const json_t *value = field->beside ? NULL : json_object_get(from, field->key);
		const char *none = "";
		enum sl_code code;

		if (!value) {
			if (field->type == FIELD_TEXT)
				put(to, field, &none, sizeof(none));
			continue;
		}
		found++;
		code = read_value(field, arena, value, to, err);
		if (code != SL_OK)
			return code;
	}
	if (found != json_object_size(from))
		return sl_error_set(err, SL_EINVAL,
			"snapshot: an object has a key that is not known");
	return SL_OK;
}

const char *sl_shape_text(struct sl_arena *arena, const struct field *field, const void *from)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)64 * 1024 * 1024);

	if (left_out(field, from))
		return NULL;
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_OPTIONAL:
		return sl_arena_strdup(arena, get_text(from, field));
	case FIELD_ENUM:
		return field->words[get_enum(from, field)];
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_NAMES:
	case FIELD_LIST:
		write_value(field, from, &out);
		break;
	}
	return sl_arena_strdup(arena, sl_buf_str(&out));
}
