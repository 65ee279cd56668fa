-- what else there is of tables and views, rarely: each a statement that follows once the schema stands.
-- `older`: see constraints.sql.  Newer servers keep a mark of their own, pg_attver, among each column's options.
WITH r AS (
	SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, n.nspname, c.relname,
		c.relreplident, c.reloftype, c.reltoastrelid,
		CASE c.relkind WHEN 'm' THEN 'alter materialized view ' WHEN 'v' THEN 'alter view '
			WHEN 'f' THEN 'alter foreign table ' ELSE 'alter table only ' END AS change
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), rare AS MATERIALIZED ( -- one look at all columns, of indexes too
	SELECT attrelid, attnum, attname, attstattarget, attoptions, attfdwoptions FROM pg_attribute
	WHERE attnum > 0 AND NOT attisdropped
		AND (attstattarget >= 0 OR attfdwoptions IS NOT NULL OR attoptions IS NOT NULL
			AND NOT (cardinality(attoptions) = 1 AND attoptions[1] LIKE 'pg_attver=%'))
), x AS (
	SELECT i.indrelid, i.indexrelid, i.indisreplident, i.indisclustered, ic.relname, ic.reloptions,
		quote_ident(n.nspname) || '.' || quote_ident(ic.relname) AS name,
		EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u')) AS of_key,
		EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype = 'x') AS of_exclusion
	FROM pg_index AS i
	JOIN pg_class AS ic ON ic.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = ic.relnamespace
	WHERE ic.reloptions IS NOT NULL OR i.indisreplident OR i.indisclustered
		OR i.indexrelid IN (SELECT attrelid FROM rare WHERE attstattarget >= 0)
		OR i.indexrelid IN (SELECT objoid FROM pg_description WHERE classoid = 'pg_class'::regclass AND objsubid = 0)
)
SELECT r.oid, r.change || r.name || ' alter column ' || quote_ident(a.attname) || ' ' || s.what
FROM r JOIN rare AS a ON a.attrelid = r.oid
CROSS JOIN LATERAL (VALUES
	(CASE WHEN a.attstattarget >= 0 THEN 'set statistics ' || a.attstattarget END),
	('set (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) AS o
		WHERE o NOT LIKE 'pg_attver=%') || ')'),
	('options (' || (SELECT string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
		ORDER BY o.option_name) FROM pg_options_to_table(a.attfdwoptions) AS o) || ')')
	) AS s (what)
WHERE s.what IS NOT NULL
UNION ALL
SELECT r.oid, r.change || r.name || ' alter column ' || quote_ident(a.attname) || ' ' || s.what
FROM r CROSS JOIN (VALUES (''::"char")) AS older (attcompression)
CROSS JOIN LATERAL (SELECT attrelid, attnum, attname, atttypid, attstorage, attisdropped, attcompression
	FROM pg_attribute) AS a
CROSS JOIN LATERAL (VALUES
	(CASE a.attcompression WHEN 'l' THEN 'set compression lz4' WHEN 'p' THEN 'set compression pglz' END),
	(CASE WHEN a.attstorage <> (SELECT t.typstorage FROM pg_type AS t WHERE t.oid = a.atttypid) THEN
		'set storage ' || CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
			ELSE 'extended' END END)
	) AS s (what)
WHERE r.relkind = 'm' AND a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND s.what IS NOT NULL
UNION ALL
SELECT r.oid, 'alter view ' || r.name || ' alter column ' || quote_ident(a.attname) || ' set default '
	|| pg_get_expr(d.adbin, 0)
FROM r JOIN pg_attribute AS a ON a.attrelid = r.oid JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE r.relkind = 'v'
UNION ALL
SELECT r.oid, 'comment on column ' || r.name || '.' || quote_ident(a.attname) || ' is ' || quote_literal(s.description)
FROM r JOIN pg_description AS s ON s.classoid = 'pg_class'::regclass AND s.objoid = r.oid AND s.objsubid > 0
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = s.objsubid
WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT r.oid, r.change || r.name || ' replica identity ' || CASE r.relreplident WHEN 'f' THEN 'full' ELSE 'nothing' END
FROM r WHERE r.relreplident IN ('f', 'n') AND r.relkind IN ('r', 'p', 'm')
UNION ALL
SELECT r.oid, r.change || r.name || ' of ' || format_type(r.reloftype, NULL)
FROM r WHERE r.reloftype <> 0
UNION ALL
SELECT r.oid, CASE r.relkind WHEN 'm' THEN 'alter materialized view ' ELSE 'alter table ' END || r.name || ' set ('
	|| (SELECT string_agg('toast.' || o, ', ' ORDER BY o) FROM unnest(t.reloptions) AS o) || ')'
