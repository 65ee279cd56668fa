-- Sluice's own data.  Moments are microseconds since 1970, 0 when it has not happened; enumerations are
-- kept by their names.  The columns are those of src/store/tables.c; a test compares the two.

CREATE TABLE meta (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	value TEXT NOT NULL
) STRICT;

-- Fencing epochs that were raised in targets; never lowered.
CREATE TABLE epoch (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	value INTEGER NOT NULL
) STRICT;

CREATE TABLE project (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	head TEXT NOT NULL,
	settled INTEGER NOT NULL,
	first_seen_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE change (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	revision INTEGER NOT NULL,
	project TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	branch TEXT NOT NULL,
	title TEXT NOT NULL,
	head TEXT NOT NULL,
	base TEXT NOT NULL,
	author TEXT NOT NULL,
	content TEXT NOT NULL,
	held INTEGER NOT NULL,
	hold_reason TEXT NOT NULL,
	hold_by TEXT NOT NULL,
	wait TEXT NOT NULL,
	opened_at INTEGER NOT NULL,
	merged_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	review_id INTEGER REFERENCES review (id)
) STRICT;
CREATE INDEX change_by_state ON change (state, id);
CREATE INDEX change_by_project ON change (project, branch, id);

CREATE TABLE person (
	id INTEGER PRIMARY KEY,
	change_id INTEGER NOT NULL REFERENCES change (id),
	"user" TEXT NOT NULL,
	pushed INTEGER NOT NULL,
	UNIQUE (change_id, "user")
) STRICT;

CREATE TABLE file (
	id INTEGER PRIMARY KEY,
	change_id INTEGER NOT NULL REFERENCES change (id),
	folder TEXT NOT NULL,
	path TEXT NOT NULL,
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	blob TEXT NOT NULL
) STRICT;
CREATE INDEX file_by_change ON file (change_id, id);

CREATE TABLE review (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	change_id INTEGER NOT NULL REFERENCES change (id),
	head TEXT NOT NULL,
	errors INTEGER NOT NULL,
	warnings INTEGER NOT NULL,
	notices INTEGER NOT NULL,
	risk TEXT NOT NULL,
	report TEXT NOT NULL,
	at INTEGER NOT NULL,
	took_us INTEGER NOT NULL
) STRICT;
CREATE INDEX review_by_change ON review (change_id, id);

CREATE TABLE finding (
	id INTEGER PRIMARY KEY,
	review_id INTEGER NOT NULL REFERENCES review (id),
	environment TEXT NOT NULL,
	rule TEXT NOT NULL,
	severity TEXT NOT NULL,
	path TEXT NOT NULL,
	line INTEGER NOT NULL,
	"column" INTEGER NOT NULL,
	statement INTEGER NOT NULL,
	message TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	waived INTEGER NOT NULL
) STRICT;
CREATE INDEX finding_by_review ON finding (review_id, id);

CREATE TABLE waiver (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	change_id INTEGER NOT NULL REFERENCES change (id),
	fingerprint TEXT NOT NULL,
	rule TEXT NOT NULL,
	reason TEXT NOT NULL,
	by TEXT NOT NULL,
	at INTEGER NOT NULL,
	until INTEGER NOT NULL
) STRICT;
CREATE INDEX waiver_by_change ON waiver (change_id, id);

CREATE TABLE stage (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	change_id INTEGER NOT NULL REFERENCES change (id),
	environment TEXT NOT NULL,
	position INTEGER NOT NULL,
	state TEXT NOT NULL,
	digest TEXT NOT NULL,
	risk TEXT NOT NULL,
	plan TEXT NOT NULL,
	wait TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	UNIQUE (change_id, environment)
) STRICT;
CREATE INDEX stage_by_state ON stage (state, id);

-- One person counts once for a digest; a revoked approval may be given again.
CREATE TABLE approval (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	stage_id INTEGER NOT NULL REFERENCES stage (id),
	change_id INTEGER NOT NULL REFERENCES change (id),
	digest TEXT NOT NULL,
	by TEXT NOT NULL,
	role TEXT NOT NULL,
	reason TEXT NOT NULL,
	at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL,
	revoked_by TEXT NOT NULL
) STRICT;
CREATE INDEX approval_by_change ON approval (change_id, id);
CREATE UNIQUE INDEX approval_once ON approval (stage_id, digest, by) WHERE revoked_at = 0;

CREATE TABLE task (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	stage_id INTEGER NOT NULL REFERENCES stage (id),
	change_id INTEGER NOT NULL REFERENCES change (id),
	environment TEXT NOT NULL,
	target TEXT NOT NULL,
	folder TEXT NOT NULL,
	state TEXT NOT NULL,
	wait TEXT NOT NULL,
	detail TEXT NOT NULL,
	outcome TEXT NOT NULL,
	due_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	lease_epoch INTEGER NOT NULL,
	lease_by TEXT NOT NULL,
	lease_until INTEGER NOT NULL,
	cancel_asked INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	blocked_at INTEGER NOT NULL,
	UNIQUE (stage_id, target, folder)
) STRICT;
CREATE INDEX task_by_change ON task (change_id, id);
CREATE INDEX task_by_state ON task (state, id);
CREATE INDEX task_by_target ON task (target, state, id);

CREATE TABLE run (
	id INTEGER PRIMARY KEY,
	run TEXT NOT NULL UNIQUE,
	task_id INTEGER NOT NULL REFERENCES task (id),
	target TEXT NOT NULL,
	environment TEXT NOT NULL,
	change_id INTEGER NOT NULL REFERENCES change (id),
	outcome TEXT NOT NULL,
	detail TEXT NOT NULL,
	steps_done INTEGER NOT NULL,
	steps_total INTEGER NOT NULL,
	before TEXT NOT NULL,
	after TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX run_by_target ON run (target, started_at);
CREATE INDEX run_by_task ON run (task_id, started_at);
CREATE INDEX run_by_change ON run (change_id, started_at);
CREATE INDEX run_by_start ON run (started_at);

CREATE TABLE step (
	id INTEGER PRIMARY KEY,
	run TEXT NOT NULL REFERENCES run (run),
	number INTEGER NOT NULL,
	migration TEXT NOT NULL,
	path TEXT NOT NULL,
	statement INTEGER NOT NULL,
	line INTEGER NOT NULL,
	sql_head TEXT NOT NULL,
	rows INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	error TEXT NOT NULL,
	UNIQUE (run, number)
) STRICT;

-- That a target had this schema then; what the hash stands for is in content and object.
CREATE TABLE snapshot (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	target TEXT NOT NULL,
	hash TEXT NOT NULL,
	run TEXT NOT NULL,
	at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_by_target ON snapshot (target, id);
CREATE INDEX snapshot_by_hash ON snapshot (hash);

CREATE TABLE object (
	id INTEGER PRIMARY KEY,
	hash TEXT NOT NULL UNIQUE,
	body TEXT NOT NULL
) STRICT;

CREATE TABLE content (
	id INTEGER PRIMARY KEY,
	hash TEXT NOT NULL,
	key TEXT NOT NULL,
	object TEXT NOT NULL REFERENCES object (hash),
	UNIQUE (hash, key)
) STRICT;

CREATE TABLE event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	change_id INTEGER REFERENCES change (id),
	kind TEXT NOT NULL,
	target TEXT NOT NULL,
	by TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_change ON event (change_id, id);
CREATE INDEX event_by_target ON event (target, id) WHERE target <> '';

CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	change_id INTEGER REFERENCES change (id),
	by TEXT NOT NULL,
	via TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	detail TEXT NOT NULL,
	refused INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_change ON audit (change_id, id);

CREATE TABLE inbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	source TEXT NOT NULL,
	key TEXT NOT NULL,
	body TEXT NOT NULL,
	at INTEGER NOT NULL,
	done_at INTEGER NOT NULL,
	UNIQUE (source, key)
) STRICT;
CREATE INDEX inbox_open ON inbox (id) WHERE done_at = 0;

CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	route TEXT NOT NULL,
	kind TEXT NOT NULL,
	change_id INTEGER REFERENCES change (id),
	body TEXT NOT NULL,
	at INTEGER NOT NULL,
	due_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	done_at INTEGER NOT NULL,
	error TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (due_at) WHERE done_at = 0;
