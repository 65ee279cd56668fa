-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
-- hit: a misspelt verb
CRATE TABLE t (id int PRIMARY KEY);
-- hit: a missing bracket
CREATE TABLE t (id int PRIMARY KEY;
-- hit: a comma too many
INSERT INTO orders (id, note,) VALUES (1, 'a');
-- hit: a string that never ends
INSERT INTO orders VALUES (1, 'open);
-- hit: a comment that never ends
SELECT 1; /* open
-- hit: a command of the client
\connect other
-- near miss: the mistake is in a string
INSERT INTO orders VALUES (1, 'CRATE TABLE t (');
-- near miss: the mistake is in a comment
/* CRATE TABLE t ( */ SELECT 1;
-- near miss: the mistake is in a quoted name
CREATE TABLE "CRATE TABLE (" (id int PRIMARY KEY);
-- near miss: the mistake is in a dollar quote
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'CRATE TABLE (' $$;
-- near miss: a last statement without its semicolon
SELECT 1
-- near miss: nested comments
SELECT 1 /* one /* two */ still one */ + 1;
