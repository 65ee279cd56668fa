/* The service manager's notification socket (sd_notify(3)): one datagram to $NOTIFY_SOCKET. */
#ifndef SLUICE_SYS_NOTIFY_H
#define SLUICE_SYS_NOTIFY_H

#include "sluice/core/error.h"

#include <stdint.h>

/* state is such as "READY=1", "STOPPING=1", "STATUS=..." (lines).  SL_OK without a manager. */
enum sl_code sl_service_notify(const char *state, struct sl_error *err);

/* How often "WATCHDOG=1" is awaited of this process, microseconds; 0 when it is not. */
int64_t sl_service_watchdog_us(void);

#endif
