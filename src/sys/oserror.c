#include "sluice/sys/oserror.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum sl_code sl_os_code(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ESRCH:
	case ENXIO:
		return SL_ENOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return SL_EDENIED;
	case ENOTDIR:
	case EISDIR:
	case EINVAL:
	case ENAMETOOLONG:
	case ELOOP:
	case EADDRNOTAVAIL:
		return SL_EINVAL;
	case EEXIST:
	case EBUSY:
	case ENOTEMPTY:
	case EADDRINUSE:
	case ETXTBSY:
		return SL_ECONFLICT;
	case EFBIG:
		return SL_ELIMIT;
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ECONNABORTED:
		return SL_EUNAVAIL;
	case ETIMEDOUT:
		return SL_ETIMEOUT;
	case ECANCELED:
		return SL_ECANCELED;
	default:
		return SL_EINTERNAL;
	}
}

enum sl_code sl_os_error(struct sl_error *err, int errnum, const char *fmt, ...)
{
	char what[SL_ERROR_MSG_MAX];
	char why[128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return sl_error_set(err, sl_os_code(errnum), "%s: %s", what,
		strerror_r(errnum, why, sizeof(why)));
}
