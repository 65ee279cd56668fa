#include "rule_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/expr/regex.h"

#include <assert.h>
#include <string.h>

#define LIST_MAX  1000
#define VALUE_MAX 4096

struct value {
	char *text;
	int64_t number; /* a number or flag */
	struct sl_regex *regex; /* NULL for an empty expression */
	char *words; /* of a list, each terminated */

	struct {
		SL_VEC(const char *);
	} list;
};

struct setting {
	enum sl_severity severity;
	struct value values[SL_RULE_PARAMS_MAX];
};

struct sl_rule_settings {
	struct setting *at; /* one for each row */
};

static void value_done(struct value *value)
{
	free(value->text);
	free(value->words);
	sl_regex_free(value->regex);
	sl_vec_done(&value->list);
	*value = (struct value){ 0 };
}

static enum sl_code regex_read(struct value *value, const char *text, struct sl_error *err)
{
	struct sl_regex *alone = NULL;
	sl_autofree char *whole = sl_xasprintf("^(?:%s)\\z", text);
	enum sl_code code;

	if (text[0] == '\0')
		return SL_OK;
	code = sl_regex_new(&alone, text, err);
	if (code != SL_OK)
		return code;
	sl_regex_free(alone);
	return sl_regex_new(&value->regex, whole, err);
}

static enum sl_code list_read(struct value *value, const char *text, struct sl_error *err)
{
	char *rest;
	char *word;
	int depth = 0;

	value->words = sl_xstrdup(text);
	word = value->words;
	/* commas inside numeric(12,2) belong to the word */
	for (rest = value->words;; rest++) {
		char c = *rest;

		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (c != '\0' && (c != ',' || depth > 0))
			continue;
		*rest = '\0';
		while (*word == ' ')
			word++;
		for (char *end = rest; end > word && end[-1] == ' '; end--)
			end[-1] = '\0';
		if (*word != '\0')
			*sl_vec_add(&value->list) = word;
		if (value->list.len > LIST_MAX)
			return sl_error_set(err, SL_ELIMIT, "more than %d words", LIST_MAX);
		if (c == '\0')
			return SL_OK;
		word = rest + 1;
	}
}

static enum sl_code flag_read(struct value *value, const char *text, struct sl_error *err)
{
	if (!sl_str_eq(text, "true") && !sl_str_eq(text, "false"))
		return sl_error_set(err, SL_EINVAL, "'%s' is neither true nor false", text);
	value->number = text[0] == 't';
	return SL_OK;
}

static enum sl_code number_read(struct value *value, const char *text, struct sl_error *err)
{
	if (!sl_parse_i64(text, 0, 1000000, &value->number))
		return sl_error_set(err, SL_EINVAL, "'%s' is no whole number from 0 to 1000000",
			text);
	return SL_OK;
}

static enum sl_code value_read(struct value *value, enum sl_rule_param_type type, const char *text,
	struct sl_error *err)
{
	static enum sl_code (*const readers[])(struct value *, const char *, struct sl_error *) = {
		[SL_RULE_PARAM_FLAG] = flag_read,
		[SL_RULE_PARAM_NUMBER] = number_read,
		[SL_RULE_PARAM_REGEX] = regex_read,
		[SL_RULE_PARAM_LIST] = list_read,
	};
	struct value fresh = { 0 };
	enum sl_code code;

	if (strnlen(text, VALUE_MAX + 1) > VALUE_MAX)
		return sl_error_set(err, SL_ELIMIT, "longer than %d bytes", VALUE_MAX);
	code = readers[type](&fresh, text, err);
	if (code != SL_OK) {
		value_done(&fresh);
		return code;
	}
	fresh.text = sl_xstrdup(text);
	value_done(value);
	*value = fresh;
	return SL_OK;
}

static void defaults(struct sl_rule_settings *settings)
{
	for (size_t i = 0; i < rule_rows_len; i++) {
		const struct sl_rule *rule = &rule_rows[i].rule;

		settings->at[i].severity = rule->severity;
		for (size_t p = 0; p < SL_RULE_PARAMS_MAX && rule->params[p].key; p++) {
			enum sl_code code = value_read(&settings->at[i].values[p],
				rule->params[p].type, rule->params[p].fallback, NULL);

			assert(code == SL_OK);
		}
	}
}

