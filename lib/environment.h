/*
 * This process's environment as JSON, for messages and for contexts.
 */
#ifndef PARPROC_LIB_ENVIRONMENT_H
#define PARPROC_LIB_ENVIRONMENT_H

#include <jansson.h>

/* An object of the variables but for those whose names begin with without (may be NULL). What is
 * not UTF-8 cannot be in a message and stays behind. New; NULL: no memory. */
json_t *environment_copy(const char *without);

/* The environment that an object of texts makes, ended by NULL: one piece of memory, new. NULL: no
 * memory. */
char **environment_make(json_t *variables);

#endif
