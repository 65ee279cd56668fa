-- schema
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
-- hit 2: a transaction of one's own
BEGIN IMMEDIATE;
COMMIT;
-- hit: END
END TRANSACTION;
-- hit: ROLLBACK
ROLLBACK;
-- hit: SAVEPOINT
SAVEPOINT a;
-- near miss: a string
INSERT INTO orders VALUES (1, 'BEGIN');
-- near miss: a comment
-- COMMIT;
SELECT 1;
-- near miss: a quoted name
CREATE TABLE "commit" (id INTEGER PRIMARY KEY);
-- near miss: a trigger's body
CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE orders SET note = 'x' WHERE id = new.id; END;
-- near miss: CASE ... END
SELECT CASE WHEN 1 THEN 2 END;
