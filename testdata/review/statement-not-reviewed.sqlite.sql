-- schema
CREATE TABLE orders (id integer PRIMARY KEY, note text);
-- hit: another file
ATTACH 'other.db' AS other;
-- hit: another database with the word spelt out
ATTACH DATABASE 'other.db' AS other;
-- hit: a name from an expression
ATTACH 'other' || '.db' AS other;
-- near miss: a plain query
SELECT 1;
-- near miss: a function
SELECT lower(note) FROM orders;
-- near miss: a setting
PRAGMA user_version = 3;
-- near miss: a trigger
CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE orders SET note = 'x' WHERE id = new.id; END;
-- near miss: a word in a string
INSERT INTO orders VALUES (1, 'ATTACH x AS y');
