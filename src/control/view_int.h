/* Small setters that every view uses. */
#ifndef SLUICE_CONTROL_VIEW_INT_H
#define SLUICE_CONTROL_VIEW_INT_H

#include "inside.h"

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

json_t *sl_view_event(const struct sl_event *event);

/* Lines of a difference's text: [{"kind","text"}]. */
json_t *sl_view_lines(struct sl_arena *arena, const char *text);

/* What is known of a target's drift; record NULL: nothing. */
json_t *sl_view_drift_row(struct sl_arena *arena, const struct sl_drift_record *record);

/* Sets "drift" of the view, with the differences. */
enum sl_code sl_view_add_drift(struct sl_control *control, struct sl_arena *arena,
	const char *target, json_t *view, struct sl_error *err) __attribute__((warn_unused_result));

/* Sets "drift", those that have drifted, and how many, and how many are not known. */
enum sl_code sl_view_add_drifted(struct sl_control *control, const struct sl_world *world,
	struct sl_arena *arena, json_t *status, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
