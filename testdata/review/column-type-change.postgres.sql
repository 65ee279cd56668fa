-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id integer PRIMARY KEY, note varchar(20), total numeric(8,2), at timestamp);
CREATE TABLE crm.orders (id integer PRIMARY KEY);
-- hit: integer to bigint
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
-- hit: a shorter varchar
ALTER TABLE orders ALTER COLUMN note TYPE varchar(10);
-- hit: with USING
ALTER TABLE orders ALTER COLUMN note TYPE integer USING note::integer;
-- hit: in another schema
ALTER TABLE crm.orders ALTER COLUMN id TYPE bigint;
-- hit 2: two columns at once
ALTER TABLE orders ALTER COLUMN id TYPE bigint, ALTER COLUMN total TYPE numeric(8,3);
-- near miss: a longer varchar
ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);
-- near miss: varchar to text
ALTER TABLE orders ALTER COLUMN note TYPE text;
-- near miss: numeric with more digits
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2);
-- near miss: the same type
ALTER TABLE orders ALTER COLUMN id TYPE int4;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders ALTER COLUMN id TYPE bigint';
-- near miss: a comment
-- ALTER TABLE orders ALTER COLUMN id TYPE bigint;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id integer PRIMARY KEY);
ALTER TABLE fresh ALTER COLUMN id TYPE bigint;
-- near miss: a column made in the same file
ALTER TABLE orders ADD COLUMN n integer;
ALTER TABLE orders ALTER COLUMN n TYPE bigint;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "alter column id type bigint" text;
