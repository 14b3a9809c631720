/*
 * Parts of definitions and runs as JSON, for the requests that list or show them.
 */
#ifndef PARPROC_DAEMON_REQUESTS_LIST_H
#define PARPROC_DAEMON_REQUESTS_LIST_H

#include <jansson.h>

#include "daemon/core/model.h"

/* A text for the shell, a list of words, or null where there is none. A new reference. */
json_t *list_command(const struct command *command);

/* What the arguments of a proto are: a list of {name, type, default, choices, description}. */
json_t *list_arguments(const struct definition *definition);

/* A run without what is in it. */
json_t *list_run(const struct run *run);

#endif
