/* The two halves of an examination: what the server says, and what the login lacks. */
#ifndef SLUICE_APPLY_EXAMINE_INT_H
#define SLUICE_APPLY_EXAMINE_INT_H

#include "apply_int.h"

#include "sluice/apply/examine.h"

/* Fills needed, advised, advised_for, read_only and namesake. */
enum sl_code apply_examine_rights(struct sl_examination *out, struct sl_conn *conn,
	const struct sl_conn_spec *target, struct sl_arena *arena, struct sl_error *err);

#endif
