-- param: types=INTEGER,TEXT
-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY);
-- hit: a column of a new table
CREATE TABLE t (id INTEGER PRIMARY KEY, price REAL);
-- hit: an added column
ALTER TABLE orders ADD COLUMN price REAL;
-- hit: no type at all
CREATE TABLE t (id INTEGER PRIMARY KEY, anything);
-- near miss: types of the list
CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT);
-- near miss: another case
CREATE TABLE t (id integer PRIMARY KEY, note text);
-- near miss: a string
ALTER TABLE orders ADD COLUMN note TEXT DEFAULT 'REAL';
-- near miss: a comment
ALTER TABLE orders ADD COLUMN note TEXT -- REAL
;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "REAL" TEXT;
