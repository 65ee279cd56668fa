/* Keeps the number of packs of a mirror small. */
#ifndef SLUICE_GIT_TIDY_H
#define SLUICE_GIT_TIDY_H

#include "real.h"

/* More small packs than this are joined. */
#define SL_GIT_PACKS_MAX 40

/* 0, also when there was nothing to do; negative when it did not work or cancel said so: the packs
 * are then as before, and the next fetch tries again. */
int sl_git_tidy(struct sl_git_real *real, const struct sl_cancel *cancel);

#endif
