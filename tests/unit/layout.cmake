sluice_test(layout unit/layout_test.c ROOMS layout model core)
