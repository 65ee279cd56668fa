# The daemon's own archives behind doors that a seed drives (docs/design/simulation.md).
set(sim_sources check.c faults.c life.c meddle.c people.c sim_test.c world.c wrap.c)
list(TRANSFORM sim_sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/sim/)

set(sim_rooms control config forge git policy store apply engine schema rollout net model sys core)
list(TRANSFORM sim_rooms PREPEND sluice_)

set(sim_wraps commit apply task_claim task_renew inbox_add inbox_done outbox_claim outbox_ack outbox_fail)
list(TRANSFORM sim_wraps PREPEND -Wl,--wrap=sl_store_)

# planted: sources that go before the archives', spoilt by sluice_plant().
function(sluice_sim name)
	add_executable(${name}_test ${sim_sources} ${ARGN})
	target_link_libraries(${name}_test PRIVATE ${sim_rooms} sluice_flags)
	target_link_options(${name}_test PRIVATE ${sim_wraps})
endfunction()

# A thousand lives, in five parts that run side by side; the parts are far enough apart for the long ones.
sluice_sim(sim)
if(SLUICE_SANITIZE) # a life takes ten times as long
	set(sim_seeds --seeds 4)
endif()
foreach(from 1 3001 6001 9001 12001)
	add_test(NAME sim_${from} COMMAND sim_test --from ${from} ${sim_seeds})
	set_tests_properties(sim_${from} PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS sim TIMEOUT 3600)
endforeach()

# sluice_plant(NAME SOURCE FROM TO): a copy of a source with FROM made TO, and a simulation that must find it.
function(sluice_plant name source from to)
	cmake_path(GET source PARENT_PATH folder)
	set(planted ${CMAKE_CURRENT_BINARY_DIR}/planted/${name}.c)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${source})
	file(READ ${PROJECT_SOURCE_DIR}/${source} text)
	string(REPLACE "${from}" "${to}" spoilt "${text}")
	if(spoilt STREQUAL text)
		message(FATAL_ERROR "${source} has nothing to spoil for ${name}: tests/sim/sim.cmake")
	endif()
	file(CONFIGURE OUTPUT ${planted} CONTENT "@spoilt@" @ONLY)
	sluice_sim(sim_${name} ${planted})
	target_include_directories(sim_${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests/sim ${PROJECT_SOURCE_DIR}/${folder})
	add_test(NAME sim_${name} COMMAND sim_${name}_test --seeds 100 --finds ${name})
	set_tests_properties(sim_${name} PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS sim TIMEOUT 600)
endfunction()

# A life that ends early leaves what it held: no place for a leak checker.
if(NOT SLUICE_SANITIZE)
	sluice_plant(fence_unchecked src/apply/ledger.c
		"if (now == epoch)" "if (now >= 0)")
	sluice_plant(effect_before_intent src/apply/run.c
		"code = tell_intent(run);\n\tif (code == SL_OK)\n\t\tcode = begin_run(run);"
		"code = begin_run(run);\n\tif (code == SL_OK)\n\t\tcode = tell_intent(run);")
	sluice_plant(drift_swallowed src/control/drift_run.c
		"if (row->base[0] == '\\0' || sl_str_eq(row->base, row->before))" "if (row)")
	sluice_plant(event_dropped src/control/run.c
		"if (telling.kind) {" "if (telling.kind && attempt->task.attempts < 2) {")
endif()
