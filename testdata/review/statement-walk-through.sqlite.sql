-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit: an unknown table
ALTER TABLE order_lines ADD COLUMN a TEXT;
-- hit: an unknown column
ALTER TABLE orders DROP COLUMN notes;
-- hit: a table that is there already
CREATE TABLE Orders (id INTEGER PRIMARY KEY);
-- near miss: a string
INSERT INTO orders VALUES (1, 'ALTER TABLE order_lines');
-- near miss: a comment
/* ALTER TABLE order_lines ADD COLUMN a TEXT; */ SELECT 1;
-- near miss: IF EXISTS
DROP TABLE IF EXISTS order_lines;
-- near miss: made in the same file
CREATE TABLE order_lines (id INTEGER PRIMARY KEY);
ALTER TABLE order_lines ADD COLUMN a TEXT;
-- near miss: another case of the name
ALTER TABLE ORDERS ADD COLUMN a TEXT;
-- near miss: the main database by its name
ALTER TABLE main.orders ADD COLUMN b TEXT;
