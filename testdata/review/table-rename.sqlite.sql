-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit: a table
ALTER TABLE orders RENAME TO purchases;
-- hit: another case of the name
ALTER TABLE Orders RENAME TO purchases;
-- hit: a quoted name
ALTER TABLE "orders" RENAME TO "purchases";
-- near miss: renamed away and built anew
ALTER TABLE orders RENAME TO old_orders;
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
INSERT INTO orders SELECT id, note FROM old_orders;
-- near miss: a string
INSERT INTO orders VALUES (1, 'ALTER TABLE orders RENAME TO purchases');
-- near miss: a comment
-- ALTER TABLE orders RENAME TO purchases;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY);
ALTER TABLE fresh RENAME TO fresher;
-- near miss: a view takes the old name
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
