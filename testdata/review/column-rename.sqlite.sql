-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit: a column
ALTER TABLE orders RENAME COLUMN note TO remark;
-- hit: without the word COLUMN
ALTER TABLE orders RENAME note TO remark;
-- hit: another case of the name
ALTER TABLE orders RENAME COLUMN Note TO remark;
-- near miss: the old name comes back
ALTER TABLE orders RENAME COLUMN note TO remark;
ALTER TABLE orders ADD COLUMN note TEXT;
-- near miss: a string
INSERT INTO orders VALUES (1, 'ALTER TABLE orders RENAME COLUMN note TO remark');
-- near miss: a comment
-- ALTER TABLE orders RENAME COLUMN note TO remark;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY, note TEXT);
ALTER TABLE fresh RENAME COLUMN note TO remark;
-- near miss: a column made in the same file
ALTER TABLE orders ADD COLUMN a TEXT;
ALTER TABLE orders RENAME COLUMN a TO b;
