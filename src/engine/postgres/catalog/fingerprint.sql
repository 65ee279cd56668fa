-- What the engine's own printing functions see is the latest structure, not the transaction's: a
-- change in between shows in these numbers.
SELECT
	(SELECT pg_catalog.count(*) || '/' || coalesce(pg_catalog.sum(xmin::text::bigint), 0)
		FROM pg_catalog.pg_class
		WHERE relnamespace <> 'pg_catalog'::pg_catalog.regnamespace AND relkind <> 't')
	|| '/' ||
	(SELECT pg_catalog.count(*) || '/' || coalesce(pg_catalog.sum(xmin::text::bigint), 0)
		FROM pg_catalog.pg_proc
		WHERE pronamespace <> 'pg_catalog'::pg_catalog.regnamespace)
