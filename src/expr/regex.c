#include "sluice/expr/regex.h"

#include "sluice/core/alloc.h"
#include "sluice/core/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

#define PATTERN_MAX ((size_t)4096)
#define NESTING_MAX 50
#define MATCH_LIMIT 100000 /* calls of the matching function */
#define DEPTH_LIMIT 1000 /* its nesting */
#define HEAP_KIB    1024

struct sl_regex {
	pcre2_code *code;
	pcre2_match_context *limits; /* only read when matching */
};

void sl_regex_free(struct sl_regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->limits);
	pcre2_code_free(regex->code);
	free(regex);
}

static void must(const void *made)
{
	if (!made)
		abort();
}

static pcre2_code *compile(const char *pattern, size_t len, int *failed, size_t *offset)
{
	const uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;

	must(context);
	(void)pcre2_set_parens_nest_limit(context, NESTING_MAX);
	code = pcre2_compile((PCRE2_SPTR)pattern, len, options, failed, offset, context);
	pcre2_compile_context_free(context);
	return code;
}

enum sl_code sl_regex_new(struct sl_regex **out, const char *pattern, struct sl_error *err)
{
	size_t len = strnlen(pattern, PATTERN_MAX + 1);
	size_t offset = 0;
	int failed = 0;
	pcre2_code *code;

	if (len > PATTERN_MAX)
		return sl_error_set(err, SL_ELIMIT, "regular expression: longer than %zu bytes",
			PATTERN_MAX);
	code = compile(pattern, len, &failed, &offset);
	if (!code) {
		PCRE2_UCHAR why[128] = "";

		(void)pcre2_get_error_message(failed, why, sizeof(why));
		return sl_error_set(err, SL_EINVAL, "regular expression: column %zu: %s",
			sl_utf8_count(pattern, offset < len ? offset : len) + 1, (const char *)why);
	}
	*out = sl_xcalloc(1, sizeof(**out));
	(*out)->code = code;
	(*out)->limits = pcre2_match_context_create(NULL);
	must((*out)->limits);
	(void)pcre2_set_match_limit((*out)->limits, MATCH_LIMIT);
	(void)pcre2_set_depth_limit((*out)->limits, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit((*out)->limits, HEAP_KIB);
	return SL_OK;
}

enum sl_code sl_regex_match(const struct sl_regex *regex, const char *subject, size_t len,
	bool *out, struct sl_error *err)
{
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	PCRE2_UCHAR why[128] = "";
	int status;

	must(found);
	status = pcre2_match(regex->code, (PCRE2_SPTR)subject, len, 0, PCRE2_NO_JIT, found,
		regex->limits);
	pcre2_match_data_free(found);
	if (status >= 0 || status == PCRE2_ERROR_NOMATCH) {
		*out = status >= 0;
		return SL_OK;
	}
	(void)pcre2_get_error_message(status, why, sizeof(why));
	if (status == PCRE2_ERROR_MATCHLIMIT || status == PCRE2_ERROR_DEPTHLIMIT ||
		status == PCRE2_ERROR_HEAPLIMIT)
		return sl_error_set(err, SL_ELIMIT, "regular expression: %s", (const char *)why);
	return sl_error_set(err, SL_EINVAL, "regular expression: %s", (const char *)why);
}
