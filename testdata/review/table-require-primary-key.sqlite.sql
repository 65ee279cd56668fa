-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY);
-- hit: a table
CREATE TABLE t (a TEXT);
-- hit: a table with a unique column
CREATE TABLE t (a TEXT UNIQUE);
-- hit: a rebuild that loses the key
CREATE TABLE new_orders (id INTEGER);
INSERT INTO new_orders SELECT id FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
-- near miss: a key of a column
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT);
-- near miss: a key of the table
CREATE TABLE t (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
-- near miss: a temporary table
CREATE TEMP TABLE t (a TEXT);
-- near miss: a virtual table
CREATE VIRTUAL TABLE t USING fts5(a);
-- near miss: a string
INSERT INTO orders (id) SELECT 1 WHERE 'CREATE TABLE t (a TEXT)' IS NULL;
-- near miss: a comment
-- CREATE TABLE t (a TEXT);
SELECT 1;
