sluice_test(schema_catalog unit/schema_catalog_test.c ROOMS schema sql model core)
sluice_test(schema_diff unit/schema_diff_test.c ROOMS schema sql model core)
sluice_test(schema_replay unit/schema_replay_test.c ROOMS schema sql model core LIBRARIES PkgConfig::SQLITE)
sluice_test(schema_random unit/schema_random_test.c ROOMS schema sql model core LIBRARIES PkgConfig::SQLITE)
