# The daemon's own archives behind doors that a seed drives (docs/design/simulation.md).
set(sim_sources check.c faults.c life.c people.c sim_test.c world.c wrap.c)
list(TRANSFORM sim_sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/sim/)

set(sim_rooms control config forge git policy store apply engine schema rollout net model sys core)
list(TRANSFORM sim_rooms PREPEND sluice_)

set(sim_wraps commit apply task_claim task_renew inbox_add inbox_done outbox_claim outbox_ack outbox_fail)
list(TRANSFORM sim_wraps PREPEND -Wl,--wrap=sl_store_)

function(sluice_sim name)
	add_executable(${name}_test ${sim_sources} ${ARGN})
	target_link_libraries(${name}_test PRIVATE ${sim_rooms} sluice_flags)
	target_link_options(${name}_test PRIVATE ${sim_wraps})
endfunction()

sluice_sim(sim)
add_test(NAME sim COMMAND sim_test)
set_tests_properties(sim PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS sim TIMEOUT 1800)
