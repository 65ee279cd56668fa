-- param: types=bigint,text,varchar,numeric(12,2),timestamptz
-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, price float);
-- hit: a column of a new table
CREATE TABLE t (id bigint PRIMARY KEY, price real);
-- hit: an added column
ALTER TABLE orders ADD COLUMN total double precision;
-- hit: other digits of an entry with digits
ALTER TABLE orders ADD COLUMN total numeric(10,2);
-- hit: a new type
ALTER TABLE orders ALTER COLUMN price TYPE real;
-- hit: an array
ALTER TABLE orders ADD COLUMN tags text[];
-- near miss: types of the list
CREATE TABLE t (id bigint PRIMARY KEY, note text, price numeric(12,2));
-- near miss: another spelling
CREATE TABLE t (id int8 PRIMARY KEY, note character varying, at timestamp with time zone);
-- near miss: digits of an entry without any
ALTER TABLE orders ADD COLUMN note varchar(20);
-- near miss: a string
ALTER TABLE orders ADD COLUMN note text DEFAULT 'real';
-- near miss: a comment
ALTER TABLE orders ADD COLUMN note text /* real */;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "real" text;
-- near miss: a cast
UPDATE orders SET id = id::real WHERE id = 1;
-- near miss: an old column of such a type
ALTER TABLE orders ALTER COLUMN price SET DEFAULT 0;
