/* The scripts that complete our words, one a shell, with a line @ROWS@ where the rows belong. */
#ifndef SLUICE_CLI_COMPLETION_H
#define SLUICE_CLI_COMPLETION_H

/* "bash", "zsh" or "fish"; NULL for any other.  Never freed. */
const char *sl_completion_script(const char *shell);

#endif
