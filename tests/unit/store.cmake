# The suites for every backend: the first argument names it.
function(store_suite name)
	sluice_test(${name} unit/${name}_test.c ROOMS store sys model core)
	add_test(NAME ${name}_memory COMMAND ${name}_test memory)
	set_tests_properties(${name}_memory PROPERTIES
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS unit TIMEOUT 300)
endfunction()

store_suite(store)
store_suite(store_work)

sluice_test(store_sqlite unit/store_sqlite_test.c ROOMS store sys model core LIBRARIES PkgConfig::SQLITE)
target_include_directories(store_sqlite_test PRIVATE ${PROJECT_SOURCE_DIR}/src/store)
