/*
 * Worlds for the simulator: random definitions over a small set of names, so that what is defined
 * meets often: procs p0… and ghosts that are only sometimes defined, protos f::[x], g::[x]::[y], s.
 */
#ifndef PARPROC_TESTS_SIM_WORLD_H
#define PARPROC_TESTS_SIM_WORLD_H

#include "daemon/core/definition.h"
#include "tests/sim/profile.h"
#include "tests/sim/random.h"

#define WORLD_GHOSTS 3
#define WORLD_PROTOS 4
#define WORLD_POOLS 3 /* q0… */
#define WORLD_POOL_MAX 6

struct world {
	struct random *random;
	const struct profile *profile;
	unsigned n_procs;
	unsigned generation; /* makes each definition different from all before */
	unsigned dep_percent, wave_percent, lock_percent, pool_percent, rdep_percent,
	    command_percent;
};

void world_init(struct world *world, struct random *random, const struct profile *profile);

/* A definition of proc index, of ghost index, of proto index; checked; the caller has the
 * reference. */
struct definition *world_make_proc(struct world *world, unsigned index);
struct definition *world_make_ghost(struct world *world, unsigned index);
struct definition *world_make_proto(struct world *world, unsigned index);

/* The name of some proc, of what a proto makes, sometimes with a glob or unknown; the caller frees
 * it. */
char *world_pick_name(struct world *world);

#endif
