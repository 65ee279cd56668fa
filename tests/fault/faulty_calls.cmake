# What harness/faulty.py preloads into the program.
add_library(faulty_calls MODULE fault/faulty_calls.c)
target_link_libraries(faulty_calls PRIVATE sluice_flags)
