-- kinds that a snapshot does not hold: how many, and what
SELECT count(*), what FROM (
	SELECT 'text search parsers' AS what, 'pg_ts_parser'::regclass AS class, oid FROM pg_ts_parser
	UNION ALL SELECT 'text search templates', 'pg_ts_template'::regclass, oid FROM pg_ts_template
	UNION ALL SELECT 'operators', 'pg_operator'::regclass, oid FROM pg_operator
	UNION ALL SELECT 'operator classes', 'pg_opclass'::regclass, oid FROM pg_opclass
	UNION ALL SELECT 'operator families', 'pg_opfamily'::regclass, oid FROM pg_opfamily
	UNION ALL SELECT 'conversions', 'pg_conversion'::regclass, oid FROM pg_conversion
	UNION ALL SELECT 'procedural languages', 'pg_language'::regclass, oid FROM pg_language
	UNION ALL SELECT 'transforms', 'pg_transform'::regclass, oid FROM pg_transform
	UNION ALL SELECT 'access methods', 'pg_am'::regclass, oid FROM pg_am
	UNION ALL SELECT 'publications', 'pg_publication'::regclass, oid FROM pg_publication
	UNION ALL SELECT 'subscriptions', 'pg_subscription'::regclass, 16384 FROM pg_subscription -- whose oid not everybody may read
		WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
	UNION ALL SELECT 'security labels', objoid, objoid FROM pg_seclabel
	UNION ALL SELECT 'unlogged sequences', 'pg_class'::regclass, oid FROM pg_class
		WHERE relkind = 'S' AND relpersistence = 'u'
	UNION ALL SELECT 'schemas with a dot in their name and tables that inherit from theirs', 'pg_namespace'::regclass, n.oid
		FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhparent JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname LIKE '%.%' AND c.relkind IN ('r', 'p', 'f')
	UNION ALL SELECT 'aggregates with more than state, final and combining function', 'pg_proc'::regclass, aggfnoid
		FROM pg_aggregate
		WHERE aggkind <> 'n' OR aggnumdirectargs <> 0 OR aggmtransfn <> 0 OR aggminvtransfn <> 0 OR aggserialfn <> 0
			OR aggsortop <> 0 OR aggtransspace <> 0 OR aggfinalextra OR aggfinalmodify <> 'r'
) AS k
WHERE oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = k.class AND e.objid = k.oid AND e.deptype IN ('e', 'i'))
GROUP BY what ORDER BY what
