/*
 * JSON scalars as the texts that they are in names, arguments, choices and environments.
 */
#ifndef PARPROC_WORKSPACE_SCALAR_H
#define PARPROC_WORKSPACE_SCALAR_H

#include <jansson.h>

/* 7, 0.1, true, or a text as it is. The caller frees it. */
char *scalar_print(const json_t *value);

#endif
