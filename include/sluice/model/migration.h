/*
 * migration: one versioned file as the layouts read it, and the ordered set of them that a plan
 * pins.  Plain data; the layout room makes it, review, apply, rollout and the store read it.
 */
#ifndef SLUICE_MODEL_MIGRATION_H
#define SLUICE_MODEL_MIGRATION_H

#include "sluice/model/words.h"

#include <stddef.h>

/* Paths longer than this, and keys longer than this, are refused when a folder is read. */
#define SL_PATH_LIMIT 1024
#define SL_KEY_LIMIT  255

struct sl_migration {
	enum sl_migration_kind kind;
	const char *key; /* canonical version "1.2", repeatable's name, or "author:id" */
	const char *name; /* the description part of the file name; "" when there is none */
	const char *path; /* relative to the migrations folder, '/' between parts */
	const char *sha256; /* of the file's bytes, hex */
	const char *sql; /* what runs forward: the whole file, or its up section; not terminated;
			    NULL where a large one is only streamed (sl_layout_scan_end()) */
	size_t sql_len;
	unsigned first_line; /* line of the file at which sql begins, from 1 */
	bool no_transaction; /* the file's own directive: statements run one by one */
	bool statement_blocks; /* goose: StatementBegin/End lines mark statements that hold ';' */
	bool placeholders; /* Flyway: what stands as ${name} is filled in before it runs */
	const char *down; /* what goes back, or NULL */
	size_t down_len;
};

/* In the order in which they run.  Owned by the arena it was made in. */
struct sl_migration_set {
	const struct sl_migration *at;
	size_t len;
};

#endif
