-- As hostile.sql, for SQLite.
CREATE TABLE "Tab.""le' --" ("a.b" INTEGER PRIMARY KEY AUTOINCREMENT, "select" TEXT NOT NULL DEFAULT 'it''s' COLLATE NOCASE, [c d] REAL CHECK ([c d] > 0 OR "select" <> ';'), `Ä"Ö` BLOB DEFAULT (x'00ff'), gen INTEGER GENERATED ALWAYS AS ("a.b" * 2) VIRTUAL, st TEXT AS ("select" || 'x') STORED NOT NULL, UNIQUE ("select", [c d]) ON CONFLICT REPLACE, CONSTRAINT "F'k" FOREIGN KEY ("c d") REFERENCES "order" (k) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "order" (k INT NOT NULL, v ANY, PRIMARY KEY (k, v)) STRICT, WITHOUT ROWID;
CREATE TABLE notype (a, b DEFAULT -1, c DEFAULT (abs(-1)), d DEFAULT CURRENT_TIMESTAMP, "weird type" DOUBLE PRECISION, e DECIMAL(10,2), f DEFAULT +1.5e3, g DEFAULT NULL, h DEFAULT TRUE);
CREATE UNIQUE INDEX "In.dex ""i" ON "Tab.""le' --" ("select" COLLATE RTRIM DESC, lower("select") , "c d" + 1) WHERE "c d" IS NOT NULL AND "select" <> ';''';
CREATE VIEW "Vi""ew" ("x.y", "from") AS SELECT "a.b", 'it''s;' FROM "Tab.""le' --" WHERE "select" LIKE '%"%';
CREATE TRIGGER "Trig.""g" INSTEAD OF INSERT ON "Vi""ew" WHEN NEW."x.y" > 0 BEGIN INSERT INTO "order" VALUES (NEW."x.y", ';'); SELECT CASE WHEN 1 THEN RAISE(ABORT, 'it''s') END; END;
CREATE TRIGGER upd AFTER UPDATE OF "select", "c d" ON "Tab.""le' --" BEGIN DELETE FROM "order" WHERE k = OLD."a.b"; END;
CREATE VIRTUAL TABLE "F't.s" USING fts5("ti.tle", body, content='', tokenize = "porter ascii");
CREATE VIRTUAL TABLE box USING rtree(id, minX, maxX, minY, maxY);
