/* schemas/ledger/, embedded by the build. */
#ifndef SLUICE_APPLY_LEDGER_FILES_H
#define SLUICE_APPLY_LEDGER_FILES_H

/* The text of the file, or NULL when there is none of that name. */
const char *apply_ledger_file(const char *name);

#endif
