/* What no single row of the workspace's configuration can see. */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "sluice/config/snapshot.h"

void policy_check(const struct sl_config *config, struct sl_problems *problems);

#endif
