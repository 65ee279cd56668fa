sluice_test(engine unit/engine_test.c ROOMS engine sys core LIBRARIES PkgConfig::SQLITE)
sluice_test(engine_mysql unit/engine_mysql_test.c ROOMS engine schema sys core LIBRARIES Threads::Threads SERVERS)
sluice_test(engine_mysql_lock unit/engine_mysql_lock_test.c ROOMS engine sys core LIBRARIES Threads::Threads SERVERS)
