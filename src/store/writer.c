#include "writer.h"

#include <assert.h>
#include <stddef.h>

void store_writer_init(struct writer *writer)
{
	*writer = (struct writer){ 0 };
	(void)pthread_mutex_init(&writer->lock, NULL);
	(void)pthread_cond_init(&writer->finished, NULL);
}

void store_writer_done(struct writer *writer)
{
	assert(!writer->first && !writer->led);
	(void)pthread_cond_destroy(&writer->finished);
	(void)pthread_mutex_destroy(&writer->lock);
}

static void run_marked(const struct backend_ops *ops, struct tx *tx, struct job *job)
{
	job->code = ops->mark(tx, &job->error);
	if (job->code != SL_OK)
		return;
	job->code = job->run(tx, job->arg, &job->error);
	if (job->code == SL_OK)
		job->code = ops->keep(tx, &job->error);
	if (job->code != SL_OK)
		ops->undo(tx);
}

/* What failed for the transaction failed for every job in it. */
static void fail_all(struct job *jobs, enum sl_code code, const struct sl_error *why)
{
	for (struct job *job = jobs; job; job = job->next) {
		if (job->code != SL_OK)
			continue;
		job->code = code;
		job->error = *why;
	}
}

static void run_all(struct backend *backend, struct job *jobs)
{
	const struct backend_ops *ops = ((const struct backend_head *)(const void *)backend)->ops;
	struct sl_error why = SL_ERROR_INIT;
	struct tx *tx = NULL;
	enum sl_code code = ops->begin(backend, true, &tx, &why);

	if (code == SL_OK) {
		for (struct job *job = jobs; job; job = job->next)
			run_marked(ops, tx, job);
		code = ops->commit(tx, &why);
	}
	if (code != SL_OK)
		fail_all(jobs, code, &why);
}

/* Runs what waits; entered and left with the lock held. */
static void lead(struct writer *writer, struct backend *backend)
{
	struct job *jobs = writer->first;

	writer->first = writer->last = NULL;
	writer->led = true;
	(void)pthread_mutex_unlock(&writer->lock);
	run_all(backend, jobs);
	(void)pthread_mutex_lock(&writer->lock);
	for (struct job *job = jobs, *next; job; job = next) {
		next = job->next;
		job->done = true;
	}
	writer->led = false;
	(void)pthread_cond_broadcast(&writer->finished);
}

enum sl_code store_writer_run(struct writer *writer, struct backend *backend, struct job *job,
	struct sl_error *err)
{
	job->code = SL_OK;
	(void)pthread_mutex_lock(&writer->lock);
	if (writer->last)
		writer->last->next = job;
	else
		writer->first = job;
	writer->last = job;
	while (!job->done) {
		if (writer->led)
			(void)pthread_cond_wait(&writer->finished, &writer->lock);
		else
			lead(writer, backend);
	}
	(void)pthread_mutex_unlock(&writer->lock);
	if (job->code != SL_OK && err)
		*err = job->error;
	return job->code;
}
