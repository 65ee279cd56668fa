-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE crm.orders (id bigint PRIMARY KEY);
-- hit: a table
TRUNCATE orders;
-- hit: with its word and CASCADE
TRUNCATE TABLE orders CASCADE;
-- hit 2: two tables
TRUNCATE orders, customers;
-- hit: in another schema
TRUNCATE crm.orders RESTART IDENTITY;
-- near miss: a string
INSERT INTO orders VALUES (1, 'TRUNCATE orders');
-- near miss: a comment
-- TRUNCATE orders;
SELECT 1;
-- near miss: a quoted name
CREATE TABLE "truncate orders" (id bigint PRIMARY KEY);
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY);
TRUNCATE fresh;
-- near miss: a temporary table
CREATE TEMP TABLE scratch (id int);
TRUNCATE scratch;
-- near miss: a grant of the right
GRANT TRUNCATE ON orders TO PUBLIC;
