-- Every kind of object that MySQL 8 has, in the forms that SHOW prints in a way of its own.
CREATE TABLE parent (
	id int UNSIGNED NOT NULL AUTO_INCREMENT,
	`select` varchar(20) NOT NULL DEFAULT '',
	PRIMARY KEY (id),
	UNIQUE KEY both_of_them (`select`, id)
) COMMENT='it''s a \\ "comment"; with AUTO_INCREMENT=7';
CREATE TABLE child (
	id bigint NOT NULL,
	parent_id int UNSIGNED,
	other_id int UNSIGNED,
	CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE,
	CONSTRAINT child_other FOREIGN KEY (other_id) REFERENCES parent (id),
	CONSTRAINT `odd ``name` CHECK (id > 0 OR id IS NULL),
	CONSTRAINT asleep CHECK (id < 100 AND `id` <> 7) NOT ENFORCED
);
CREATE TABLE columns_of_all_kinds (
	a int UNSIGNED NOT NULL,
	b varchar(50) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s \\ x\ny',
	c text COLLATE utf8mb4_unicode_ci,
	d decimal(12,4) DEFAULT -1.5,
	e enum('a', 'b,)', 'it''s') NOT NULL DEFAULT 'b,)',
	f set('x', 'y') DEFAULT 'x,y',
	g int GENERATED ALWAYS AS (a + 1) STORED,
	h varchar(100) AS (concat(b, '; on update (')) VIRTUAL COMMENT 'virtual; ''quoted''',
	i timestamp NULL,
	j timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
	k datetime DEFAULT current_timestamp,
	l bit(3) DEFAULT b'101',
	m json NOT NULL DEFAULT (json_object('a;', json_array(1))),
	n int DEFAULT (1 + 2) INVISIBLE,
	o binary(16) DEFAULT (uuid_to_bin(uuid())),
	p blob DEFAULT ('x;y'),
	q point NOT NULL SRID 4326,
	r int CHECK (r > 0),
	s int COMMENT 'line\nbreak, back\\slash',
	t year, u time(2), v double, x char(3) BINARY, y bool DEFAULT true, z tinytext,
	w varbinary(9) DEFAULT x'00ff',
	`odd ``name ``` int,
	PRIMARY KEY (a, b(10)),
	UNIQUE KEY descending (d DESC, a),
	KEY prefix (c(20)) COMMENT 'a; comment',
	KEY by_expression ((a + s), (lower(b)) DESC),
	KEY of_an_array ((CAST(m->'$.ids' AS UNSIGNED ARRAY))),
	KEY unseen (k) INVISIBLE,
	FULLTEXT KEY words (c),
	SPATIAL KEY places (q)
) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE auto_in_a_key (a int NOT NULL, b int NOT NULL AUTO_INCREMENT, PRIMARY KEY (a), KEY (b));
CREATE TABLE plain_old (a int, b varchar(10) COLLATE utf8mb4_0900_as_cs) ENGINE=MyISAM DELAY_KEY_WRITE=1;
CREATE TABLE by_range (a int, b date) PARTITION BY RANGE COLUMNS (b) SUBPARTITION BY HASH (a) SUBPARTITIONS 2 (
	PARTITION p0 VALUES LESS THAN ('2026-01-01') COMMENT 'old;', PARTITION p1 VALUES LESS THAN (MAXVALUE));
CREATE TABLE by_list (a int) PARTITION BY LIST (a) (PARTITION one VALUES IN (1, NULL), PARTITION two VALUES IN (2));
CREATE TABLE by_hash (a int PRIMARY KEY) PARTITION BY KEY (a) PARTITIONS 3;
CREATE TABLE by_linear (a int) PARTITION BY LINEAR HASH (a) PARTITIONS 2;
CREATE TABLE with_hidden_key (a int) COMPRESSION='zlib' COLLATE utf8mb4_0900_ai_ci;
CREATE VIEW z_first AS SELECT id, `select` AS s FROM parent WHERE `select` <> 'a;b' WITH CHECK OPTION;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW a_second AS SELECT z.s, 'ä' AS umlaut FROM z_first AS z;
CREATE VIEW recursive_one AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SELECT x, row_number() OVER (ORDER BY x) AS r FROM n;
CREATE TRIGGER b_one BEFORE INSERT ON parent FOR EACH ROW SET NEW.`select` = 'x;y';
CREATE TRIGGER a_two BEFORE INSERT ON parent FOR EACH ROW FOLLOWS b_one SET NEW.`select` = concat(NEW.`select`, 'ä');
CREATE TRIGGER c_three BEFORE INSERT ON parent FOR EACH ROW PRECEDES b_one SET @a = 1;
CREATE TRIGGER a_other AFTER DELETE ON child FOR EACH ROW SET @b = OLD.id;
DELIMITER ;;
CREATE PROCEDURE both_kinds(IN a int, OUT b varchar(10)) MODIFIES SQL DATA COMMENT 'c;'
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION SET b = '\\;';
	SELECT 1; -- a comment; here
	SET b = 'x;y';
END;;
CREATE FUNCTION both_kinds(a int) RETURNS varchar(20) DETERMINISTIC RETURN 'ä';;
SET time_zone = '+02:00';;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DISABLE COMMENT 'e' DO BEGIN SELECT 1; END;;
SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';;
CREATE PROCEDURE "in another mode"() SELECT '\';;
