-- constraints of tables, by table and name
SELECT k.conrelid, k.contype, k.conname,
	(SELECT json_agg(x.attname ORDER BY q.i) FROM unnest(k.conkey) WITH ORDINALITY AS q (n, i)
		JOIN pg_attribute AS x ON x.attrelid = k.conrelid AND x.attnum = q.n),
	pg_get_expr(k.conbin, k.conrelid), pg_get_constraintdef(k.oid),
	fn.nspname, f.relname,
	(SELECT json_agg(x.attname ORDER BY q.i) FROM unnest(k.confkey) WITH ORDINALITY AS q (n, i)
		JOIN pg_attribute AS x ON x.attrelid = k.confrelid AND x.attnum = q.n),
	k.confupdtype, k.confdeltype, k.confmatchtype,
	k.convalidated, k.condeferrable, k.condeferred, k.connoinherit AND k.contype = 'c',
	(SELECT json_agg(x.attname ORDER BY q.i)
		FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS q (n, i)
		JOIN pg_attribute AS x ON x.attrelid = k.conrelid AND x.attnum = q.n
		WHERE q.i > i.indnkeyatts AND k.contype IN ('p', 'u')),
	coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
	obj_description(k.oid, 'pg_constraint')
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS f ON f.oid = k.confrelid
LEFT JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY k.conrelid, k.conname
