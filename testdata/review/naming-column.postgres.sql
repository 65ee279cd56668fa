-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, "Old" text);
-- hit: in a new table
CREATE TABLE t (id bigint PRIMARY KEY, "Note" text);
-- hit: an added column
ALTER TABLE orders ADD COLUMN "Note" text;
-- hit: a new name
ALTER TABLE orders RENAME COLUMN id TO "Id";
-- hit: a leading underscore
ALTER TABLE orders ADD COLUMN _note text;
-- near miss: capitals without quotes are folded
ALTER TABLE orders ADD COLUMN Note text;
-- near miss: a string
ALTER TABLE orders ADD COLUMN note text DEFAULT '"Note"';
-- near miss: a comment
ALTER TABLE orders ADD COLUMN note text /* "Note" */;
-- near miss: an old column
ALTER TABLE orders ALTER COLUMN "Old" SET DEFAULT 'a';
-- near miss: an old column of another type
ALTER TABLE orders ALTER COLUMN "Old" TYPE varchar;
-- near miss: a table of such a name
CREATE TABLE "Orders2" (id bigint PRIMARY KEY);
