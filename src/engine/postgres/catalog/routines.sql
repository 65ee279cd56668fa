SELECT p.prokind, n.nspname, p.proname, coalesce((SELECT string_agg(format_type(a.t, NULL), ', ' ORDER BY a.i)
		FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i)), ''),
	CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE
		(SELECT 'CREATE AGGREGATE ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname)
			|| ' (' || pg_get_function_arguments(p.oid) || ') (SFUNC = ' || g.aggtransfn::regproc
			|| ', STYPE = ' || format_type(g.aggtranstype, NULL)
			|| CASE WHEN g.aggfinalfn <> 0 THEN ', FINALFUNC = ' || g.aggfinalfn::regproc ELSE '' END
			|| CASE WHEN g.aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || g.aggcombinefn::regproc
				ELSE '' END
			|| coalesce(', INITCOND = ' || quote_literal(g.agginitval), '')
			|| CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED'
				ELSE '' END || ')'
		FROM pg_aggregate AS g WHERE g.aggfnoid = p.oid) END,
	obj_description(p.oid, 'pg_proc')
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
		WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype IN ('e', 'i'))
