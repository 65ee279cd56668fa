-- indexes that back no constraint; keys as JSON:
-- [[column, expression, collation, operator class, option bits, is a key], ...]
SELECT i.indrelid, ic.relname, m.amname, i.indisunique, i.indisvalid,
	pg_get_expr(i.indpred, i.indrelid),
	(SELECT 'with (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(ic.reloptions) AS o),
	coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
	(SELECT json_agg(json_build_array(a.attname,
			CASE WHEN k.n = 0 THEN pg_get_indexdef(i.indexrelid, k.i::int, false) END,
			CASE WHEN co.collname <> 'default' AND co.oid IS DISTINCT FROM a.attcollation
				THEN co.collname END,
			CASE WHEN NOT oc.opcdefault THEN oc.opcname END,
			coalesce(op.bits, 0), k.i <= i.indnkeyatts) ORDER BY k.i)
		FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (n, i)
		LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.n AND k.n <> 0
		LEFT JOIN unnest(i.indcollation::oid[]) WITH ORDINALITY AS cl (o, i) ON cl.i = k.i
		LEFT JOIN pg_collation AS co ON co.oid = cl.o
		LEFT JOIN unnest(i.indclass::oid[]) WITH ORDINALITY AS cs (o, i) ON cs.i = k.i
		LEFT JOIN pg_opclass AS oc ON oc.oid = cs.o
		LEFT JOIN unnest(i.indoption::smallint[]) WITH ORDINALITY AS op (bits, i) ON op.i = k.i),
	obj_description(i.indexrelid, 'pg_class')
FROM pg_index AS i
JOIN pg_class AS ic ON ic.oid = i.indexrelid
JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_am AS m ON m.oid = ic.relam
WHERE c.relkind IN ('r', 'p', 'm')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k
		WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, ic.relname
