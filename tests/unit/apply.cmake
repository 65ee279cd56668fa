sluice_test(apply unit/apply_test.c ROOMS apply engine layout sys model core)
sluice_test(apply_crash unit/apply_crash_test.c ROOMS apply schema engine layout sys model core)
sluice_test(apply_resolve unit/apply_resolve_test.c ROOMS apply engine sys model core)
