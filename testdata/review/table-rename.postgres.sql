-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE crm.orders (id bigint PRIMARY KEY);
CREATE TABLE crm.lines (id bigint PRIMARY KEY);
CREATE VIEW v AS SELECT 1 AS a;
-- hit: a table
ALTER TABLE orders RENAME TO purchases;
-- hit: IF EXISTS
ALTER TABLE IF EXISTS orders RENAME TO purchases;
-- hit: in another schema
ALTER TABLE crm.orders RENAME TO purchases;
-- hit: into another schema
ALTER TABLE crm.lines SET SCHEMA public;
-- near miss: a view takes the old name
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders RENAME TO purchases';
-- near miss: a comment
-- ALTER TABLE orders RENAME TO purchases;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY);
ALTER TABLE fresh RENAME TO fresher;
-- near miss: a view
ALTER VIEW v RENAME TO w;
-- near miss: a constraint
ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO orders_key;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "rename to purchases" text;
