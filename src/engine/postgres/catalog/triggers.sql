-- `older`: see constraints.sql
SELECT n.nspname, t.tgname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled,
	obj_description(t.oid, 'pg_trigger')
FROM (VALUES (0::oid)) AS older (tgparentid)
CROSS JOIN LATERAL (SELECT oid, tgrelid, tgname, tgenabled, tgisinternal, tgparentid FROM pg_trigger) AS t
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0
	AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
