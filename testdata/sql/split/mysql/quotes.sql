SELECT 'it\'s;', "double;\"", `tick;``x`, 'two''s;' FROM t; # hash; comment
SELECT 5--3; -- comment;
SELECT 5 --
; /* not nested /* ; */ SELECT 6;
/*!40101 SET NAMES utf8 */;
/*!50001 CREATE TABLE x (a int) */ /*! ENGINE=InnoDB */; SELECT /*+ MAX_EXECUTION_TIME(1) */ 7;
SELECT @a := 1, @@global.x, _utf8'a;', N'b\';', x'1f' FROM 1tab;
/*M! SELECT 8; */ SELECT 9;
SELECT '#', '--', '/*';
