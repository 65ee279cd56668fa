sluice_test(forge unit/forge_test.c ROOMS forge git core sys)
