/* Reads an expression, checks names and types, and writes it again for SQLite. */
#ifndef SLUICE_EXPR_CHECK_H
#define SLUICE_EXPR_CHECK_H

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/expr/expr.h"

struct check {
	struct sl_arena *arena;
	const struct sl_expr_var *vars;
	size_t n_vars;
	struct sl_buf *out; /* the text for SQLite: every name quoted, every text escaped */
	bool *used; /* n_vars: whether the expression mentions the variable */
};

/* SL_OK when text is one expression that gives a truth value. */
enum sl_code check_expr(const struct check *check, const char *text, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Whether SQLite may call the function. */
bool check_function_is_listed(const char *name);

#endif
