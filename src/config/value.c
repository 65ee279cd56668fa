/* What a text must look like to be a value of its option. */
#include "sluice/config/secret.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "tree.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const char *const type_names[] = {
	[SL_OPTION_SECTION] = "section",
	[SL_OPTION_STRING] = "text",
	[SL_OPTION_BOOL] = "true or false",
	[SL_OPTION_INT] = "number",
	[SL_OPTION_DURATION] = "duration",
	[SL_OPTION_SIZE] = "size",
	[SL_OPTION_ENUM] = "word",
	[SL_OPTION_URL] = "URL",
	[SL_OPTION_SECRET] = "secret's reference",
	[SL_OPTION_EXPR] = "SQL expression",
	[SL_OPTION_REGEX] = "regular expression",
	[SL_OPTION_GLOB] = "pattern",
	[SL_OPTION_PATH] = "path",
	[SL_OPTION_ANY] = "anything",
};

_Static_assert(sizeof(type_names) / sizeof(type_names[0]) == SL_OPTION_TYPE_COUNT,
	"a type has no name");

const char *option_type_name(enum sl_option_type type)
{
	return type_names[type];
}

#define SHOWN_MAX 64

/* The value in a message, cut and without control bytes. */
static enum sl_code refuse(struct sl_error *err, const char *must, const char *text)
{
	sl_auto_buf struct sl_buf shown = SL_BUF_INIT(4 * SHOWN_MAX);

	sl_escape_terminal(&shown, text, strnlen(text, SHOWN_MAX));
	return sl_error_set(err, SL_EINVAL, "must be %s, not '%s'", must, sl_buf_str(&shown));
}

static size_t count(const char *const *names)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	return n;
}

static bool is_among(const char *text, const char *const *names)
{
	for (size_t i = 0; names && names[i]; i++) {
		if (sl_str_eq(text, names[i]))
			return true;
	}
	return false;
}

static void add_amount(struct sl_buf *out, enum sl_option_type type, int64_t amount)
{
	static const struct {
		enum sl_option_type type;
		const char *name;
		int64_t size;
	} units[] = {
		{ SL_OPTION_DURATION, "d", INT64_C(86400000000) },
		{ SL_OPTION_DURATION, "h", INT64_C(3600000000) },
		{ SL_OPTION_DURATION, "m", 60000000 },
		{ SL_OPTION_DURATION, "s", 1000000 },
		{ SL_OPTION_DURATION, "ms", 1000 },
		{ SL_OPTION_SIZE, "GiB", INT64_C(1) << 30 },
		{ SL_OPTION_SIZE, "MiB", INT64_C(1) << 20 },
		{ SL_OPTION_SIZE, "KiB", INT64_C(1) << 10 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].type == type && amount > 0 && amount % units[i].size == 0) {
			sl_buf_addf(out, "%" PRId64 "%s", amount / units[i].size, units[i].name);
			return;
		}
	}
	sl_buf_addf(out, "%" PRId64, amount);
}

void option_range(const struct sl_option *row, struct sl_buf *out)
{
	if (row->type == SL_OPTION_ENUM) {
		sl_buf_adds(out, "one of ");
		for (size_t i = 0; row->names[i]; i++)
			sl_buf_addf(out, "%s%s", i > 0 ? ", " : "", row->names[i]);
	} else if (row->max == INT64_MAX) {
		sl_buf_adds(out, "at least ");
		add_amount(out, row->type, row->min);
	} else if (row->max != 0) {
		add_amount(out, row->type, row->min);
		sl_buf_adds(out, " to ");
		add_amount(out, row->type, row->max);
	}
}

static enum sl_code refuse_range(const struct sl_option *row, const char *text,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf must = SL_BUF_INIT(SL_ERROR_MSG_MAX);

	option_range(row, &must);
	return refuse(err, sl_buf_str(&must), text);
}

static enum sl_code check_amount(const struct sl_option *row, const char *text, int64_t *number,
	struct sl_error *err)
{
	int64_t value = 0;

