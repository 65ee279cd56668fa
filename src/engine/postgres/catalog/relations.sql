-- tables, views and materialised views; an extension's members are found from the extension, which the
-- index of pg_depend leads to
SELECT c.oid, c.relkind, n.nspname, c.relname, c.relpersistence,
	CASE WHEN c.reloptions IS NOT NULL THEN
		(SELECT 'with (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(c.reloptions) AS o) END,
	CASE WHEN m.amname <> 'heap' THEN m.amname END,
	CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
	pg_get_expr(c.relpartbound, 0),
	c.relrowsecurity, c.relforcerowsecurity,
	CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE -1 END,
	c.relpages::bigint * 8192,
	s.description,
	CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
	CASE WHEN c.relkind = 'f' THEN
		(SELECT 'server ' || quote_ident(fs.srvname) || coalesce(' options (' ||
				(SELECT string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
					ORDER BY o.option_name) FROM pg_options_to_table(ft.ftoptions) AS o) || ')', '')
			FROM pg_foreign_table AS ft JOIN pg_foreign_server AS fs ON fs.oid = ft.ftserver
			WHERE ft.ftrelid = c.oid) END
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_description AS s ON s.objoid = c.oid AND s.classoid = 'pg_class'::regclass
	AND s.objsubid = 0
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND c.oid NOT IN (SELECT e.objid FROM pg_depend AS e WHERE e.refclassid = 'pg_extension'::regclass
		AND e.deptype = 'e' AND e.classid = 'pg_class'::regclass)
ORDER BY c.oid
