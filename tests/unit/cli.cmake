sluice_test(cli unit/cli_test.c ROOMS cli sys core)
target_include_directories(cli_test PRIVATE ${PROJECT_SOURCE_DIR}/src/cli)
