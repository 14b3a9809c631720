/*
 * What `ppctl completion SHELL` prints.
 */
#ifndef PARPROC_CLIENT_COMPLETION_SCRIPT_H
#define PARPROC_CLIENT_COMPLETION_SCRIPT_H

/* The shells that there are scripts for; NULL is behind the last. */
extern const char *const completion_shells[];

/* The script for a shell; NULL: there is none. */
const char *completion_script(const char *shell);

#endif
