-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit: UPDATE
UPDATE orders SET note = 'a';
-- hit: DELETE
DELETE FROM orders;
-- hit: a condition that is always true
DELETE FROM orders WHERE 1;
-- near miss: a WHERE
DELETE FROM orders WHERE id = 1;
-- near miss: a string
INSERT INTO orders VALUES (1, 'DELETE FROM orders');
-- near miss: a comment
/* DELETE FROM orders; */ SELECT 1;
-- near miss: a table made in the same file
CREATE TABLE fresh (id INTEGER PRIMARY KEY);
DELETE FROM fresh;
-- near miss: a quoted name
SELECT 1 AS "DELETE FROM orders";
