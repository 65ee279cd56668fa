sluice_test(apply unit/apply_test.c ROOMS apply engine layout sys model core)
