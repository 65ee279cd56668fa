/* Small setters that every view uses. */
#ifndef SLUICE_CONTROL_VIEW_INT_H
#define SLUICE_CONTROL_VIEW_INT_H

#include "sluice/core/json.h"

#include <stdint.h>

/* Text that is not valid UTF-8 is said to be so, never dropped in silence. */
void sl_view_set(json_t *object, const char *key, const char *text);
void sl_view_set_i64(json_t *object, const char *key, int64_t value);

struct sl_arena;
struct staged;

/* A change with its stages and their tasks: a new reference. */
json_t *sl_view_staged(const struct staged *staged, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* ISO, "" for 0. */
void sl_view_set_time(json_t *object, const char *key, int64_t at);

#endif
