-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE crm.orders (id bigint PRIMARY KEY, note text);
-- hit: a column
ALTER TABLE orders RENAME COLUMN note TO remark;
-- hit: without the word COLUMN
ALTER TABLE orders RENAME note TO remark;
-- hit: in another schema
ALTER TABLE crm.orders RENAME COLUMN note TO remark;
-- hit: a column and then the table
ALTER TABLE orders RENAME COLUMN note TO remark;
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
-- near miss: the old name comes back
ALTER TABLE orders RENAME COLUMN note TO remark;
ALTER TABLE orders ADD COLUMN note text;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders RENAME COLUMN note TO remark';
-- near miss: a comment
-- ALTER TABLE orders RENAME COLUMN note TO remark;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY, note text);
ALTER TABLE fresh RENAME COLUMN note TO remark;
-- near miss: a column made in the same file
ALTER TABLE orders ADD COLUMN a text;
ALTER TABLE orders RENAME COLUMN a TO b;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "rename column note" text;
