-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit: a misspelt verb
ALTR TABLE orders ADD COLUMN a TEXT;
-- hit: a missing bracket
CREATE TABLE t (id INTEGER PRIMARY KEY;
-- hit: a statement of another engine
ALTER TABLE orders ALTER COLUMN note TYPE integer;
-- hit: a string that never ends
INSERT INTO orders VALUES (1, 'open);
-- hit: a constraint cannot be added
ALTER TABLE orders ADD CONSTRAINT note_set CHECK (note <> '');
-- hit: a reserved word as a name
ALTER TABLE orders ADD COLUMN order INTEGER;
-- near miss: the mistake is in a string
INSERT INTO orders VALUES (1, 'ALTR TABLE orders');
-- near miss: the mistake is in a comment
-- ALTR TABLE orders
SELECT 1;
-- near miss: the mistake is in a quoted name
CREATE TABLE [ALTR TABLE (] (id INTEGER PRIMARY KEY);
-- near miss: semicolons in a trigger
CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE orders SET note = 'x' WHERE id = new.id; END;
-- near miss: a keyword used as a name where SQLite allows it
CREATE TABLE t (id INTEGER PRIMARY KEY, key TEXT, rename TEXT);
-- near miss: a reserved word in quotes
ALTER TABLE orders ADD COLUMN "order" INTEGER;
