# What tests/integration/test_git_transport.py drives.
add_executable(git_probe integration/git_probe.c)
target_link_libraries(git_probe PRIVATE sluice_git sluice_sys sluice_core sluice_flags)
