-- schema
CREATE SCHEMA crm;
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE crm.orders (id bigint PRIMARY KEY);
-- hit: UPDATE
UPDATE orders SET note = 'a';
-- hit: DELETE
DELETE FROM orders;
-- hit: a condition that is always true
DELETE FROM orders WHERE true;
-- hit: another one
UPDATE orders SET note = 'a' WHERE 1 = 1;
-- hit: inside WITH
WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone;
-- hit: in another schema
DELETE FROM crm.orders;
-- hit: the WHERE is in a comment
DELETE FROM orders -- WHERE id = 1
;
-- near miss: a WHERE
UPDATE orders SET note = 'a' WHERE id = 1;
-- near miss: a string
INSERT INTO orders VALUES (1, 'DELETE FROM orders');
-- near miss: a comment
-- DELETE FROM orders;
SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id bigint PRIMARY KEY);
DELETE FROM fresh;
-- near miss: a condition that is never true
DELETE FROM orders WHERE false;
-- near miss: a quoted name
SELECT 1 AS "DELETE FROM orders";
-- near miss: a condition over a column that is always true in practice
DELETE FROM orders WHERE id IS NOT NULL;
-- near miss: a temporary table
CREATE TEMP TABLE scratch (id int);
DELETE FROM scratch;
