-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY);
-- hit: capitals, which are kept
CREATE TABLE Orders2 (id INTEGER PRIMARY KEY);
-- hit: a blank
CREATE TABLE [order lines] (id INTEGER PRIMARY KEY);
-- hit: a new name
ALTER TABLE orders RENAME TO Purchases;
-- near miss: a good name
CREATE TABLE orders_2 (id INTEGER PRIMARY KEY);
-- near miss: a string
INSERT INTO orders (id) SELECT 1 WHERE 'CREATE TABLE Orders2' IS NULL;
-- near miss: a comment
-- CREATE TABLE Orders2 (id INTEGER);
SELECT 1;
-- near miss: an old table in another case
ALTER TABLE Orders ADD COLUMN a TEXT;
-- near miss: a good name in quotes
CREATE TABLE "orders_2" (id INTEGER PRIMARY KEY);
