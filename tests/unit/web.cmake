sluice_test(template unit/template_test.c ROOMS web core)
target_include_directories(template_test PRIVATE ${PROJECT_SOURCE_DIR}/src/web)
sluice_test(web unit/web_test.c ROOMS web auth control http store model sys core)
