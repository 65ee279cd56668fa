/* Errors of the operating system in the house's form. */
#ifndef SLUICE_SYS_OSERROR_H
#define SLUICE_SYS_OSERROR_H

#include "sluice/core/error.h"

/* What the caller should do about an errno: ENOENT is SL_ENOTFOUND, EACCES SL_EDENIED, EAGAIN and
 * ECONNREFUSED SL_EUNAVAIL, a full disk SL_ELIMIT ...; anything unforeseen SL_EINTERNAL. */
enum sl_code sl_os_code(int errnum);

/* "OBJECT: OPERATION: what strerror says"; the printf text is "OBJECT: OPERATION". */
enum sl_code sl_os_error(struct sl_error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
