-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, n INTEGER GENERATED ALWAYS AS (id + 1) VIRTUAL);
-- hit: a column
ALTER TABLE orders DROP COLUMN note;
-- hit: without the word COLUMN
ALTER TABLE orders DROP note;
-- hit: another case of the name
ALTER TABLE ORDERS DROP COLUMN Note;
-- near miss: a string
INSERT INTO orders (id, note) VALUES (1, 'ALTER TABLE orders DROP COLUMN note');
-- near miss: a comment
-- ALTER TABLE orders DROP COLUMN note;
SELECT 1;
-- near miss: a virtual column
ALTER TABLE orders DROP COLUMN n;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY, note TEXT);
ALTER TABLE fresh DROP COLUMN note;
-- near miss: a column made in the same file
ALTER TABLE orders ADD COLUMN a TEXT;
ALTER TABLE orders DROP COLUMN a;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "drop column note" TEXT;
