sluice_test(sql_split unit/sql_split_test.c ROOMS sql core model)
