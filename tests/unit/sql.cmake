sluice_test(sql_split unit/sql_split_test.c ROOMS sql core model)
sluice_test(sql_facts unit/sql_facts_test.c ROOMS sql core model)
sluice_test(sql_postgres unit/sql_postgres_test.c ROOMS sql core model LIBRARIES pg_query PkgConfig::JANSSON)
sluice_test(sql_sqlite unit/sql_sqlite_test.c ROOMS sql core model LIBRARIES PkgConfig::SQLITE)