struct sl_rule_settings *sl_rule_settings_new(void)
{
	struct sl_rule_settings *settings = sl_xcalloc(1, sizeof(*settings));

	settings->at = sl_xcalloc(rule_rows_len, sizeof(*settings->at));
	defaults(settings);
	return settings;
}

void sl_rule_settings_free(struct sl_rule_settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < rule_rows_len; i++) {
		for (size_t p = 0; p < SL_RULE_PARAMS_MAX; p++)
			value_done(&settings->at[i].values[p]);
	}
	free(settings->at);
	free(settings);
}

enum sl_code sl_rule_settings_preset(struct sl_rule_settings *settings, const char *preset,
	struct sl_error *err)
{
	bool strict = sl_str_eq(preset, "strict");
	bool none = sl_str_eq(preset, "none");

	if (!strict && !none && !sl_str_eq(preset, "safe"))
		return sl_error_set(err, SL_EINVAL, "preset '%s' is none of safe, strict and none",
			preset);
	defaults(settings);
	for (size_t i = 0; i < rule_rows_len; i++) {
		struct setting *setting = &settings->at[i];

		if (none && !rule_rows[i].locked)
			setting->severity = SL_SEVERITY_OFF;
		else if (strict && setting->severity == SL_SEVERITY_WARNING)
			setting->severity = SL_SEVERITY_ERROR;
	}
	return SL_OK;
}

static enum sl_code row_find(size_t *out, const char *id, struct sl_error *err)
{
	const struct sl_rule *near;

	for (size_t i = 0; i < rule_rows_len; i++) {
		if (sl_str_eq(rule_rows[i].rule.id, id)) {
			*out = i;
			return SL_OK;
		}
	}
	near = sl_rule_nearest(id);
	if (near)
		return sl_error_set(err, SL_EINVAL, "unknown rule '%s', did you mean '%s'?", id,
			near->id);
	return sl_error_set(err, SL_EINVAL, "unknown rule '%s'; `sluice rules` lists them", id);
}

enum sl_code sl_rule_settings_severity(struct sl_rule_settings *settings, const char *rule,
	const char *severity, struct sl_error *err)
{
	enum sl_severity parsed;
	size_t row;
	enum sl_code code = row_find(&row, rule, err);

	if (code != SL_OK)
		return code;
	if (!sl_severity_parse(&parsed, severity))
		return sl_error_set(err, SL_EINVAL,
			"%s: severity '%s' is none of error, warning, notice and off", rule,
			severity);
	if (parsed == SL_SEVERITY_OFF && rule_rows[row].locked)
		return sl_error_set(err, SL_EINVAL, "%s cannot be put off", rule);
	settings->at[row].severity = parsed;
	return SL_OK;
}

static enum sl_code param_find(size_t *out, const struct sl_rule *rule, const char *key,
	struct sl_error *err)
{
	const char *names[SL_RULE_PARAMS_MAX];
	const char *near;
	size_t n = 0;

	for (; n < SL_RULE_PARAMS_MAX && rule->params[n].key; n++) {
		names[n] = rule->params[n].key;
		if (sl_str_eq(names[n], key)) {
			*out = n;
			return SL_OK;
		}
	}
	near = n > 0 ? sl_nearest(key, names, n) : NULL;
	if (near)
		return sl_error_set(err, SL_EINVAL,
			"%s: unknown parameter '%s', did you mean '%s'?", rule->id, key, near);
	return sl_error_set(err, SL_EINVAL, "%s has no parameter '%s'", rule->id, key);
}

enum sl_code sl_rule_settings_param(struct sl_rule_settings *settings, const char *rule,
	const char *key, const char *value, struct sl_error *err)
{
	size_t row = 0;
	size_t param = 0;
	enum sl_code code = row_find(&row, rule, err);

	if (code == SL_OK)
		code = param_find(&param, &rule_rows[row].rule, key, err);
	if (code != SL_OK)
		return code;
	code = value_read(&settings->at[row].values[param], rule_rows[row].rule.params[param].type,
		value, err);
	return code == SL_OK ? code : sl_error_wrap(err, code, "%s.%s", rule, key);
}

