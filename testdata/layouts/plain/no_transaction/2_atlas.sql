-- atlas:txmode none

CREATE INDEX CONCURRENTLY j ON t (a);
