sluice_test(model unit/model_test.c ROOMS model core)
