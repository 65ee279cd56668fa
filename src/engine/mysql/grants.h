/* Whether a login sees all of a database. */
#ifndef SLUICE_ENGINE_MYSQL_GRANTS_H
#define SLUICE_ENGINE_MYSQL_GRANTS_H

#include "read.h"

/* SL_EDENIED with the GRANT that it lacks. */
enum sl_code sl_my_check_grants(struct sl_my_read *read, struct sl_error *err);

#endif
