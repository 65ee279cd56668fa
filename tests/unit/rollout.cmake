sluice_test(rollout unit/rollout_test.c ROOMS rollout model core LIBRARIES PkgConfig::JANSSON)
