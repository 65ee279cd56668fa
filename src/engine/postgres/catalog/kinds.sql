-- which kinds there are at all: planning a question is most of what it costs where nothing answers it.
-- Each column holds wherever the questions that need it have an answer
WITH own AS MATERIALIZED (
	SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT c.relations, c.views,
	EXISTS (SELECT 1 FROM pg_trigger WHERE NOT tgisinternal),
	EXISTS (SELECT 1 FROM pg_sequence),
	EXISTS (SELECT 1 FROM pg_proc WHERE pronamespace IN (SELECT oid FROM own)),
	c.composites OR EXISTS (SELECT 1 FROM pg_type AS t
		WHERE t.typnamespace IN (SELECT oid FROM own) AND (t.typtype IN ('e', 'd', 'r')
			OR t.typtype = 'b' AND NOT EXISTS (SELECT 1 FROM pg_type AS el
				WHERE el.oid = t.typelem AND el.typarray = t.oid))),
	EXISTS (SELECT 1 FROM pg_rewrite WHERE rulename <> '_RETURN' AND ev_class IN
			(SELECT oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM own)))
		OR EXISTS (SELECT 1 FROM pg_policy) OR EXISTS (SELECT 1 FROM pg_statistic_ext)
		OR EXISTS (SELECT 1 FROM pg_event_trigger)
		OR EXISTS (SELECT 1 FROM pg_collation WHERE oid >= 16384) OR EXISTS (SELECT 1 FROM pg_cast WHERE oid >= 16384)
		OR EXISTS (SELECT 1 FROM pg_foreign_data_wrapper) OR EXISTS (SELECT 1 FROM pg_foreign_server)
		OR EXISTS (SELECT 1 FROM pg_ts_dict WHERE oid >= 16384) OR EXISTS (SELECT 1 FROM pg_ts_config WHERE oid >= 16384)
FROM (SELECT count(*) > 0 AS relations, coalesce(bool_or(relkind IN ('v', 'm')), false) AS views,
		coalesce(bool_or(relkind = 'c'), false) AS composites
	FROM pg_class WHERE relnamespace IN (SELECT oid FROM own)) AS c
