-- The ledger that Sluice keeps inside an SQLite target.  docs/design/ledger.md says why.
-- Times are microseconds since 1970.

-- Which database this is: the id survives a copy, server and database do not.
CREATE TABLE main._sluice_identity (
	one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	format INTEGER NOT NULL,
	database_id TEXT NOT NULL,
	server TEXT NOT NULL,
	place TEXT NOT NULL,
	since INTEGER NOT NULL
) STRICT;

-- Who may write, and since which attempt: one row a scope, the epoch only grows.
CREATE TABLE main._sluice_fence (
	scope TEXT PRIMARY KEY,
	installation TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	since INTEGER NOT NULL
) STRICT;

-- One attempt.  ended_at is null while it is under way, and stays so when its process dies.
CREATE TABLE main._sluice_run (
	id TEXT PRIMARY KEY,
	scope TEXT NOT NULL,
	installation TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	actor TEXT NOT NULL,
	tool TEXT NOT NULL,
	outcome TEXT NOT NULL DEFAULT '',
	detail TEXT NOT NULL DEFAULT '',
	before_hash TEXT NOT NULL DEFAULT '',
	after_hash TEXT NOT NULL DEFAULT '',
	started_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;

-- The once-guard: what is in here is not run again.
CREATE TABLE main._sluice_migration (
	scope TEXT NOT NULL,
	kind TEXT NOT NULL,
	version TEXT NOT NULL,
	seq INTEGER NOT NULL UNIQUE,
	name TEXT NOT NULL,
	path TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	tokens_sha256 TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('applied', 'partial', 'skipped', 'adopted', 'baseline')),
	done INTEGER NOT NULL,
	total INTEGER NOT NULL,
	run TEXT NOT NULL,
	actor TEXT NOT NULL,
	reason TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (scope, kind, version)
) STRICT;

-- One statement.  'started' is only ever seen of one that cannot run in a transaction.
CREATE TABLE main._sluice_step (
	scope TEXT NOT NULL,
	kind TEXT NOT NULL,
	version TEXT NOT NULL,
	statement INTEGER NOT NULL,
	run TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('started', 'done')),
	was TEXT NOT NULL DEFAULT '',
	affected INTEGER NOT NULL DEFAULT -1,
	at INTEGER NOT NULL,
	PRIMARY KEY (scope, kind, version, statement)
) STRICT;
