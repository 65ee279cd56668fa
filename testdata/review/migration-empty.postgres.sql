-- schema
CREATE TABLE orders (id bigint PRIMARY KEY);
-- hit: nothing
-- hit: only a comment
-- SELECT 1;
-- hit: only a block comment
/* SELECT 1; */
-- hit: only semicolons
;;
-- near miss: a statement
SELECT 1;
-- near miss: a statement behind a comment
/* a */ SELECT 1
-- near miss: a string that looks like a comment
SELECT '-- nothing';
-- near miss: a quoted name that looks like a comment
SELECT 1 AS "/* nothing */";
-- near miss: a statement that cannot be parsed
SELEC 1;
