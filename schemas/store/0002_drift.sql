-- How each target's structure stands against the one that is meant to be there.
CREATE TABLE drift (
	id INTEGER PRIMARY KEY,
	target TEXT NOT NULL UNIQUE,
	revision INTEGER NOT NULL,
	state TEXT NOT NULL,
	base TEXT NOT NULL,
	origin TEXT NOT NULL,
	based_at INTEGER NOT NULL,
	live TEXT NOT NULL,
	before TEXT NOT NULL,
	since INTEGER NOT NULL,
	objects INTEGER NOT NULL,
	summary TEXT NOT NULL,
	checked_at INTEGER NOT NULL,
	tried_at INTEGER NOT NULL,
	asked_at INTEGER NOT NULL,
	note TEXT NOT NULL
) STRICT;
