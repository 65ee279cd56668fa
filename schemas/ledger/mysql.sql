-- The ledger that Sluice keeps inside a MySQL or MariaDB target.  docs/design/ledger.md says why.
-- Times are microseconds since 1970.  A statement commits by itself here, so each can be repeated.

-- Which database this is: the id survives a copy, server and database do not.
CREATE TABLE IF NOT EXISTS _sluice_identity (
	one INTEGER NOT NULL DEFAULT 1 PRIMARY KEY CHECK (one = 1),
	format INTEGER NOT NULL,
	database_id VARCHAR(32) NOT NULL,
	server VARCHAR(255) NOT NULL,
	place VARCHAR(255) NOT NULL,
	since BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Who may write, and since which attempt: one row a scope, the epoch only grows.
CREATE TABLE IF NOT EXISTS _sluice_fence (
	scope VARCHAR(63) NOT NULL PRIMARY KEY,
	installation VARCHAR(32) NOT NULL,
	epoch BIGINT NOT NULL,
	since BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One attempt.  ended_at is null while it is under way, and stays so when its process dies.
CREATE TABLE IF NOT EXISTS _sluice_run (
	id VARCHAR(32) NOT NULL PRIMARY KEY,
	scope VARCHAR(63) NOT NULL,
	installation VARCHAR(32) NOT NULL,
	epoch BIGINT NOT NULL,
	actor VARCHAR(255) NOT NULL,
	tool VARCHAR(255) NOT NULL,
	outcome VARCHAR(63) NOT NULL DEFAULT '',
	detail VARCHAR(4000) NOT NULL DEFAULT '',
	before_hash VARCHAR(64) NOT NULL DEFAULT '',
	after_hash VARCHAR(64) NOT NULL DEFAULT '',
	started_at BIGINT NOT NULL,
	ended_at BIGINT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The once-guard: what is in here is not run again.
CREATE TABLE IF NOT EXISTS _sluice_migration (
	scope VARCHAR(63) NOT NULL,
	kind VARCHAR(15) NOT NULL,
	version VARCHAR(255) NOT NULL,
	seq BIGINT NOT NULL,
	name VARCHAR(1024) NOT NULL,
	path VARCHAR(1024) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	tokens_sha256 VARCHAR(64) NOT NULL,
	state VARCHAR(15) NOT NULL CHECK (state IN ('applied', 'partial', 'skipped', 'adopted', 'baseline')),
	done INTEGER NOT NULL,
	total INTEGER NOT NULL,
	run VARCHAR(32) NOT NULL,
	actor VARCHAR(255) NOT NULL,
	reason TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (scope, kind, version),
	KEY (seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One statement.  'started' is only ever seen of one that cannot run in a transaction.
CREATE TABLE IF NOT EXISTS _sluice_step (
	scope VARCHAR(63) NOT NULL,
	kind VARCHAR(15) NOT NULL,
	version VARCHAR(255) NOT NULL,
	statement INTEGER NOT NULL,
	run VARCHAR(32) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	state VARCHAR(15) NOT NULL CHECK (state IN ('started', 'done')),
	was LONGTEXT NOT NULL,
	affected BIGINT NOT NULL DEFAULT -1,
	at BIGINT NOT NULL,
	PRIMARY KEY (scope, kind, version, statement)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