enum sl_code sl_rule_settings_only(struct sl_rule_settings *settings, const char *rules,
	struct sl_error *err)
{
	sl_autofree bool *keep = sl_xcalloc(rule_rows_len, sizeof(*keep));
	sl_autofree char *copy = sl_xstrdup(rules);
	char *rest = copy;

	for (char *id; (id = strsep(&rest, ",")) != NULL;) {
		size_t row = 0;
		enum sl_code code = row_find(&row, id, err);

		if (code != SL_OK)
			return code;
		keep[row] = true;
	}
	for (size_t i = 0; i < rule_rows_len; i++) {
		if (!keep[i] && !rule_rows[i].locked)
			settings->at[i].severity = SL_SEVERITY_OFF;
	}
	return SL_OK;
}

enum sl_severity sl_rule_settings_of(const struct sl_rule_settings *settings,
	const struct sl_rule *rule)
{
	for (size_t i = 0; i < rule_rows_len; i++) {
		if (&rule_rows[i].rule == rule)
			return settings->at[i].severity;
	}
	return SL_SEVERITY_OFF;
}

void sl_rule_settings_describe(const struct sl_rule_settings *settings, struct sl_buf *out)
{
	for (size_t i = 0; i < rule_rows_len; i++) {
		const struct sl_rule *rule = &rule_rows[i].rule;

		sl_buf_addf(out, "%s=%s", rule->id, sl_severity_name(settings->at[i].severity));
		for (size_t p = 0; p < SL_RULE_PARAMS_MAX && rule->params[p].key; p++)
			sl_buf_addf(out, " %s=%zu:%s", rule->params[p].key,
				strlen(settings->at[i].values[p].text),
				settings->at[i].values[p].text);
		sl_buf_addc(out, '\n');
	}
}

/* --- what rules ask ------------------------------------------------------------------------ */

static const struct value *value_of(const struct rule_run *run, const char *key)
{
	size_t row = (size_t)(run->row - rule_rows);
	size_t param = 0;
	enum sl_code code = param_find(&param, &run->row->rule, key, NULL);

	assert(code == SL_OK);
	return &run->input->settings->at[row].values[param];
}

bool rule_flag(const struct rule_run *run, const char *key)
{
	return value_of(run, key)->number != 0;
}

size_t rule_number(const struct rule_run *run, const char *key)
{
	return (size_t)value_of(run, key)->number;
}

struct sl_names rule_list(const struct rule_run *run, const char *key)
{
	const struct value *value = value_of(run, key);

	return (struct sl_names){ value->list.at, value->list.len };
}

const char *rule_text(const struct rule_run *run, const char *key)
{
	return value_of(run, key)->text;
}

/* A name that takes the expression beyond its limits does not match. */
static bool matches(const struct sl_regex *regex, const char *name, size_t len)
{
	bool found = false;

	return sl_regex_match(regex, name, len, &found, NULL) == SL_OK && found;
}

static struct matched *slot_of(const struct rule_run *run, const char *name, size_t len)
{
	unsigned hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = hash * 31 + (unsigned char)name[i];
	return &run->matched[(hash ^ (hash >> 8)) % MATCHED_SLOTS];
}

bool rule_matches(const struct rule_run *run, const char *key, const char *name)
{
	const struct sl_regex *regex = value_of(run, key)->regex;
	size_t len = strlen(name);
	struct matched *slot;

	if (!regex)
		return false;
	if (len >= MATCHED_NAME)
		return matches(regex, name, len);
	slot = slot_of(run, name, len);
	if (slot->regex != regex || !sl_str_eq(slot->name, name)) {
		slot->matches = matches(regex, name, len);
		slot->regex = regex;
		memcpy(slot->name, name, len + 1);
	}
	return slot->matches;
}
