sluice_test(sys unit/sys_test.c ROOMS sys LIBRARIES Threads::Threads)
sluice_test(sys_file unit/sys_file_test.c ROOMS sys LIBRARIES Threads::Threads)
