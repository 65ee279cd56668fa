/*
 * The way in for writes: jobs queue up; the first that finds nobody writing becomes the leader,
 * runs all that wait in one transaction, each behind a mark so that one's failure undoes only
 * itself, and commits once for all of them.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "backend.h"

#include <pthread.h>

struct job {
	enum sl_code (*run)(struct tx *tx, void *arg, struct sl_error *err);
	void *arg;
	enum sl_code code;
	struct sl_error error;
	bool done;
	struct job *next;
};

struct writer {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	struct job *first, *last; /* waiting */
	bool led;
};

void store_writer_init(struct writer *writer);
void store_writer_done(struct writer *writer);

/* Returns when the job's effect is durable, or undone. */
enum sl_code store_writer_run(struct writer *writer, struct backend *backend, struct job *job,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
