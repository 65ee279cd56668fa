-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
-- hit: a block that drops out of sight
DO $$ BEGIN DROP TABLE orders; END $$;
-- hit: a block of another language
DO LANGUAGE plperl 'spi_exec_query("DROP TABLE orders")';
-- hit: a procedure
CALL clean_up(1);
-- hit: a statement that was prepared
PREPARE p AS SELECT 1;
EXECUTE p;
-- hit: everything somebody owns
DROP OWNED BY bob;
-- hit: what another server has
IMPORT FOREIGN SCHEMA far FROM SERVER s INTO public;
-- hit: a function of one's own, alone
SELECT clean_up(1);
-- hit 2: each block
DO $$ BEGIN NULL; END $$;
DO $$ BEGIN NULL; END $$;
-- near miss: a function that is only made
CREATE FUNCTION clean_up() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE orders; END $$;
-- near miss: a sequence is set, as dumps do
SELECT setval('orders_id_seq', 1), pg_catalog.set_config('search_path', '', false);
-- near miss: functions that change nothing
SELECT lower(note), now() FROM orders;
-- near miss: a plain query
SELECT 1;
-- near miss: a setting
SET lock_timeout = '2s';
-- near miss: a trigger that executes
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();
-- near miss: rows changed with a function
UPDATE orders SET note = upper(note) WHERE id = 1;
-- near miss: a word in a string
INSERT INTO orders VALUES (1, 'DO $$ BEGIN DROP TABLE orders; END $$');
