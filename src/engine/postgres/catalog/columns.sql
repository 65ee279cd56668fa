-- columns, by relation and place; a default names no column, and where none is named the server need not
-- open, lock and describe the table for it.  `older`: see constraints.sql
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
	CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN
		(SELECT co.collname FROM pg_collation AS co WHERE co.oid = a.attcollation) END,
	pg_get_expr(d.adbin, CASE WHEN a.attgenerated <> '' THEN d.adrelid ELSE 0 END), a.attgenerated, a.attidentity, a.attnotnull,
	CASE WHEN a.attstorage <> t.typstorage THEN
		CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
			ELSE 'extended' END END,
	CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
	s.description,
	CASE WHEN a.attcollation >= 16384 AND a.attcollation <> t.typcollation THEN
		(SELECT cn.nspname FROM pg_collation AS co JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
		WHERE co.oid = a.attcollation AND cn.nspname <> 'pg_catalog') END
FROM (VALUES (''::"char")) AS older (attcompression)
CROSS JOIN LATERAL (SELECT attrelid, attnum, attname, atttypid, atttypmod, attcollation, attgenerated,
	attidentity, attnotnull, attstorage, attisdropped, attcompression FROM pg_attribute) AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_description AS s ON s.objoid = a.attrelid AND s.classoid = 'pg_class'::regclass
	AND s.objsubid = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum
