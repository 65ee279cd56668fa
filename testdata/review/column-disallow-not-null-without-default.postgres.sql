-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE TABLE crm.orders (id bigint PRIMARY KEY);
-- hit: a column
ALTER TABLE orders ADD COLUMN note text NOT NULL;
-- hit: a default of NULL
ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT NULL;
-- hit 2: two columns
ALTER TABLE orders ADD COLUMN a int NOT NULL, ADD COLUMN b int NOT NULL;
-- hit: in another schema
ALTER TABLE crm.orders ADD note text NOT NULL;
-- near miss: a default
ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT '';
-- near miss: nullable
ALTER TABLE orders ADD COLUMN note text;
-- near miss: an identity
ALTER TABLE orders ADD COLUMN n bigint NOT NULL GENERATED ALWAYS AS IDENTITY;
-- near miss: a serial
ALTER TABLE orders ADD COLUMN n bigserial NOT NULL;
-- near miss: generated
ALTER TABLE orders ADD COLUMN n bigint NOT NULL GENERATED ALWAYS AS (id + 1) STORED;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders ADD COLUMN note text NOT NULL';
-- near miss: a comment
-- ALTER TABLE orders ADD COLUMN note text NOT NULL;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN note text NOT NULL;
-- near miss: a new table
CREATE TABLE fresh (id bigint PRIMARY KEY, note text NOT NULL);
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "not null" text;
