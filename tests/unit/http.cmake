sluice_test(http unit/http_test.c ROOMS http sys core LIBRARIES Threads::Threads)
