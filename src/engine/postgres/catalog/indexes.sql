-- indexes that back no constraint; columns are numbers, which the reader names; expressions as a JSON
-- list; where a collation or an operator class is not its column's or type's own, all of them as
-- [[collation, operator class, the collation's schema, the class as SQL writes it], ...].  `older`: see constraints.sql, pg_attver: also.sql
SELECT i.indrelid, ic.relname, m.amname, i.indisunique, i.indisvalid,
	pg_get_expr(i.indpred, i.indrelid),
	CASE WHEN ic.reloptions IS NOT NULL THEN
		(SELECT 'with (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(ic.reloptions) AS o) END,
	i.indnullsnotdistinct, i.indkey, i.indnkeyatts, i.indoption,
	CASE WHEN i.indexprs IS NOT NULL THEN
		(SELECT json_agg(pg_get_indexdef(i.indexrelid, k.i::int, false) ORDER BY k.i)
			FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (n, i) WHERE k.n = 0) END,
	CASE WHEN NOT i.indcollation::oid[] <@ '{0,100}'
		OR i.indclass::oid[] && (SELECT array_agg(oc.oid) FROM pg_opclass AS oc WHERE NOT oc.opcdefault)
		OR i.indexrelid IN (SELECT attrelid FROM pg_attribute WHERE attoptions IS NOT NULL
			AND NOT (cardinality(attoptions) = 1 AND attoptions[1] LIKE 'pg_attver=%')) THEN
		(SELECT json_agg(json_build_array(
			(SELECT co.collname FROM pg_collation AS co WHERE co.oid = k.sorting
				AND co.collname <> 'default' AND co.oid IS DISTINCT FROM
				(SELECT a.attcollation FROM pg_attribute AS a
					WHERE a.attrelid = i.indrelid AND a.attnum = k.n AND k.n <> 0)),
			(SELECT oc.opcname FROM pg_opclass AS oc WHERE oc.oid = k.operators AND NOT oc.opcdefault),
			(SELECT cn.nspname FROM pg_collation AS co JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
				WHERE co.oid = k.sorting AND cn.nspname <> 'pg_catalog' AND co.oid IS DISTINCT FROM
				(SELECT a.attcollation FROM pg_attribute AS a
					WHERE a.attrelid = i.indrelid AND a.attnum = k.n AND k.n <> 0)),
			(SELECT CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' ELSE '' END
					|| quote_ident(oc.opcname) || coalesce(' (' || (SELECT string_agg(o, ', ' ORDER BY o)
						FROM unnest(a.attoptions) AS o WHERE o NOT LIKE 'pg_attver=%') || ')', '')
				FROM pg_attribute AS a, pg_opclass AS oc JOIN pg_namespace AS cn ON cn.oid = oc.opcnamespace
				WHERE a.attrelid = i.indexrelid AND a.attnum = k.i AND oc.oid = k.operators
					AND (EXISTS (SELECT 1 FROM unnest(a.attoptions) AS o WHERE o NOT LIKE 'pg_attver=%') OR cn.nspname <> 'pg_catalog' AND NOT oc.opcdefault)))
			ORDER BY k.i)
		FROM unnest(i.indkey::smallint[], i.indcollation::oid[], i.indclass::oid[])
			WITH ORDINALITY AS k (n, sorting, operators, i)) END,
	s.description
FROM (VALUES (false)) AS older (indnullsnotdistinct)
CROSS JOIN LATERAL (SELECT indexrelid, indrelid, indisunique, indisvalid, indnkeyatts, indkey,
	indcollation, indclass, indoption, indexprs, indpred, indnullsnotdistinct FROM pg_index) AS i
JOIN pg_class AS ic ON ic.oid = i.indexrelid
JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_am AS m ON m.oid = ic.relam
LEFT JOIN pg_description AS s ON s.objoid = i.indexrelid AND s.classoid = 'pg_class'::regclass
	AND s.objsubid = 0
WHERE c.relkind IN ('r', 'p', 'm')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k
		WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, ic.relname
