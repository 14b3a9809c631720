/*
 * The workspace's options as the core needs them.
 */
#ifndef PARPROC_DAEMON_SETTINGS_H
#define PARPROC_DAEMON_SETTINGS_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/workspace/options.h"

struct daemon;

/* What of options concerns the core; borrows their separator. */
void settings_convert(const struct workspace_options *options, struct core_options *converted);

/* Puts pools, an object of capacities by name, into force. */
void settings_apply_pools(struct core *core, const json_t *pools);

/* Puts options into force in the core. */
void settings_apply(struct daemon *daemon, const struct workspace_options *options, int64_t now_ns);

#endif
