sluice_test(core unit/core_test.c ROOMS core)
