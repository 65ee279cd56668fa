-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
CREATE TABLE customers (id INTEGER PRIMARY KEY);
-- hit: a table
DROP TABLE orders;
-- hit: IF EXISTS
DROP TABLE IF EXISTS Customers;
-- hit: a rebuild that copies nothing
CREATE TABLE new_orders (id INTEGER PRIMARY KEY);
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
-- near miss: a rebuild
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
INSERT INTO new_orders SELECT id, note FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
-- near miss: a string
INSERT INTO orders VALUES (1, 'DROP TABLE orders');
-- near miss: a comment
-- DROP TABLE orders;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY);
DROP TABLE fresh;
-- near miss: IF EXISTS of one that is not there
DROP TABLE IF EXISTS absent;
-- near miss: a quoted name
CREATE TABLE "drop table orders" (id INTEGER PRIMARY KEY);
