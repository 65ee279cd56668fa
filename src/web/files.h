/* The templates, the style sheet and the icon, from inside the binary. */
#ifndef SLUICE_WEB_FILES_H
#define SLUICE_WEB_FILES_H

/* By base name ("changes.html"); NULL when there is none. */
const char *sl_web_file(const char *name);

#endif
