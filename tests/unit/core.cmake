sluice_test(core unit/core_test.c ROOMS core)
sluice_test(core_text unit/core_text_test.c ROOMS core)
sluice_test(core_data unit/core_data_test.c ROOMS core)
