sluice_test(auth unit/auth_test.c ROOMS auth config model core)
