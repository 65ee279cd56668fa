-- kinds that are known by their definition only: schema, name, what it is, definition, and what else there
-- is as a JSON list of statements that follow
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
		|| coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
	(SELECT json_agg(s) FROM (VALUES
		('comment on policy ' || quote_ident(p.polname) || ' on ' || quote_ident(n.nspname) || '.'
			|| quote_ident(c.relname) || ' is ' || quote_literal(obj_description(p.oid, 'pg_policy')))) AS v (s)
		WHERE s IS NOT NULL)
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, w.rulename, 'rule on ' || c.relname, pg_get_ruledef(w.oid),
	(SELECT json_agg(s) FROM (VALUES
		('alter table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
			|| CASE w.ev_enabled WHEN 'D' THEN ' disable rule ' WHEN 'R' THEN ' enable replica rule '
				WHEN 'A' THEN ' enable always rule ' END || quote_ident(w.rulename)),
		('comment on rule ' || quote_ident(w.rulename) || ' on ' || quote_ident(n.nspname) || '.'
			|| quote_ident(c.relname) || ' is ' || quote_literal(obj_description(w.oid, 'pg_rewrite')))) AS v (s)
		WHERE s IS NOT NULL)
FROM pg_rewrite AS w
JOIN pg_class AS c ON c.oid = w.ev_class JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE w.rulename <> '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT n.nspname, x.stxname, 'statistics', pg_get_statisticsobjdef(x.oid),
	(SELECT json_agg(s) FROM (VALUES
		('alter statistics ' || quote_ident(n.nspname) || '.' || quote_ident(x.stxname) || ' set statistics '
			|| CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END),
		('comment on statistics ' || quote_ident(n.nspname) || '.' || quote_ident(x.stxname) || ' is '
			|| quote_literal(obj_description(x.oid, 'pg_statistic_ext')))) AS v (s)
		WHERE s IS NOT NULL)
FROM (VALUES (-1)) AS older (stxstattarget)
CROSS JOIN LATERAL (SELECT oid, stxname, stxnamespace, stxstattarget FROM pg_statistic_ext) AS x
JOIN pg_namespace AS n ON n.oid = x.stxnamespace
UNION ALL
SELECT '', v.evtname, 'event trigger',
	'CREATE EVENT TRIGGER ' || quote_ident(v.evtname) || ' ON ' || v.evtevent
		|| coalesce(' WHEN TAG IN (' || (SELECT string_agg(quote_literal(g), ', ' ORDER BY g)
			FROM unnest(v.evttags) AS g) || ')', '')
		|| ' EXECUTE FUNCTION ' || v.evtfoid::regproc || '() -- ' || v.evtenabled::text,
	(SELECT json_agg(s) FROM (VALUES
		('alter event trigger ' || quote_ident(v.evtname) || CASE v.evtenabled WHEN 'D' THEN ' disable'
			WHEN 'R' THEN ' enable replica' WHEN 'A' THEN ' enable always' END),
		('comment on event trigger ' || quote_ident(v.evtname) || ' is '
			|| quote_literal(obj_description(v.oid, 'pg_event_trigger')))) AS w (s)
		WHERE s IS NOT NULL)
FROM pg_event_trigger AS v
WHERE NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_event_trigger'::regclass AND e.objid = v.oid AND e.deptype = 'e')
UNION ALL
SELECT n.nspname, co.collname, 'collation',
	'CREATE COLLATION ' || quote_ident(n.nspname) || '.' || quote_ident(co.collname) || ' (provider = '
		|| CASE co.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' ELSE 'builtin' END
		|| CASE WHEN co.collisdeterministic THEN '' ELSE ', deterministic = false' END
		|| coalesce(', locale = ' || quote_literal(coalesce(j.at ->> 'colllocale', j.at ->> 'colliculocale',
			CASE WHEN co.collprovider = 'i' THEN co.collcollate END)), '')
		|| coalesce(', rules = ' || quote_literal(coalesce(j.at ->> 'collicurules', j.at ->> 'collrules')), '')
		|| CASE WHEN co.collprovider = 'c' THEN ', lc_collate = ' || quote_literal(co.collcollate) || ', lc_ctype = '
			|| quote_literal(co.collctype) ELSE '' END || ')',
	(SELECT json_agg('comment on collation ' || quote_ident(n.nspname) || '.' || quote_ident(co.collname) || ' is '
		|| quote_literal(d)) FROM obj_description(co.oid, 'pg_collation') AS d WHERE d IS NOT NULL)
FROM pg_collation AS co JOIN pg_namespace AS n ON n.oid = co.collnamespace
CROSS JOIN LATERAL (SELECT to_jsonb(co) AS at) AS j
WHERE co.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_collation'::regclass AND e.objid = co.oid AND e.deptype = 'e')
UNION ALL
SELECT '', format_type(k.castsource, NULL) || ' as ' || format_type(k.casttarget, NULL), 'cast',
	'CREATE CAST (' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ')'
		|| CASE k.castmethod WHEN 'i' THEN ' WITH INOUT' WHEN 'b' THEN ' WITHOUT FUNCTION'
			ELSE ' WITH FUNCTION ' || k.castfunc::regprocedure END
		|| CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END,
	(SELECT json_agg('comment on cast (' || format_type(k.castsource, NULL) || ' as '
		|| format_type(k.casttarget, NULL) || ') is ' || quote_literal(d))
		FROM obj_description(k.oid, 'pg_cast') AS d WHERE d IS NOT NULL)
