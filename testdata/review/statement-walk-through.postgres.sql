-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text, customer_id bigint);
CREATE TABLE customers (id bigint PRIMARY KEY, mail text);
CREATE TABLE crm.contact (id bigint PRIMARY KEY);
CREATE VIEW mails AS SELECT mail FROM customers;
CREATE INDEX orders_note ON orders (note);
-- hit: an unknown table
ALTER TABLE order_lines ADD COLUMN a int;
-- hit: an unknown column
ALTER TABLE orders DROP COLUMN notes;
-- hit: a table that is there already
CREATE TABLE orders (id bigint PRIMARY KEY);
-- hit: a column that is there already
ALTER TABLE orders ADD COLUMN note text;
-- hit: an index on an unknown column
CREATE INDEX orders_total ON orders (total);
-- hit: a table of another schema without its name
ALTER TABLE contact ADD COLUMN a int;
-- hit: a foreign key to an unknown table
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES clients (id);
-- hit: a column that a view still reads
ALTER TABLE customers DROP COLUMN mail;
-- near miss: a string
INSERT INTO orders VALUES (1, 'ALTER TABLE order_lines ADD COLUMN a int', 1);
-- near miss: a comment
-- ALTER TABLE order_lines ADD COLUMN a int;
SELECT 1;
-- near miss: IF EXISTS
DROP TABLE IF EXISTS order_lines;
-- near miss: IF NOT EXISTS
CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY);
-- near miss: the other schema is named
ALTER TABLE crm.contact ADD COLUMN a int;
-- near miss: made in the same file
CREATE TABLE order_lines (id bigint PRIMARY KEY);
ALTER TABLE order_lines ADD COLUMN a int;
-- near miss: a quoted name of the same spelling
ALTER TABLE "orders" ADD COLUMN a int;
-- near miss: another case of an unquoted name
ALTER TABLE ORDERS ADD COLUMN a int;
