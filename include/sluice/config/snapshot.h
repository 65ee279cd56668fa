/*
 * The configuration: one YAML file checked against the option table and turned into an immutable,
 * typed, counted snapshot with the defaults filled in.  Every problem of a file is collected, so
 * that all can be shown at once: "sluice.yaml:12:3: unknown key 'enviroments', did you mean
 * 'environments'?".
 *
 * Threading: a snapshot never changes; references may be taken and given back on any thread.
 * Lifetime: nodes and texts are borrowed from their snapshot.
 * Getters accept NULL (an absent node) and then give NULL, 0 or false; asking a node for another
 * type than its row's is a programming error.
 */
#ifndef SLUICE_CONFIG_SNAPSHOT_H
#define SLUICE_CONFIG_SNAPSHOT_H

#include "sluice/config/option.h"
#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"

#include <stdbool.h>

struct sl_config_node;

/* What is wrong with a file, at most SL_PROBLEMS_MAX lines; more are only counted. */
#define SL_PROBLEMS_MAX 50

struct sl_problems;

struct sl_problems *sl_problems_new(void) __attribute__((returns_nonnull, warn_unused_result));
void sl_problems_free(struct sl_problems *problems);
SL_DEFINE_CLEANUP(struct sl_problems, sl_problems_free);

/* Lines kept and problems in all. */
size_t sl_problems_len(const struct sl_problems *problems);
size_t sl_problems_total(const struct sl_problems *problems);
const char *sl_problems_at(const struct sl_problems *problems, size_t i);

/* "FILE:LINE:COLUMN: text" about node, or about the file when node is NULL. */
void sl_problems_add(struct sl_problems *problems, const struct sl_config *config,
	const struct sl_config_node *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads the file.  problems may be NULL; the error is then the first one and "(and N more)".
 * SL_EINVAL for a file that is wrong, SL_ENOTFOUND, SL_EDENIED, SL_ELIMIT (above 1 MiB). */
enum sl_code sl_config_load(struct sl_config **out, const struct sl_option_set *set,
	const char *path, struct sl_problems *problems, struct sl_error *err)
	__attribute__((warn_unused_result));

struct sl_config_text {
	const char *name; /* for messages; copied */
	const char *text;
	size_t len;
};

/* The same from memory. */
enum sl_code sl_config_parse(struct sl_config **out, const struct sl_option_set *set,
	const struct sl_config_text *text, struct sl_problems *problems, struct sl_error *err)
	__attribute__((warn_unused_result));

struct sl_config *sl_config_ref(struct sl_config *config) __attribute__((returns_nonnull));

/* Accepts NULL. */
void sl_config_unref(struct sl_config *config);
SL_DEFINE_CLEANUP(struct sl_config, sl_config_unref);

/* Name of the file as it was loaded. */
const char *sl_config_name(const struct sl_config *config);

/* By keys with dots between, from the top: "server.listen". */
const struct sl_config_node *sl_config_at(const struct sl_config *config, const char *path);
const struct sl_config_node *sl_config_root(const struct sl_config *config);

/* A key of a map; NULL when it is absent and has no default. */
const struct sl_config_node *sl_config_get(const struct sl_config_node *node, const char *key);

/* Items of a list, or entries of a map in the file's order. */
size_t sl_config_len(const struct sl_config_node *node);
const struct sl_config_node *sl_config_item(const struct sl_config_node *node, size_t i);

/* Key of the i-th entry of a map. */
const char *sl_config_key(const struct sl_config_node *node, size_t i);

/* Text of any scalar as it was written (a secret's is its reference). */
const char *sl_config_str(const struct sl_config_node *node);
bool sl_config_bool(const struct sl_config_node *node);

/* INT; DURATION in microseconds; SIZE in bytes; ENUM: its index in names. */
int64_t sl_config_int(const struct sl_config_node *node);

/* Shorthands: a key's value in one go. */
const char *sl_config_get_str(const struct sl_config_node *node, const char *key);
int64_t sl_config_get_int(const struct sl_config_node *node, const char *key);
bool sl_config_get_bool(const struct sl_config_node *node, const char *key);

bool sl_config_is_map(const struct sl_config_node *node);
bool sl_config_is_list(const struct sl_config_node *node);

/* Whether the value is the row's default and stands nowhere in the file. */
bool sl_config_is_default(const struct sl_config_node *node);

/* "FILE:LINE:COLUMN" in the arena. */
const char *sl_config_where(const struct sl_config *config, const struct sl_config_node *node,
	struct sl_arena *arena);

/* The effective configuration with defaults as JSON; secrets as their references.  The caller owns
 * the reference. */
json_t *sl_config_json(const struct sl_config *config)
	__attribute__((returns_nonnull, warn_unused_result));

/* The same as YAML, defaults marked "# default". */
void sl_config_show(const struct sl_config *config, struct sl_buf *out);

/* Calls fn for each option that differs between the two and takes effect only at the next start. */
void sl_config_need_restart(const struct sl_config *before, const struct sl_config *after,
	void (*fn)(void *ctx, const char *path), void *ctx);

/* The snapshot in force: one at a time, replaced whole. */
struct sl_config_holder;

/* Takes over the caller's reference. */
struct sl_config_holder *sl_config_holder_new(struct sl_config *config)
	__attribute__((returns_nonnull, warn_unused_result));
void sl_config_holder_free(struct sl_config_holder *holder);
SL_DEFINE_CLEANUP(struct sl_config_holder, sl_config_holder_free);

/* A reference of the caller's own. */
struct sl_config *sl_config_holder_get(struct sl_config_holder *holder)
	__attribute__((returns_nonnull, warn_unused_result));

/* Takes over the caller's reference and gives back the holder's old one. */
void sl_config_holder_replace(struct sl_config_holder *holder, struct sl_config *config);

#endif
