-- param: max_length=20
-- schema
CREATE SCHEMA "Crm";
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE TABLE "Old" (id bigint PRIMARY KEY);
-- hit: capitals between quotes
CREATE TABLE "Orders2" (id bigint PRIMARY KEY);
-- hit: a leading digit
CREATE TABLE "2orders" (id bigint PRIMARY KEY);
-- hit: a new name
ALTER TABLE orders RENAME TO "Purchases";
-- hit: too long
CREATE TABLE a23456789012345678901 (id bigint PRIMARY KEY);
-- hit: made by a query
CREATE TABLE "Orders2" AS SELECT 1 AS a;
-- near miss: capitals without quotes are folded
CREATE TABLE Orders2 (id bigint PRIMARY KEY);
-- near miss: digits and underscores
CREATE TABLE orders_2026 (id bigint PRIMARY KEY);
-- near miss: a string
COMMENT ON TABLE orders IS 'CREATE TABLE "Orders2" ()';
-- near miss: a comment
-- CREATE TABLE "Orders2" (id int);
SELECT 1;
-- near miss: an old table of such a name
ALTER TABLE "Old" ADD COLUMN a int;
-- near miss: a schema of such a name
CREATE TABLE "Crm".orders (id bigint PRIMARY KEY);
-- near miss: a column of such a name
ALTER TABLE orders ADD COLUMN "Note" text;
