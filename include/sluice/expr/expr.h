/*
 * Conditions and selectors are SQL expressions: "environment = 'prod' and affected_rows < 1000".
 *
 * Our own parser reads the text first: it refuses everything that is not a plain expression
 * (SELECT, ';', parameters, blobs, unlisted functions), finds unknown names with the nearest known
 * one, texts that a closed variable never has, and comparisons of unlike types, each with its
 * column.  Then SQLite, in memory and locked down, evaluates it: no tables but the row of
 * variables, an authorizer with the same list of functions, limits on length and steps.
 *
 * Grammar: or, and, not, = == <> != < <= > >= is [not] [null], [not] in (...), [not] between,
 * [not] like, + - * / % ||, case, texts 'x', numbers, true, false, null, functions abs coalesce
 * ifnull nullif iif length lower upper trim replace substr instr min max (two or more) round.
 * Types are text, int, real and bool; int and real compare with each other, nothing else does.
 *
 * Threading: an expression has a connection and a lock of its own; evaluating one from several
 * threads is safe and takes turns.
 */
#ifndef SLUICE_EXPR_EXPR_H
#define SLUICE_EXPR_EXPR_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_EXPR_MAX 4096 /* bytes of text */

enum sl_expr_type { SL_EXPR_TEXT, SL_EXPR_INT, SL_EXPR_REAL, SL_EXPR_BOOL, SL_EXPR_TYPE_COUNT };

/* A column of the row.  Any may be NULL when the expression runs. */
struct sl_expr_var {
	const char *name; /* any case matches */
	enum sl_expr_type type;
	const char *const *known; /* TEXT: all it can be; NULL: anything */
	size_t n_known;
};

struct sl_expr_value {
	bool null;
	bool truth; /* BOOL */
	int64_t integer; /* INT */
	double real; /* REAL */
	const char *text; /* TEXT; NULL is null */
};

enum sl_truth { SL_FALSE, SL_TRUE, SL_NULL, SL_TRUTH_COUNT };

struct sl_expr;

/* Compiles; vars are copied.  SL_EINVAL with "column 7: unknown name 'enviroment', did you mean
 * 'environment'?".  Columns count code points from 1. */
enum sl_code sl_expr_new(struct sl_expr **out, const char *text, const struct sl_expr_var *vars,
	size_t n_vars, struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL. */
void sl_expr_free(struct sl_expr *expr);
SL_DEFINE_CLEANUP(struct sl_expr, sl_expr_free);

/* values stand in the order of the variables.  A result that is no truth value (3, 'x') cannot
 * compile.  SL_ELIMIT when it takes too many steps. */
enum sl_code sl_expr_eval(struct sl_expr *expr, const struct sl_expr_value *values,
	enum sl_truth *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Whether the expression mentions the i-th variable. */
bool sl_expr_uses(const struct sl_expr *expr, size_t i);

#endif