FROM r JOIN pg_class AS t ON t.oid = r.reltoastrelid AND t.reloptions IS NOT NULL
UNION ALL
SELECT r.oid, s.what
FROM r JOIN x ON x.indrelid = r.oid
CROSS JOIN LATERAL (VALUES
	(CASE WHEN x.indisreplident AND r.relreplident = 'i' THEN
		r.change || r.name || ' replica identity using index ' || quote_ident(x.relname) END),
	(CASE WHEN x.indisclustered THEN r.change || r.name || ' cluster on ' || quote_ident(x.relname) END),
	(CASE WHEN x.of_key THEN 'alter index ' || x.name || ' set ('
		|| (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(x.reloptions) AS o) || ')' END),
	(CASE WHEN x.of_key OR x.of_exclusion THEN 'comment on index ' || x.name || ' is '
		|| (SELECT quote_literal(c.description) FROM pg_description AS c WHERE c.objoid = x.indexrelid
			AND c.classoid = 'pg_class'::regclass AND c.objsubid = 0) END)
	) AS s (what)
WHERE s.what IS NOT NULL
UNION ALL
SELECT r.oid, 'alter index ' || x.name || ' alter column ' || a.attnum || ' set statistics ' || a.attstattarget
FROM r JOIN x ON x.indrelid = r.oid JOIN rare AS a ON a.attrelid = x.indexrelid AND a.attstattarget >= 0
UNION ALL
SELECT r.oid, r.change || r.name || CASE g.tgenabled WHEN 'D' THEN ' disable trigger ' WHEN 'R' THEN ' enable replica trigger '
	WHEN 'A' THEN ' enable always trigger ' ELSE ' enable trigger ' END || quote_ident(g.tgname)
FROM r CROSS JOIN (VALUES (0::oid)) AS older (tgparentid)
CROSS JOIN LATERAL (SELECT tgrelid, tgname, tgenabled, tgisinternal, tgparentid FROM pg_trigger) AS g
JOIN pg_trigger AS p ON p.oid = g.tgparentid AND p.tgenabled <> g.tgenabled
WHERE g.tgrelid = r.oid AND g.tgparentid <> 0 AND (NOT g.tgisinternal OR p.tgisinternal IS FALSE)
UNION ALL
SELECT r.oid, 'alter table ' || r.name || ' alter column ' || quote_ident(a.attname) || o.options
FROM r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attidentity <> ''
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid = a.attnum
	AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
JOIN pg_sequence AS q ON q.seqrelid = d.objid
CROSS JOIN LATERAL (SELECT CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
	ELSE 9223372036854775807 END::bigint AS most) AS t
CROSS JOIN LATERAL (SELECT concat(
	CASE WHEN q.seqincrement <> 1 THEN ' set increment by ' || q.seqincrement END,
	CASE WHEN q.seqmin <> 1 THEN ' set minvalue ' || q.seqmin END,
	CASE WHEN q.seqmax <> t.most THEN ' set maxvalue ' || q.seqmax END,
	CASE WHEN q.seqstart <> CASE WHEN q.seqincrement > 0 THEN q.seqmin ELSE q.seqmax END
		OR q.seqmin <> 1 OR q.seqincrement < 0 THEN ' set start with ' || q.seqstart || ' restart' END,
	CASE WHEN q.seqcache <> 1 THEN ' set cache ' || q.seqcache END,
	CASE WHEN q.seqcycle THEN ' set cycle' END) AS options) AS o
WHERE o.options <> ''
	AND (q.seqincrement <> 1 OR q.seqmin <> 1 OR q.seqstart <> 1 OR q.seqcache <> 1 OR q.seqcycle
		OR q.seqmax <> CASE q.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
			ELSE 9223372036854775807 END)
ORDER BY 1, 2
