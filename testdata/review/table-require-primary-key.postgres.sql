-- param: exempt=log_.*
-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, at date);
CREATE TABLE parted (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- hit: a table
CREATE TABLE t (a int);
-- hit: a table with a unique column
CREATE TABLE t (a int UNIQUE);
-- hit: a table made by a query
CREATE TABLE t AS SELECT 1 AS a;
-- hit: the key is dropped
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
-- hit: in another schema
CREATE TABLE crm.t (a int);
-- hit: under a later name
CREATE TABLE t (a int);
ALTER TABLE t RENAME TO u;
-- near miss: a key of a column
CREATE TABLE t (a int PRIMARY KEY);
-- near miss: a key of the table
CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));
-- near miss: a key that comes later
CREATE TABLE t (a int);
ALTER TABLE t ADD PRIMARY KEY (a);
-- near miss: a temporary table
CREATE TEMP TABLE t (a int);
-- near miss: a partition
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
-- near miss: a string
COMMENT ON TABLE orders IS 'CREATE TABLE t (a int)';
-- near miss: a comment
-- CREATE TABLE t (a int);
SELECT 1;
-- near miss: a table dropped in the same file
CREATE TABLE t (a int);
DROP TABLE t;
-- near miss: IF NOT EXISTS of one that is there
CREATE TABLE IF NOT EXISTS orders (a int);
-- near miss: a name that the parameter exempts
CREATE TABLE log_lines (a int);
-- near miss: a quoted name
CREATE TABLE "create table t (a int)" (id int PRIMARY KEY);
