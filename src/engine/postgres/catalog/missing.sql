-- kinds that a snapshot does not hold: how many, and what
SELECT count(*), what FROM (
	SELECT 'text search configurations' AS what, 'pg_ts_config'::regclass AS class, oid FROM pg_ts_config
	UNION ALL SELECT 'text search dictionaries', 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
	UNION ALL SELECT 'operators', 'pg_operator'::regclass, oid FROM pg_operator
	UNION ALL SELECT 'operator classes', 'pg_opclass'::regclass, oid FROM pg_opclass
	UNION ALL SELECT 'casts', 'pg_cast'::regclass, oid FROM pg_cast
	UNION ALL SELECT 'collations', 'pg_collation'::regclass, oid FROM pg_collation
	UNION ALL SELECT 'conversions', 'pg_conversion'::regclass, oid FROM pg_conversion
	UNION ALL SELECT 'procedural languages', 'pg_language'::regclass, oid FROM pg_language
	UNION ALL SELECT 'transforms', 'pg_transform'::regclass, oid FROM pg_transform
	UNION ALL SELECT 'access methods', 'pg_am'::regclass, oid FROM pg_am
	UNION ALL SELECT 'foreign data wrappers', 'pg_foreign_data_wrapper'::regclass, oid
		FROM pg_foreign_data_wrapper
	UNION ALL SELECT 'foreign servers', 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
	UNION ALL SELECT 'publications', 'pg_publication'::regclass, oid FROM pg_publication
) AS k
WHERE oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend AS e
	WHERE e.classid = k.class AND e.objid = k.oid AND e.deptype IN ('e', 'i'))
GROUP BY what ORDER BY what
