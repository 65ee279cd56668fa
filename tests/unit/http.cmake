sluice_test(http unit/http_test.c ROOMS http core)
