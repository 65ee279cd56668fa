-- what views read
SELECT DISTINCT w.ev_class, n.nspname, c.relname, a.attname
FROM pg_rewrite AS w
JOIN pg_class AS v ON v.oid = w.ev_class
JOIN pg_namespace AS vn ON vn.oid = v.relnamespace
JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
	AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
JOIN pg_class AS c ON c.oid = d.refobjid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	AND d.refobjsubid > 0
WHERE v.relkind IN ('v', 'm') AND vn.nspname !~ '^pg_' AND vn.nspname <> 'information_schema'
ORDER BY 1, 2, 3, 4
