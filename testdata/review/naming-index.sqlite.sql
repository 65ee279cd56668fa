-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
CREATE INDEX Old ON orders (note);
-- hit: capitals
CREATE INDEX OrdersNote ON orders (note);
-- hit: a blank
CREATE INDEX "orders note" ON orders (note);
-- hit: a unique index
CREATE UNIQUE INDEX IF NOT EXISTS UkNote ON orders (note);
-- near miss: a good name
CREATE INDEX orders_note ON orders (note);
-- near miss: a string
INSERT INTO orders VALUES (1, 'CREATE INDEX OrdersNote ON orders (note)');
-- near miss: a comment
-- CREATE INDEX OrdersNote ON orders (note);
SELECT 1;
-- near miss: an index that goes
DROP INDEX Old;
-- near miss: a good name in quotes
CREATE INDEX "orders_note" ON orders (note);
