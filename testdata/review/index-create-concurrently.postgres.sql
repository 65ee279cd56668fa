-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text, at date);
CREATE TABLE crm.contact (id bigint PRIMARY KEY, mail text);
CREATE TABLE parted (id bigint, at date) PARTITION BY RANGE (at);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders;
-- hit: an index
CREATE INDEX orders_note ON orders (note);
-- hit: a unique index
CREATE UNIQUE INDEX orders_note ON orders (note);
-- hit: in another schema
CREATE INDEX contact_mail ON crm.contact (mail);
-- hit: IF NOT EXISTS
CREATE INDEX IF NOT EXISTS orders_note ON orders (note);
-- hit: a partitioned table
CREATE INDEX parted_at ON parted (at);
-- hit: a table that only another schema has made in the same file
CREATE SCHEMA crm2;
CREATE TABLE crm2.orders (id bigint PRIMARY KEY, note text);
CREATE INDEX orders_note ON orders (note);
-- hit: a materialised view
CREATE INDEX totals_n ON totals (n);
-- near miss: CONCURRENTLY
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
-- near miss: a string
INSERT INTO orders (id, note) VALUES (1, 'CREATE INDEX i ON orders (note)');
-- near miss: a comment
-- CREATE INDEX orders_note ON orders (note);
SELECT 1;
-- near miss: a quoted name
CREATE TABLE "create index" (id bigint PRIMARY KEY);
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY, note text);
CREATE INDEX fresh_note ON fresh (note);
-- near miss: a table made in the same file and renamed
CREATE TABLE fresh (id bigint PRIMARY KEY, note text);
ALTER TABLE fresh RENAME TO fresher;
CREATE INDEX fresh_note ON fresher (note);
-- near miss: ON ONLY a partitioned table
CREATE INDEX parted_at ON ONLY parted (at);
-- near miss: a temporary table
CREATE TEMP TABLE scratch (id int);
CREATE INDEX scratch_id ON scratch (id);
-- near miss: a table made by a query in the same file
CREATE TABLE fresh AS SELECT id, note FROM orders;
CREATE INDEX fresh_note ON fresh (note);