FROM pg_cast AS k
WHERE k.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_cast'::regclass AND e.objid = k.oid AND e.deptype IN ('e', 'i'))
UNION ALL
SELECT '', w.fdwname, 'foreign data wrapper',
	'CREATE FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname)
		|| CASE WHEN w.fdwhandler <> 0 THEN ' HANDLER ' || w.fdwhandler::regproc ELSE '' END
		|| CASE WHEN w.fdwvalidator <> 0 THEN ' VALIDATOR ' || w.fdwvalidator::regproc ELSE '' END
		|| coalesce(' OPTIONS (' || (SELECT string_agg(quote_ident(o.option_name) || ' '
			|| quote_literal(o.option_value), ', ' ORDER BY o.option_name)
			FROM pg_options_to_table(w.fdwoptions) AS o) || ')', ''),
	(SELECT json_agg('comment on foreign data wrapper ' || quote_ident(w.fdwname) || ' is ' || quote_literal(d))
		FROM obj_description(w.oid, 'pg_foreign_data_wrapper') AS d WHERE d IS NOT NULL)
FROM pg_foreign_data_wrapper AS w
WHERE NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_foreign_data_wrapper'::regclass AND e.objid = w.oid AND e.deptype = 'e')
UNION ALL
SELECT '', s.srvname, 'server',
	'CREATE SERVER ' || quote_ident(s.srvname) || coalesce(' TYPE ' || quote_literal(s.srvtype), '')
		|| coalesce(' VERSION ' || quote_literal(s.srvversion), '')
		|| ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname)
		|| coalesce(' OPTIONS (' || (SELECT string_agg(quote_ident(o.option_name) || ' '
			|| quote_literal(o.option_value), ', ' ORDER BY o.option_name)
			FROM pg_options_to_table(s.srvoptions) AS o) || ')', ''),
	(SELECT json_agg('comment on server ' || quote_ident(s.srvname) || ' is ' || quote_literal(d))
		FROM obj_description(s.oid, 'pg_foreign_server') AS d WHERE d IS NOT NULL)
FROM pg_foreign_server AS s JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
WHERE NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_foreign_server'::regclass AND e.objid = s.oid AND e.deptype = 'e')
UNION ALL
SELECT n.nspname, d.dictname, 'text search dictionary',
	'CREATE TEXT SEARCH DICTIONARY ' || quote_ident(n.nspname) || '.' || quote_ident(d.dictname) || ' (TEMPLATE = '
		|| quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) || coalesce(', ' || d.dictinitoption, '') || ')',
	(SELECT json_agg('comment on text search dictionary ' || quote_ident(n.nspname) || '.' || quote_ident(d.dictname)
		|| ' is ' || quote_literal(c)) FROM obj_description(d.oid, 'pg_ts_dict') AS c WHERE c IS NOT NULL)
FROM pg_ts_dict AS d JOIN pg_namespace AS n ON n.oid = d.dictnamespace
JOIN pg_ts_template AS t ON t.oid = d.dicttemplate JOIN pg_namespace AS tn ON tn.oid = t.tmplnamespace
WHERE d.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_ts_dict'::regclass AND e.objid = d.oid AND e.deptype = 'e')
UNION ALL
SELECT n.nspname, f.cfgname, 'text search configuration',
	'CREATE TEXT SEARCH CONFIGURATION ' || quote_ident(n.nspname) || '.' || quote_ident(f.cfgname) || ' (PARSER = '
		|| quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) || ')',
	(SELECT json_agg(s ORDER BY s) FROM (
		SELECT 'alter text search configuration ' || quote_ident(n.nspname) || '.' || quote_ident(f.cfgname)
			|| ' add mapping for ' || quote_ident(t.alias) || ' with '
			|| string_agg(quote_ident(dn.nspname) || '.' || quote_ident(d.dictname), ', ' ORDER BY m.mapseqno)
		FROM pg_ts_config_map AS m
		JOIN ts_token_type(f.cfgparser) AS t ON t.tokid = m.maptokentype
		JOIN pg_ts_dict AS d ON d.oid = m.mapdict JOIN pg_namespace AS dn ON dn.oid = d.dictnamespace
		WHERE m.mapcfg = f.oid GROUP BY t.alias
		UNION ALL
		SELECT 'comment on text search configuration ' || quote_ident(n.nspname) || '.' || quote_ident(f.cfgname)
			|| ' is ' || quote_literal(c) FROM obj_description(f.oid, 'pg_ts_config') AS c
		) AS v (s) WHERE s IS NOT NULL)
FROM pg_ts_config AS f JOIN pg_namespace AS n ON n.oid = f.cfgnamespace
JOIN pg_ts_parser AS p ON p.oid = f.cfgparser JOIN pg_namespace AS pn ON pn.oid = p.prsnamespace
WHERE f.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = 'pg_ts_config'::regclass AND e.objid = f.oid AND e.deptype = 'e')
