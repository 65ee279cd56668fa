-- The ledger that Sluice keeps inside a PostgreSQL target.  docs/design/ledger.md says why.  Keys are sorted by
-- their bytes: an upgrade of the C library must not make the once-guard's index miss a row.
CREATE SCHEMA IF NOT EXISTS sluice;

-- Which database this is: the id survives a copy, server and database do not.
CREATE TABLE sluice.identity (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	format integer NOT NULL,
	database_id text NOT NULL,
	server text NOT NULL,
	place text NOT NULL,
	since timestamptz NOT NULL
);

-- Who may write, and since which attempt: one row a scope, the epoch only grows.
CREATE TABLE sluice.fence (
	scope text COLLATE "C" PRIMARY KEY,
	installation text NOT NULL,
	epoch bigint NOT NULL,
	since timestamptz NOT NULL
);

-- One attempt.  ended_at is null while it is under way, and stays so when its process dies.
CREATE TABLE sluice.run (
	id text PRIMARY KEY,
	scope text NOT NULL,
	installation text NOT NULL,
	epoch bigint NOT NULL,
	actor text NOT NULL,
	tool text NOT NULL,
	outcome text NOT NULL DEFAULT '',
	detail text NOT NULL DEFAULT '',
	before_hash text NOT NULL DEFAULT '',
	after_hash text NOT NULL DEFAULT '',
	started_at timestamptz NOT NULL,
	ended_at timestamptz
);

-- The once-guard: what is in here is not run again.
CREATE TABLE sluice.migration (
	scope text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	version text COLLATE "C" NOT NULL,
	seq bigint NOT NULL, -- the order within a scope: scopes do not wait for each other
	name text NOT NULL,
	path text NOT NULL,
	sha256 text NOT NULL,
	tokens_sha256 text NOT NULL,
	state text NOT NULL CHECK (state IN ('applied', 'partial', 'skipped', 'adopted', 'baseline')),
	done integer NOT NULL,
	total integer NOT NULL,
	run text NOT NULL,
	actor text NOT NULL,
	reason text NOT NULL,
	at timestamptz NOT NULL,
	PRIMARY KEY (scope, kind, version)
);

-- One statement.  'started' is only ever seen of one that cannot run in a transaction.
CREATE TABLE sluice.step (
	scope text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	version text COLLATE "C" NOT NULL,
	statement integer NOT NULL,
	run text NOT NULL,
	sha256 text NOT NULL,
	state text NOT NULL CHECK (state IN ('started', 'done')),
	was text NOT NULL DEFAULT '',
	affected bigint NOT NULL DEFAULT -1,
	at timestamptz NOT NULL,
	PRIMARY KEY (scope, kind, version, statement)
);
