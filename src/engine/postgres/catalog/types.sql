-- enums, domains, composite types, ranges and base types
SELECT t.oid, t.typtype, n.nspname, t.typname,
	CASE WHEN t.typtype = 'e' THEN
		(SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum AS l
			WHERE l.enumtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
		WHEN t.typtype = 'r' THEN (SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r
			WHERE r.rngtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN t.typdefault END, t.typnotnull,
	t.typrelid, s.description
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
LEFT JOIN pg_description AS s ON s.objoid = t.oid AND s.classoid = 'pg_type'::regclass
	AND s.objsubid = 0
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')
		OR (t.typtype = 'b' AND NOT EXISTS (SELECT 1 FROM pg_type AS el
			WHERE el.oid = t.typelem AND el.typarray = t.oid)))
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND t.oid NOT IN (SELECT e.objid FROM pg_depend AS e WHERE e.refclassid = 'pg_extension'::regclass
		AND e.deptype = 'e' AND e.classid = 'pg_type'::regclass)
ORDER BY t.typrelid, t.oid
