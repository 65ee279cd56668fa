-- What one replica at a time works on; the epoch rises when the holder changes.
CREATE TABLE lease (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	holder TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	until INTEGER NOT NULL
) STRICT;
