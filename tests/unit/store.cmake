# The suites for every backend: the first argument names it.
function(store_suite name)
	sluice_test(${name} unit/${name}_test.c ROOMS store sys model core LIBRARIES PkgConfig::PQ)
	foreach(backend memory postgres)
		add_test(NAME ${name}_${backend} COMMAND ${name}_test ${backend})
		set_tests_properties(${name}_${backend} PROPERTIES
			WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS unit TIMEOUT 300)
	endforeach()
	set_tests_properties(${name}_postgres PROPERTIES LABELS "unit;servers")
endfunction()

store_suite(store)
store_suite(store_work)

sluice_test(store_sqlite unit/store_sqlite_test.c ROOMS store sys model core LIBRARIES PkgConfig::SQLITE)
sluice_test(store_replicas unit/store_replicas_test.c ROOMS store sys model core LIBRARIES PkgConfig::PQ SERVERS)
target_include_directories(store_sqlite_test PRIVATE ${PROJECT_SOURCE_DIR}/src/store)
target_include_directories(store_replicas_test PRIVATE ${PROJECT_SOURCE_DIR}/src/store)
