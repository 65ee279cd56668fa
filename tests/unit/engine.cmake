sluice_test(engine unit/engine_test.c ROOMS engine sys core LIBRARIES PkgConfig::SQLITE)
