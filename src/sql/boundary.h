/* Where statements end: one small machine a dialect, fed with tokens. */
#ifndef SLUICE_SRC_SQL_BOUNDARY_H
#define SLUICE_SRC_SQL_BOUNDARY_H

#include "sluice/sql/token.h"

#include <stdint.h>

#define SL_BLOCKS_MAX 250

/* What a token was, for the token after it. */
enum sl_seen { SL_SEEN_OTHER, SL_SEEN_DOT, SL_SEEN_AS, SL_SEEN_BEGIN, SL_SEEN_FROM };

struct sl_boundary {
	enum sl_dialect dialect;
	bool custom_delimiter; /* MySQL: ; ends nothing */
	unsigned words; /* words of the statement so far */
	unsigned parens;
	enum sl_seen before;
	bool create; /* the first words may still become CREATE … of a thing with a body */
	bool body; /* it is such a thing: CREATE FUNCTION, TRIGGER, … */
	bool copy; /* COPY … */
	bool from_stdin; /* … FROM STDIN */
	unsigned tail; /* SQLite: 1 behind a ;, 2 behind ; END */
	bool began; /* SQLite: BEGIN of the trigger */

	/* MySQL's stored programs */
	int thing; /* what is created */
	bool at_statement; /* the next word begins a statement of the body */
	bool after_end; /* the next word may name the block that END closed */
	bool handler; /* inside DECLARE … HANDLER */
	bool declared; /* inside DECLARE */
	bool until; /* behind UNTIL */
	bool plain; /* the body is one statement without blocks */
	unsigned blocks; /* open ones */
	unsigned char kinds[SL_BLOCKS_MAX];
};

void sl_boundary_init(struct sl_boundary *boundary, enum sl_dialect dialect, bool custom_delimiter);

/* Takes the statement's next token (no comment); whether it is the terminator. */
bool sl_boundary_feed(struct sl_boundary *boundary, const struct sl_token *token, const char *text);

/* What is open, as people call it, or NULL. */
const char *sl_boundary_open(const struct sl_boundary *boundary);

/* MySQL's half, in boundary_mysql.c. */
bool sl_boundary_feed_mysql(struct sl_boundary *boundary, const struct sl_token *token,
	const char *text);

#endif
