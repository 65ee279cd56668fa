-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text, old text);
CREATE TABLE crm.orders (id bigint PRIMARY KEY, note text);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE crm.people (id bigint PRIMARY KEY, feels mood);
-- hit: a column
ALTER TABLE orders DROP COLUMN note;
-- hit: without the word COLUMN
ALTER TABLE orders DROP note;
-- hit 2: two columns
ALTER TABLE orders DROP COLUMN note, DROP COLUMN old;
-- hit: in another schema
ALTER TABLE crm.orders DROP COLUMN note;
-- hit: IF EXISTS of one that is there
ALTER TABLE orders DROP COLUMN IF EXISTS note;
-- hit: with its type
DROP TYPE mood CASCADE;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders DROP COLUMN note';
-- near miss: a comment
-- ALTER TABLE orders DROP COLUMN note;
SELECT 1;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "drop column note" text;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY, note text);
ALTER TABLE fresh DROP COLUMN note;
-- near miss: a column made in the same file
ALTER TABLE orders ADD COLUMN n text;
ALTER TABLE orders DROP COLUMN n;
-- near miss: IF EXISTS of one that is not there
ALTER TABLE orders DROP COLUMN IF EXISTS nothing;
-- near miss: a constraint
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
-- near miss: a default
ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;
-- near miss: with its type, a table made in the same file
CREATE TYPE fresh AS ENUM ('a');
CREATE TABLE fresh_people (id bigint PRIMARY KEY, feels fresh);
DROP TYPE fresh CASCADE;
