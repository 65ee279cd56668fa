-- param: allow=.*_del
-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE crm.orders (id bigint PRIMARY KEY);
CREATE TABLE old_del (id bigint PRIMARY KEY);
CREATE VIEW v AS SELECT 1 AS a;
-- hit: a table
DROP TABLE orders;
-- hit: IF EXISTS and CASCADE
DROP TABLE IF EXISTS orders CASCADE;
-- hit 2: two tables
DROP TABLE orders, customers;
-- hit: in another schema
DROP TABLE crm.orders;
-- hit: a table dropped and made again
DROP TABLE orders;
CREATE TABLE orders (id bigint PRIMARY KEY);
-- hit: a schema with what is in it
CREATE TABLE crm.fresh (id bigint PRIMARY KEY);
DROP SCHEMA crm CASCADE;
-- near miss: a string
COMMENT ON TABLE orders IS 'DROP TABLE orders';
-- near miss: a comment
/* DROP TABLE orders; */ SELECT 1;
-- near miss: a quoted name
CREATE TABLE "drop table orders" (id bigint PRIMARY KEY);
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY);
DROP TABLE fresh;
-- near miss: IF EXISTS of one that is not there
DROP TABLE IF EXISTS nothing;
-- near miss: a view
DROP VIEW v;
-- near miss: a name that the parameter allows
DROP TABLE old_del;
-- near miss: a temporary table
CREATE TEMP TABLE scratch (id int);
DROP TABLE scratch;
-- near miss: a schema made in the same file
CREATE SCHEMA fresh;
CREATE TABLE fresh.orders (id bigint PRIMARY KEY);
DROP SCHEMA fresh CASCADE;
