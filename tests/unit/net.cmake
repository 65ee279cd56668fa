sluice_test(net unit/net_test.c ROOMS net sys core LIBRARIES Threads::Threads)
