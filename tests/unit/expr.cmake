sluice_test(expr unit/expr_test.c ROOMS expr)
