-- parents of tables and partitions
SELECT h.inhrelid, n.nspname || '.' || p.relname
FROM pg_inherits AS h
JOIN pg_class AS p ON p.oid = h.inhparent
JOIN pg_namespace AS n ON n.oid = p.relnamespace
WHERE p.relkind IN ('r', 'p', 'f')
ORDER BY h.inhrelid, h.inhseqno
