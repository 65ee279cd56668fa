/*
 * rule: the catalogue of review rules, and how strictly each is held in one environment.
 *
 * Every rule is one row of src/review/rules.def: what it is called, which engines and statements it
 * looks at, how severe its findings are unless somebody says otherwise, its parameters, why it
 * exists and what to do instead.  `sluice rules`, `sluice explain`, the manual and the
 * configuration's check are made from the rows; the function that looks is private to the room.
 *
 * Settings are made once for an environment and then only read, so threads may share them.
 */
#ifndef SLUICE_REVIEW_RULE_H
#define SLUICE_REVIEW_RULE_H

#include "sluice/config/snapshot.h"
#include "sluice/core/buf.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_rule_category {
	SL_RULE_CORRECTNESS, /* it will fail, or do something else than it says */
	SL_RULE_LOCKING, /* it blocks readers or writers */
	SL_RULE_COMPATIBILITY, /* it loses data or breaks what is running */
	SL_RULE_SCHEMA, /* the shape of tables and columns */
	SL_RULE_NAMING,
	SL_RULE_HISTORY, /* files and versions */
	SL_RULE_CATEGORY_COUNT
};

const char *sl_rule_category_name(enum sl_rule_category category);

enum sl_rule_param_type {
	SL_RULE_PARAM_FLAG, /* true or false */
	SL_RULE_PARAM_NUMBER, /* whole, not negative */
	SL_RULE_PARAM_REGEX, /* PCRE2, matched against the whole name */
	SL_RULE_PARAM_LIST, /* words separated by commas; in YAML also a list */
	SL_RULE_PARAM_TYPE_COUNT
};

const char *sl_rule_param_type_name(enum sl_rule_param_type type);

struct sl_rule_param {
	const char *key;
	enum sl_rule_param_type type;
	const char *fallback; /* as text */
	const char *doc; /* one line */
};

#define SL_RULE_PARAMS_MAX 4

struct sl_rule {
	const char *id; /* "index-create-concurrently" */
	const char *title; /* one line */
	unsigned dialects; /* 1u << enum sl_dialect */
	enum sl_severity severity; /* unless set otherwise */
	enum sl_rule_category category;
	bool needs_schema; /* skipped where the schema is not known */
	const char *why;
	const char *instead; /* the safe alternative */
	struct sl_rule_param params[SL_RULE_PARAMS_MAX]; /* key NULL ends them */
	const char *source; /* what the rule rests on */
};

/* In the order of the catalogue. */
size_t sl_rule_count(void);
const struct sl_rule *sl_rule_at(size_t i);

/* NULL when there is none; sl_rule_nearest() then has the rule that was meant, or NULL. */
const struct sl_rule *sl_rule_find(const char *id) __attribute__((nonnull));
const struct sl_rule *sl_rule_nearest(const char *id) __attribute__((nonnull));

struct sl_rule_settings;

/* The preset "safe": every rule as its row says. */
struct sl_rule_settings *sl_rule_settings_new(void)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_rule_settings_free(struct sl_rule_settings *settings);
SL_DEFINE_CLEANUP(struct sl_rule_settings, sl_rule_settings_free);

/* "safe"; "strict": what warns is an error; "none": every rule that may be is off.  Resets all that
 * was set before.  SL_EINVAL for another name. */
enum sl_code sl_rule_settings_preset(struct sl_rule_settings *settings, const char *preset,
	struct sl_error *err) __attribute__((warn_unused_result));

/* "error", "warning", "notice", "off".  SL_EINVAL, naming the nearest, for an unknown rule or word;
 * syntax-error and statement-not-reviewed cannot be put off. */
enum sl_code sl_rule_settings_severity(struct sl_rule_settings *settings, const char *rule,
	const char *severity, struct sl_error *err) __attribute__((warn_unused_result));

/* value as text; checked against the parameter's type.  It does not change the severity. */
enum sl_code sl_rule_settings_param(struct sl_rule_settings *settings, const char *rule,
	const char *key, const char *value, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Puts all rules off but those of the list "RULE,RULE", and the two that cannot be. */
enum sl_code sl_rule_settings_only(struct sl_rule_settings *settings, const char *rules,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The rows `review.preset` and `review.rules`, the same below an environment, and their check. */
extern const struct sl_option_table sl_review_options;

/* A map with the keys preset and rules ({RULE: severity} or {RULE: {severity: .., KEY: ..}}): that
 * of the top, then that of an environment, which goes on from there.  NULL changes nothing. */
enum sl_code sl_rule_settings_load(struct sl_rule_settings *settings,
	const struct sl_config *config, const struct sl_config_node *review, struct sl_error *err)
	__attribute__((warn_unused_result));

enum sl_severity sl_rule_settings_of(const struct sl_rule_settings *settings,
	const struct sl_rule *rule);

/* Equal settings give equal text: a part of the key under which a review is kept. */
void sl_rule_settings_describe(const struct sl_rule_settings *settings, struct sl_buf *out);

#endif
