-- tables, views and materialised views
SELECT c.oid, c.relkind, n.nspname, c.relname, c.relpersistence,
	(SELECT 'with (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(c.reloptions) AS o),
	CASE WHEN m.amname <> 'heap' THEN m.amname END,
	pg_get_partkeydef(c.oid),
	pg_get_expr(c.relpartbound, c.oid),
	c.relrowsecurity, c.relforcerowsecurity,
	CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE -1 END,
	c.relpages::bigint * 8192,
	obj_description(c.oid, 'pg_class'),
	CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_am AS m ON m.oid = c.relam
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
		WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY c.oid
