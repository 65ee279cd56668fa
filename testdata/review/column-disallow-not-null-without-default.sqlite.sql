-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY);
-- hit: a column
ALTER TABLE orders ADD COLUMN note TEXT NOT NULL;
-- hit: without the word COLUMN
ALTER TABLE orders ADD note TEXT NOT NULL;
-- hit: a default of NULL
ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT NULL;
-- near miss: a default
ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- near miss: nullable
ALTER TABLE orders ADD COLUMN note TEXT;
-- near miss: a string
ALTER TABLE orders ADD COLUMN note TEXT DEFAULT 'NOT NULL';
-- near miss: a comment
ALTER TABLE orders ADD COLUMN note TEXT /* NOT NULL */;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN note TEXT NOT NULL;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "not null" TEXT;
