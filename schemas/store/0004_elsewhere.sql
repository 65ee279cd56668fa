-- What others' own tools were seen to have done of a stage that Sluice leaves to them, by target.
CREATE TABLE elsewhere (
	id INTEGER PRIMARY KEY,
	stage_id INTEGER NOT NULL REFERENCES stage (id),
	change_id INTEGER NOT NULL REFERENCES change (id),
	target TEXT NOT NULL,
	applied INTEGER NOT NULL,
	done INTEGER NOT NULL,
	total INTEGER NOT NULL,
	tool TEXT NOT NULL,
	files TEXT NOT NULL,
	sentence TEXT NOT NULL,
	before TEXT NOT NULL,
	after TEXT NOT NULL,
	seen_at INTEGER NOT NULL,
	UNIQUE (stage_id, target)
) STRICT;
CREATE INDEX elsewhere_by_change ON elsewhere (change_id);
CREATE INDEX elsewhere_by_target ON elsewhere (target, seen_at);
CREATE INDEX elsewhere_by_moment ON elsewhere (seen_at);
