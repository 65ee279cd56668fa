-- schema unknown
-- hit: a change of a table
ALTER TABLE orders ADD COLUMN note text;
-- hit: a harmless query
SELECT 1;
-- hit 2: two statements with a delimiter of their own
DELIMITER //
CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//
DELIMITER ;
DROP TABLE t;
-- hit: an executable comment
/*!40101 SET NAMES utf8 */;
-- near miss: a comment
-- ALTER TABLE orders ADD COLUMN note text;
-- near miss: a block comment
/* ALTER TABLE orders ADD COLUMN note text; */
-- near miss: a comment of the shell's kind
# ALTER TABLE orders ADD COLUMN note text;
-- near miss: only delimiters
;;
-- near miss: nothing
