/* The daemon's parts, wired together. */
#ifndef SLUICE_DAEMON_DAEMON_H
#define SLUICE_DAEMON_DAEMON_H

#include "sluice/auth.h"
#include "sluice/cli.h"
#include "sluice/control/control.h"
#include "sluice/http.h"
#include "sluice/store/store.h"
#include "sluice/sys/pool.h"
#include "sluice/sys/sched.h"
#include "sluice/web.h"

#include <sys/types.h>
#include <time.h>

#define SL_VERSION_TOOL "sluice " SLUICE_VERSION

/* The file that the Unix socket's path names. */
struct socket_file {
	bool bound; /* the one by these three is ours; the number of a removed one is soon another's
		     */
	dev_t dev;
	ino_t ino;
	struct timespec made;
	char trouble[SL_ERROR_MSG_MAX]; /* why it is not there, as it was told; "" it is */
};

struct daemon {
	const char *config_path;
	const struct sl_world *world; /* the one it was started with: addresses, folders, threads */
	unsigned char key[SL_AUTH_KEY_SIZE];
	char replica[80];
	int signals;
	struct sl_store *store;
	struct sl_pool *pool;
	struct sl_sched *sched;
	struct sl_control *control;
	struct sl_web *web;
	struct sl_http_server *server;
	struct socket_file socket;
};

/* Pools and scheduler; then the queue that control puts its work into. */
enum sl_code sl_daemon_workers(struct daemon *daemon, struct sl_error *err)
	__attribute__((warn_unused_result));
struct sl_control_queue sl_daemon_queue(struct daemon *daemon);

/* The pages' address and the Unix socket. */
enum sl_code sl_daemon_listen(struct daemon *daemon, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Somebody may have removed the socket's file, by which nobody finds the daemon any more: it is
 * made anew.  Where another file is now it is left alone, unless it is a socket that nobody listens
 * on. */
void sl_daemon_look_at_socket(struct daemon *daemon);

/* Removes the file, where it is ours. */
void sl_daemon_leave_socket(const struct daemon *daemon);

/* Everything up and running; on failure nothing is. */
enum sl_code sl_daemon_start(struct daemon *daemon, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Until a signal ends it: the statement at hand is finished, a second signal cancels it. */
void sl_daemon_wait(struct daemon *daemon);
void sl_daemon_stop(struct daemon *daemon);

extern const struct sl_command sl_command_serve;

#endif
