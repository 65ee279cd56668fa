-- no-transaction
CREATE INDEX CONCURRENTLY a_i ON a (id);
