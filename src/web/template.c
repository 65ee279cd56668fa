#include "template.h"

#include "files.h"

#include "sluice/core/escape.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16

/* The views that names are looked up in, innermost last. */
struct scope {
	const json_t *at[DEPTH_MAX];
	size_t len;
};

struct tag {
	char kind; /* '#', '^', '/', '>', '@' or ' ' */
	const char *name;
	size_t name_len;
	const char *begin, *end; /* with the braces */
};

static void render(const char *text, const char *end, struct scope *scope, struct sl_buf *out);

/* The next tag in text, or false when only text is left. */
static bool next_tag(const char *text, const char *end, struct tag *tag)
{
	const char *open = memmem(text, (size_t)(end - text), "{{", 2);
	const char *close;

	if (!open)
		return false;
	close = memmem(open, (size_t)(end - open), "}}", 2);
	assert(close);
	tag->begin = open;
	tag->end = close + 2;
	tag->kind = strchr("#^/>@", open[2]) ? open[2] : ' ';
	tag->name = open + (tag->kind == ' ' ? 2 : 3);
	tag->name_len = (size_t)(close - tag->name);
	return true;
}

static const json_t *member(const json_t *object, const char *name, size_t len)
{
	char key[64];

	assert(len < sizeof(key));
	memcpy(key, name, len);
	key[len] = '\0';
	return json_object_get(object, key);
}

/* "a.b.c": the first part is looked up from the innermost scope outwards, the rest inside it. */
static const json_t *look_up(const struct scope *scope, const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);
	size_t first = dot ? (size_t)(dot - name) : len;
	const json_t *found = NULL;

	if (len == 1 && name[0] == '.')
		return scope->at[scope->len - 1];
	for (size_t i = scope->len; i-- > 0 && !found;)
		found = member(scope->at[i], name, first);
	while (found && dot) {
		const char *part = dot + 1;

		dot = memchr(part, '.', (size_t)(name + len - part));
		found = member(found, part, (size_t)((dot ? dot : name + len) - part));
	}
	return found;
}

static void print(const json_t *value, struct sl_buf *out)
{
	if (json_is_string(value))
		sl_escape_html(out, json_string_value(value));
	else if (json_is_integer(value))
		sl_buf_addf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		sl_buf_adds(out, json_is_true(value) ? "yes" : "no");
}

static void print_moment(const json_t *value, struct sl_buf *out)
{
	char text[32] = "";

	if (json_is_string(value))
		(void)snprintf(text, sizeof(text), "%s", json_string_value(value));
	if (strlen(text) == strlen("2026-11-22T08:37:21Z")) {
		text[10] = ' ';
		text[19] = '\0';
	}
	sl_escape_html(out, text);
}

static bool is_something(const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value)[0] != '\0';
	if (json_is_integer(value))
		return json_integer_value(value) != 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	return json_is_true(value) || json_is_object(value);
}

/* Finds the closing tag of the section that open begins. */
static struct tag closing(const struct tag *open, const char *end)
{
	const char *at = open->end;
	struct tag tag;
	unsigned depth = 1;

	while (next_tag(at, end, &tag)) {
		if (tag.kind == '#' || tag.kind == '^')
			depth++;
		else if (tag.kind == '/' && --depth == 0)
			break;
		at = tag.end;
	}
	assert(depth == 0 && tag.name_len == open->name_len);
	assert(memcmp(tag.name, open->name, tag.name_len) == 0);
	return tag;
}

static void render_in(const json_t *value, const char *text, const char *end, struct scope *scope,
	struct sl_buf *out)
{
	assert(scope->len < DEPTH_MAX);
	scope->at[scope->len++] = value;
	render(text, end, scope, out);
	scope->len--;
}

static void render_section(const struct tag *open, const struct tag *close, struct scope *scope,
	struct sl_buf *out)
{
	const json_t *value = look_up(scope, open->name, open->name_len);
	const json_t *item;
	size_t i;

	if (open->kind == '^') {
		if (!is_something(value))
			render(open->end, close->begin, scope, out);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
			render_in(item, open->end, close->begin, scope, out);
	} else if (is_something(value)) {
		render_in(value, open->end, close->begin, scope, out);
	}
}

static void render_partial(const struct tag *tag, struct scope *scope, struct sl_buf *out)
{
	char name[64];
	const char *text;

	assert(tag->name_len < sizeof(name));
	memcpy(name, tag->name, tag->name_len);
	name[tag->name_len] = '\0';
	text = sl_web_file(name);
	assert(text);
	render(text, text + strlen(text), scope, out);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the templates are nested */
static void render(const char *text, const char *end, struct scope *scope, struct sl_buf *out)
{
	struct tag tag;

	while (next_tag(text, end, &tag)) {
		struct tag close = tag;

		sl_buf_add(out, text, (size_t)(tag.begin - text));
		if (tag.kind == '#' || tag.kind == '^') {
			close = closing(&tag, end);
			render_section(&tag, &close, scope, out);
		} else if (tag.kind == '>') {
			render_partial(&tag, scope, out);
		} else if (tag.kind == '@') {
			print_moment(look_up(scope, tag.name, tag.name_len), out);
		} else {
			print(look_up(scope, tag.name, tag.name_len), out);
		}
		text = close.end;
	}
	sl_buf_add(out, text, (size_t)(end - text));
}

void sl_template_render_text(const char *text, const json_t *view, struct sl_buf *out)
{
	struct scope scope = { .at = { view }, .len = 1 };

	render(text, text + strlen(text), &scope, out);
}

void sl_template_render(const char *name, const json_t *view, struct sl_buf *out)
{
	const char *text = sl_web_file(name);

	assert(text);
	sl_template_render_text(text, view, out);
}
