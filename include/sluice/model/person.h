/* Who is asking, as found out by auth and used by control.  Plain data. */
#ifndef SLUICE_MODEL_PERSON_H
#define SLUICE_MODEL_PERSON_H

#define SL_USER_LIMIT 128

struct sl_person {
	char user[SL_USER_LIMIT]; /* configured user's name; "" when nobody known is asking */
	char account[SL_USER_LIMIT]; /* Unix account at the socket, "" elsewhere; for messages only
				      */
	const char *via; /* "token", "socket", "session", or "" */
};

#endif
