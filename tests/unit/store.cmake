# One suite for every backend: the first argument names it.
sluice_test(store unit/store_test.c ROOMS store sys model core)
add_test(NAME store_memory COMMAND store_test memory)
set_tests_properties(store_memory PROPERTIES
	WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS unit TIMEOUT 300)
sluice_test(store_sqlite unit/store_sqlite_test.c ROOMS store sys model core LIBRARIES PkgConfig::SQLITE)
target_include_directories(store_sqlite_test PRIVATE ${PROJECT_SOURCE_DIR}/src/store)
