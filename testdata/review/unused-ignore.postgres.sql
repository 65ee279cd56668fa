-- off: naming-table
-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
-- hit: nothing to accept
-- sluice:allow truncate-disallow we know
SELECT 1;
-- hit: an unknown rule
-- sluice:allow truncate-dissallow we know
SELECT 1;
-- hit: no reason
-- sluice:allow truncate-disallow
TRUNCATE orders;
-- hit: no rule
-- sluice:allow
TRUNCATE orders;
-- hit: for the file, but in its middle
SELECT 1;
-- sluice:allow-file truncate-disallow we know
TRUNCATE orders;
-- hit: one of two rules
-- sluice:allow truncate-disallow,table-disallow-drop we know
TRUNCATE orders;
-- hit: behind the last statement
SELECT 1;

-- sluice:allow truncate-disallow we know
-- near miss: before the statement
-- sluice:allow truncate-disallow we know
TRUNCATE orders;
-- near miss: behind the statement
TRUNCATE orders; -- sluice:allow truncate-disallow we know
-- near miss: inside the statement
TRUNCATE /* sluice:allow truncate-disallow we know */ orders;
-- near miss: for the file
-- sluice:allow-file truncate-disallow we know
SELECT 1;
TRUNCATE orders;
-- near miss: a string
INSERT INTO orders VALUES (1, '-- sluice:allow truncate-disallow');
-- near miss: another word that begins so
-- sluice:allowance
SELECT 1;
-- near miss: a quoted name
ALTER TABLE orders ADD COLUMN "-- sluice:allow x" text;
-- near miss: a rule that is off
-- sluice:allow naming-table we know
SELECT 1;
