sluice_test(config unit/config_test.c ROOMS config sys)
sluice_test(config_secret unit/config_secret_test.c ROOMS config sys)
