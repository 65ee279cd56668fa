SELECT k.contypid, k.conname, pg_get_expr(k.conbin, 0), k.convalidated
FROM pg_constraint AS k WHERE k.contypid <> 0 AND k.contype = 'c'
ORDER BY k.contypid, k.conname
