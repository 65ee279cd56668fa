/*
 * `sluice init --repo`: one's own repository and databases are looked at, and become a sluice.yaml.
 *
 * The steps follow one another: the repository is read, the folder of the migrations found in it,
 * each database looked at through it, and what was found is written down.  When a step fails
 * nothing is left behind.
 */
#ifndef SLUICE_CLI_ATTACH_H
#define SLUICE_CLI_ATTACH_H

#include "sluice/apply.h"
#include "sluice/cli.h"
#include "sluice/core/vec.h"
#include "sluice/git.h"
#include "sluice/layout.h"

/* How a database stands to the folder. */
enum attach_state {
	ATTACH_EMPTY, /* everything is pending */
	ATTACH_LEDGER, /* it has a ledger already */
	ATTACH_HISTORY, /* another tool's, which can be adopted */
	ATTACH_REFUSED, /* another tool's, which cannot: why says it */
	ATTACH_TABLES /* it has tables, and nothing says how they came */
};

struct attach_target {
	const char *environment, *name;
	const char *url; /* SQLite: absolute */
	const char *password; /* secret reference, or NULL */
	struct sl_conn_spec spec;
	struct sl_migration_set set; /* the folder as this engine reads it */
	enum attach_state state;
	struct sl_adoption adoption;
	const char *why;
	const char *baseline; /* canonical version, or NULL */
	size_t settled; /* in the ledger */
};

struct attach_person {
	const char *name, *email; /* email "" unknown */
};

struct attach {
	struct sl_cli *cli;
	struct sl_arena *arena;
	/* --- where it is written ----------------------------------------------------------- */
	const char *config; /* absolute path of the file */
	const char *data; /* absolute folder */
	bool data_is_new; /* made by this call */
	const char *listen;
	/* --- the repository ---------------------------------------------------------------- */
	const char *given; /* as it was said */
	const char *project;
	const char *origin; /* URL or absolute path */
	const char *root; /* of the work tree, NULL when it is none */
	bool bare; /* a bare repository of this machine */
	const char *branch;
	char head[SL_GIT_ID_SIZE];
	struct sl_repo *repo; /* owned */
	/* --- the folder -------------------------------------------------------------------- */
	const char *folder; /* "" is the root */
	enum sl_layout_kind layout;
	const struct sl_layout_file *files;
	size_t files_len;

	/* --- the databases ----------------------------------------------------------------- */
	struct {
		SL_VEC(struct attach_target); /* in the arena */
	} targets;

	struct {
		SL_VEC(struct attach_person); /* in the arena; the first one is who runs this */
	} people;

	bool alone; /* nothing waits for approval */
	bool adopt; /* the histories are taken over */
};

/* given: the repository, as --repo says it. */
enum sl_code sl_attach(struct sl_cli *cli, const char *given, struct sl_error *err)
	__attribute__((warn_unused_result));

/* attach_repo.c: where the repository is, and what it is called. */
enum sl_code attach_origin(struct attach *a, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Opens and fetches the mirror that the daemon will use, and finds the branch. */
enum sl_code attach_repository(struct attach *a, struct sl_error *err)
	__attribute__((warn_unused_result));

/* attach_folder.c: which folder holds the migrations, and how it is read. */
enum sl_code attach_folder(struct attach *a, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The folder as an engine reads it; SL_EINVAL when it cannot. */
enum sl_code attach_set(struct attach *a, enum sl_layout_kind kind, enum sl_dialect dialect,
	struct sl_layout *out, struct sl_error *err) __attribute__((warn_unused_result));

/* attach_target.c: names, environments and passwords of --target, then each looked at. */
enum sl_code attach_targets_name(struct attach *a, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code attach_targets_look(struct attach *a, struct sl_error *err)
	__attribute__((warn_unused_result));

/* attach_show.c: what was found, and at the end what comes next; as JSON all of it at the end. */
void attach_show(const struct attach *a);
void attach_say_next(const struct attach *a);

/* attach_write.c: the file, commented. */
void attach_yaml(const struct attach *a, struct sl_buf *out);

/* attach_ask.c: an answer from a person at the terminal, in the arena; NULL when nobody is there,
 * or the answer is empty. */
const char *attach_ask(struct sl_cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool attach_ask_yes(struct sl_cli *cli, const char *question);

#endif
