-- enums, domains, composite types, ranges and base types
SELECT t.oid, t.typtype, n.nspname, t.typname,
	CASE WHEN t.typtype = 'e' THEN
		(SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum AS l
			WHERE l.enumtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
		WHEN t.typtype = 'r' THEN (SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r
			WHERE r.rngtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN t.typdefault END, t.typnotnull,
	t.typrelid, s.description,
	CASE WHEN t.typtype = 'd' THEN
		(SELECT 'collate ' || CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' ELSE '' END
				|| quote_ident(co.collname)
			FROM pg_type AS b, pg_collation AS co JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
			WHERE b.oid = t.typbasetype AND co.oid = t.typcollation AND co.oid <> b.typcollation)
		WHEN t.typtype = 'r' THEN
		(SELECT concat_ws(', ',
				CASE WHEN NOT oc.opcdefault THEN 'subtype_opclass = ' || quote_ident(ocn.nspname) || '.'
					|| quote_ident(oc.opcname) END,
				CASE WHEN r.rngcollation <> b.typcollation THEN 'collation = ' || (SELECT CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' ELSE '' END
						|| quote_ident(co.collname)
					FROM pg_collation AS co JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
					WHERE co.oid = r.rngcollation) END,
				CASE WHEN r.rngcanonical <> 0 THEN 'canonical = ' || r.rngcanonical::regproc END,
				CASE WHEN r.rngsubdiff <> 0 THEN 'subtype_diff = ' || r.rngsubdiff::regproc END,
				(SELECT 'multirange_type_name = ' || quote_ident(mn.nspname) || '.' || quote_ident(mt.typname)
					FROM pg_type AS mt JOIN pg_namespace AS mn ON mn.oid = mt.typnamespace
					WHERE mt.oid = r.rngmultitypid))
			FROM (VALUES (0::oid)) AS older (rngmultitypid)
			CROSS JOIN LATERAL (SELECT rngtypid, rngsubtype, rngsubopc, rngcollation, rngcanonical, rngsubdiff,
				rngmultitypid FROM pg_range) AS r
			JOIN pg_type AS b ON b.oid = r.rngsubtype
			JOIN pg_opclass AS oc ON oc.oid = r.rngsubopc JOIN pg_namespace AS ocn ON ocn.oid = oc.opcnamespace
			WHERE r.rngtypid = t.oid) END,
	CASE WHEN t.typtype = 'd' THEN
		(SELECT json_agg('comment on constraint ' || quote_ident(k.conname) || ' on domain ' || quote_ident(n.nspname)
				|| '.' || quote_ident(t.typname) || ' is ' || quote_literal(ks.description) ORDER BY k.conname)
			FROM pg_constraint AS k JOIN pg_description AS ks ON ks.objoid = k.oid
				AND ks.classoid = 'pg_constraint'::regclass WHERE k.contypid = t.oid)
		WHEN t.typtype = 'c' THEN
		(SELECT json_agg('comment on column ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname) || '.'
				|| quote_ident(a.attname) || ' is ' || quote_literal(ks.description) ORDER BY a.attnum)
			FROM pg_attribute AS a JOIN pg_description AS ks ON ks.objoid = a.attrelid
				AND ks.classoid = 'pg_class'::regclass AND ks.objsubid = a.attnum
			WHERE a.attrelid = t.typrelid AND a.attnum > 0) END
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
