-- kinds that are known by their definition only: schema, name, what it is, definition
SELECT n.nspname, p.polname, 'policy on ' || c.relname,
	'CREATE POLICY ' || quote_ident(p.polname) || ' ON ' || quote_ident(n.nspname) || '.'
		|| quote_ident(c.relname)
		|| CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
		|| CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT'
			WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' ELSE '' END
		|| CASE WHEN p.polroles = '{0}' THEN '' ELSE ' TO ' ||
			(SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles AS r
				WHERE r.oid = ANY (p.polroles)) END
		|| coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
		|| coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, w.rulename, 'rule on ' || c.relname, pg_get_ruledef(w.oid)
FROM pg_rewrite AS w
JOIN pg_class AS c ON c.oid = w.ev_class JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE w.rulename <> '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT n.nspname, x.stxname, 'statistics', pg_get_statisticsobjdef(x.oid)
FROM pg_statistic_ext AS x JOIN pg_namespace AS n ON n.oid = x.stxnamespace
UNION ALL
SELECT '', v.evtname, 'event trigger',
	'CREATE EVENT TRIGGER ' || quote_ident(v.evtname) || ' ON ' || v.evtevent
		|| coalesce(' WHEN TAG IN (' || (SELECT string_agg(quote_literal(g), ', ' ORDER BY g)
			FROM unnest(v.evttags) AS g) || ')', '')
		|| ' EXECUTE FUNCTION ' || v.evtfoid::regproc || '() -- ' || v.evtenabled::text
FROM pg_event_trigger AS v
WHERE NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_event_trigger'::regclass AND e.objid = v.oid AND e.deptype = 'e')
