-- param: format=^(idx|uk)_[a-z0-9_]+$
-- schema
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE INDEX idx_old ON orders (note);
-- hit: an index
CREATE INDEX orders_note ON orders (note);
-- hit: a unique index
CREATE UNIQUE INDEX CONCURRENTLY orders_note_key ON orders (note);
-- hit: a new name
ALTER INDEX idx_old RENAME TO old_idx;
-- hit: capitals between quotes
CREATE INDEX "idx_Note" ON orders (note);
-- near miss: a good name
CREATE INDEX idx_orders_note ON orders (note);
-- near miss: a name that the engine chooses
CREATE INDEX ON orders (note);
-- near miss: a string
COMMENT ON TABLE orders IS 'CREATE INDEX orders_note ON orders (note)';
-- near miss: a comment
-- CREATE INDEX orders_note ON orders (note);
SELECT 1;
-- near miss: an index that goes
DROP INDEX idx_old;
-- near miss: a table of such a name
CREATE TABLE orders_note (id bigint PRIMARY KEY);
