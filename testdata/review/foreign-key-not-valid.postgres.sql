-- schema
CREATE SCHEMA crm;
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
CREATE TABLE crm.contact (id bigint PRIMARY KEY, customer_id bigint);
-- hit: ADD FOREIGN KEY
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
-- hit: with a name
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers;
-- hit: with a new column
ALTER TABLE orders ADD COLUMN buyer_id bigint REFERENCES customers (id);
-- hit: in another schema
ALTER TABLE crm.contact ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
-- near miss: NOT VALID
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- near miss: a string
COMMENT ON TABLE orders IS 'ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)';
-- near miss: a comment
-- ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
SELECT 1;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "foreign key" bigint;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY, customer_id bigint);
ALTER TABLE fresh ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
-- near miss: a new table with a key
CREATE TABLE fresh (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
-- near miss: another kind of constraint
ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
