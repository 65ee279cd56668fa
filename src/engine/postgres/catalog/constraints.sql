-- constraints of tables, by table and name; columns are numbers, which the reader names.  A name that
-- an older server does not have is found in `older`.
SELECT k.conrelid, k.contype, k.conname, CASE WHEN k.contype IN ('p', 'u', 'f') THEN k.conkey END,
	pg_get_expr(k.conbin, k.conrelid),
	CASE WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid) END,
	fn.nspname, f.relname, f.oid, k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype,
	k.convalidated, k.condeferrable, k.condeferred, k.connoinherit AND k.contype = 'c',
	CASE WHEN i.indnatts > i.indnkeyatts THEN i.indkey END, i.indnkeyatts, i.indnullsnotdistinct,
	s.description, k.confdelsetcols
FROM (VALUES (false, NULL::smallint[])) AS older (indnullsnotdistinct, confdelsetcols)
CROSS JOIN LATERAL (SELECT oid, conname, contype, conrelid, conindid, conkey, confrelid, confkey,
	confupdtype, confdeltype, confmatchtype, conbin, convalidated, condeferrable, condeferred,
	connoinherit, confdelsetcols FROM pg_constraint) AS k
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS f ON f.oid = k.confrelid
LEFT JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
LEFT JOIN LATERAL (SELECT indexrelid, indnatts, indnkeyatts, indkey, indnullsnotdistinct
	FROM pg_index) AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
LEFT JOIN pg_description AS s ON s.objoid = k.oid AND s.classoid = 'pg_constraint'::regclass
	AND s.objsubid = 0
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY k.conrelid, k.conname
