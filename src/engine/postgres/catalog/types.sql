-- enums, domains, composite types, ranges and base types
SELECT t.oid, t.typtype, n.nspname, t.typname,
	(SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum AS l
		WHERE l.enumtypid = t.oid),
	CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
		WHEN t.typtype = 'r' THEN (SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r
			WHERE r.rngtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN t.typdefault END, t.typnotnull,
	t.typrelid, obj_description(t.oid, 'pg_type')
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')
		OR (t.typtype = 'b' AND NOT EXISTS (SELECT 1 FROM pg_type AS el WHERE el.typarray = t.oid)))
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
		WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
ORDER BY t.typrelid, t.oid