	if (row->type == SL_OPTION_INT && !sl_parse_i64(text, INT64_MIN, INT64_MAX, &value))
		return refuse(err, "a whole number", text);
	if (row->type == SL_OPTION_DURATION && !sl_parse_duration(text, &value))
		return refuse(err, "a duration such as 30s, 10m or 1h30m", text);
	if (row->type == SL_OPTION_SIZE && !sl_parse_size(text, &value))
		return refuse(err, "a size such as 512KiB or 64MiB", text);
	if (row->max != 0 && (value < row->min || value > row->max))
		return refuse_range(row, text, err);
	*number = value;
	return SL_OK;
}

static enum sl_code check_bool(const char *text, int64_t *number, struct sl_error *err)
{
	bool yes = sl_str_eq(text, "true");

	if (!yes && !sl_str_eq(text, "false"))
		return refuse(err, "true or false", text);
	*number = yes;
	return SL_OK;
}

static enum sl_code check_word(const struct sl_option *row, const char *text, int64_t *number,
	struct sl_error *err)
{
	const char *near;

	for (size_t i = 0; row->names[i]; i++) {
		if (sl_str_eq(text, row->names[i])) {
			*number = (int64_t)i;
			return SL_OK;
		}
	}
	if (is_among(text, row->later_names))
		return sl_error_set(err, SL_EINVAL, "'%s' is not available in this version", text);
	near = sl_nearest(text, row->names, count(row->names));
	if (near)
		return sl_error_set(err, SL_EINVAL, "has no '%s', did you mean '%s'?", text, near);
	return refuse_range(row, text, err);
}

static enum sl_code check_url(const struct sl_option *row, const char *text, struct sl_error *err)
{
	size_t len = strcspn(text, ":");
	char scheme[16] = "";

	if (sl_url_has_password(text))
		return sl_error_set(err, SL_EINVAL,
			"holds a password: leave it out and give a reference (env:NAME, file:/path) "
			"instead");
	if (len == 0 || text[len] != ':' || len >= sizeof(scheme))
		return sl_error_set(err, SL_EINVAL, "must be a URL");
	memcpy(scheme, text, len);
	if (is_among(scheme, row->later_names))
		return sl_error_set(err, SL_EINVAL, "%s: is not available in this version", scheme);
	if (row->names && !is_among(scheme, row->names)) {
		const char *near = sl_nearest(scheme, row->names, count(row->names));

		return sl_error_set(err, SL_EINVAL,
			"must start with %s:, not %s:", near ? near : row->names[0], scheme);
	}
	if (text[len + 1] == '\0')
		return sl_error_set(err, SL_EINVAL, "says nothing behind %s:", scheme);
	return SL_OK;
}

static enum sl_code check_type(const struct sl_option *row, const char *text, int64_t *number,
	struct sl_error *err)
{
	switch (row->type) {
	case SL_OPTION_BOOL:
		return check_bool(text, number, err);
	case SL_OPTION_INT:
	case SL_OPTION_DURATION:
	case SL_OPTION_SIZE:
		return check_amount(row, text, number, err);
	case SL_OPTION_ENUM:
		return check_word(row, text, number, err);
	case SL_OPTION_URL:
		return check_url(row, text, err);
	case SL_OPTION_SECRET:
		if (!sl_secret_is_reference(text))
			return sl_error_set(err, SL_EINVAL,
				"must be a reference (env:NAME, file:/path, systemd:NAME), "
				"never the secret itself");
		return SL_OK;
	case SL_OPTION_STRING:
	case SL_OPTION_EXPR:
	case SL_OPTION_REGEX:
	case SL_OPTION_GLOB:
	case SL_OPTION_PATH:
		return text[0] == '\0' ? sl_error_set(err, SL_EINVAL, "is empty") : SL_OK;
	case SL_OPTION_SECTION:
	case SL_OPTION_ANY:
	case SL_OPTION_TYPE_COUNT:
		break;
	}
	assert(row->type == SL_OPTION_ANY);
	return SL_OK;
}

enum sl_code option_value(const struct sl_option *row, const char *text, int64_t *number,
	struct sl_error *err)
{
	enum sl_code code = check_type(row, text, number, err);

	if (code != SL_OK || !row->check)
		return code;
	code = row->check(text, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "is wrong");
}
