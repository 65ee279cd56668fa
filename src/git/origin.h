/* Talking to an origin: fetch and push under a cancel token. */
#ifndef SLUICE_GIT_ORIGIN_H
#define SLUICE_GIT_ORIGIN_H

#include "real.h"

#include "sluice/git/mirror.h"

enum sl_git_scheme { SL_GIT_LOCAL, SL_GIT_HTTP, SL_GIT_SSH };

/* An origin, checked; owns its texts. */
struct sl_git_peer {
	enum sl_git_scheme scheme;
	char *url;
	char *shown; /* for messages: no credentials */
	char *token_user, *token, *ca_file, *ssh_key, *known_hosts;
};

/* Refuses other schemes, and passwords in the URL. */
enum sl_code sl_git_peer_init(struct sl_git_peer *peer, const struct sl_git_origin *origin,
	struct sl_error *err);

/* Wipes the token. */
void sl_git_peer_done(struct sl_git_peer *peer);

/* One exchange with a peer, the payload of every callback.  The transports put their own code and
 * message here, since libgit2 keeps only a text. */
struct sl_git_talk {
	const struct sl_git_peer *peer;
	const struct sl_cancel *cancel;
	int64_t bytes_max;
	enum sl_code code; /* SL_OK while nothing went wrong on our side */
	struct sl_error error;
};

/* Keeps the first failure of a talk and tells libgit2 to stop: returns GIT_EUSER. */
int sl_git_talk_stop(struct sl_git_talk *talk, enum sl_code code, const struct sl_error *error);

/* GIT_EUSER when the token says so, else 0. */
int sl_git_talk_check(struct sl_git_talk *talk);

/* Branches and notes of real become those of the peer. */
enum sl_code sl_git_peer_fetch(struct sl_git_real *real, const struct sl_git_peer *peer,
	const struct sl_cancel *cancel, struct sl_error *err);

/* Sends refs/notes/sluice; SL_ECONFLICT when the peer's has moved on. */
enum sl_code sl_git_peer_push_notes(struct sl_git_real *real, const struct sl_git_peer *peer,
	const struct sl_cancel *cancel, struct sl_error *err);

/* The transport of a scheme as a git_transport_cb; payload is the struct sl_git_talk. */
int sl_git_http_transport(git_transport **out, git_remote *owner, void *payload);
int sl_git_ssh_transport(git_transport **out, git_remote *owner, void *payload);

#endif
