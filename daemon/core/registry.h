/*
 * The registry: all protos and procs, by name and by pattern, and the index of their rdeps.
 * It knows nothing of runs.
 */
#ifndef PARPROC_CORE_REGISTRY_H
#define PARPROC_CORE_REGISTRY_H

#include "daemon/core/state.h"

/* An rdep as it stands in the index: of a proc (its own arguments filled in), or of a proto. */
struct rdep_entry {
	enum rdep_kind kind;
	struct proc *proc; /* one of these two */
	struct proto *proto;
	char *target;
};

void registry_init(struct core *core);
void registry_clear(struct core *core);

/* The proc of that name, defined or not; or NULL. */
struct proc *registry_find(const struct core *core, const char *name);

/* The same, made (not defined) if there is none. */
struct proc *registry_get(struct core *core, const char *name);

/* Frees proc if it is not defined and nothing refers to it. */
void registry_release(struct core *core, struct proc *proc);

/* Defines name as a proc: with a definition of its own (proto NULL), or as created from proto with
 * values (taken). */
struct proc *registry_define_proc(struct core *core, const char *name,
    struct definition *definition, struct proto *proto, char **values);

/* The same of a name of which it is known what registry_find() says: proc. */
struct proc *registry_create_proc(
    struct core *core, struct proc *proc, const char *name, struct proto *proto, char **values);

/* Takes the definition of proc away; proc may be freed by that. */
void registry_undefine_proc(struct core *core, struct proc *proc);

/* Defines a proto, or gives the one of that name another definition: what was created from it
 * follows, or goes where its values do not fit any more. */
struct proto *registry_put_proto(struct core *core, struct definition *definition);

/* Takes away proto and all that was created from it. */
void registry_remove_proto(struct core *core, struct proto *proto);

/* Procs that are created from here on are noted, and undone or kept at the end of the request. */
void registry_undo_created(struct core *core);
void registry_keep_created(struct core *core);

/* Makes the indexes anew: the separator has changed. */
void registry_reindex(struct core *core);

struct proto *registry_find_proto(const struct core *core, const char *name);

/* The protos that match name, at most max of them; answers how many there are. */
size_t registry_match(const struct core *core, const char *name, struct proto **protos, size_t max);

#endif
