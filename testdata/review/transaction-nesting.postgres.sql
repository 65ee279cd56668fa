-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
-- hit 2: a transaction of one's own
BEGIN;
UPDATE orders SET note = 'a' WHERE id = 1;
COMMIT;
-- hit: a lone commit
COMMIT;
-- hit 2: a savepoint
SAVEPOINT a;
RELEASE SAVEPOINT a;
-- hit: START TRANSACTION
START TRANSACTION;
-- hit: ROLLBACK
ROLLBACK;
-- near miss: a string
INSERT INTO orders VALUES (1, 'BEGIN; COMMIT;');
-- near miss: a comment
-- BEGIN;
SELECT 1;
-- near miss: a quoted name
CREATE TABLE "begin" (id bigint PRIMARY KEY);
-- near miss: the body of a function
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- near miss: a body in standard form
CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
-- near miss: a column named so
ALTER TABLE orders ADD COLUMN "commit" text;
