-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, Old TEXT);
-- hit: in a new table
CREATE TABLE t (Id INTEGER PRIMARY KEY);
-- hit: an added column
ALTER TABLE orders ADD COLUMN Note TEXT;
-- hit: a new name
ALTER TABLE orders RENAME COLUMN id TO Id;
-- near miss: a good name
ALTER TABLE orders ADD COLUMN note_2 TEXT;
-- near miss: a string
ALTER TABLE orders ADD COLUMN note TEXT DEFAULT 'Note';
-- near miss: a comment
ALTER TABLE orders ADD COLUMN note TEXT -- Note
;
-- near miss: an old column
ALTER TABLE orders DROP COLUMN Old;
-- near miss: a table of such a name
CREATE TABLE Orders2 (id INTEGER PRIMARY KEY);
