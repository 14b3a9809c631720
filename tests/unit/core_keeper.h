/*
 * What a core knows, kept in memory just as the daemon keeps it in its database: at the end of each
 * pass what core_get_changes() lists is copied, and nothing else is looked at. From that alone a
 * core that was thrown away is made again.
 */
#ifndef PARPROC_TESTS_UNIT_CORE_KEEPER_H
#define PARPROC_TESTS_UNIT_CORE_KEEPER_H

#include "daemon/core/core.h"

struct keeper;

struct keeper *keeper_new(void);
void keeper_free(struct keeper *keeper);

/* To be told each action of a pass: what is forgotten is dropped. */
void keeper_note(struct keeper *keeper, const struct action *action);

/* Copies what a pass has changed; the core has to keep changes. */
void keeper_keep(struct keeper *keeper, struct core *core);

/* A core made of what was kept, which stays as it is. NULL: it was refused. */
struct core *keeper_restore(
    const struct keeper *keeper, const struct core_options *options, int64_t now_ns);

/* What is not kept as it is in core, in words, which the caller frees; or NULL. */
char *keeper_compare(const struct keeper *keeper, struct core *core);

#endif
