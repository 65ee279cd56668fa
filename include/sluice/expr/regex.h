/*
 * Regular expressions (PCRE2, UTF-8) of people we do not know: no JIT, limits on matching steps,
 * depth and heap, so that a bad pattern costs milliseconds.  Compiled patterns are immutable and
 * may be used from several threads.
 */
#ifndef SLUICE_EXPR_REGEX_H
#define SLUICE_EXPR_REGEX_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_regex;

/* SL_EINVAL: "regular expression: column 3: ..." */
enum sl_code sl_regex_new(struct sl_regex **out, const char *pattern, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Accepts NULL. */
void sl_regex_free(struct sl_regex *regex);
SL_DEFINE_CLEANUP(struct sl_regex, sl_regex_free);

/* Whether it matches anywhere in subject (anchor with ^ and $).  SL_ELIMIT when it takes too long,
 * SL_EINVAL when subject is not UTF-8. */
enum sl_code sl_regex_match(const struct sl_regex *regex, const char *subject, size_t len,
	bool *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
