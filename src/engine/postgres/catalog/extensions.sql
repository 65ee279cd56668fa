SELECT x.extname, x.extversion, n.nspname
FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
