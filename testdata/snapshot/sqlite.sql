-- One object of every kind, with what is easily lost of it.
PRAGMA application_id = 7;
PRAGMA user_version = 42;

CREATE TABLE plain (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(20) NOT NULL DEFAULT 'it''s', at DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE "two words" (a TEXT COLLATE NOCASE, b INT CHECK (b > 0), "c d" REAL GENERATED ALWAYS AS (b * 1.5) STORED, UNIQUE (a, b));
CREATE TABLE strict_one (k TEXT NOT NULL, v ANY, PRIMARY KEY (k)) STRICT, WITHOUT ROWID;
CREATE TABLE child (
	id INTEGER PRIMARY KEY,
	plain_id INTEGER CONSTRAINT to_plain REFERENCES plain (id) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
	note TEXT -- said by whoever made it
);
ALTER TABLE child ADD COLUMN later INTEGER NOT NULL DEFAULT 0;
CREATE INDEX plain_name ON plain (name COLLATE NOCASE DESC) WHERE name <> '';
CREATE UNIQUE INDEX child_expression ON child (lower(note), plain_id);
CREATE VIEW seen (number, called) AS SELECT id, name FROM plain WHERE id > 1;
CREATE TRIGGER on_plain AFTER UPDATE OF name ON plain FOR EACH ROW WHEN new.name <> old.name
BEGIN
	INSERT INTO child (plain_id, note) VALUES (new.id, 'renamed; twice');
	DELETE FROM "two words" WHERE a = old.name;
END;
CREATE TRIGGER on_seen INSTEAD OF DELETE ON seen BEGIN DELETE FROM plain WHERE id = old.number; END;

-- The tables that these keep their data in are theirs; one that only looks like it is not.
CREATE VIRTUAL TABLE words USING fts5 (title, body, prefix = '2 3');
CREATE VIRTUAL TABLE places USING rtree (id, x0, x1);
CREATE TABLE words_of_mine (word TEXT);
ANALYZE;
