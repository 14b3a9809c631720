/*
 * Crashes: the core is thrown away and made again of what the keeper has, while processes go on and
 * the model knows nothing of it.
 */
#ifndef PARPROC_TESTS_SIM_CRASH_H
#define PARPROC_TESTS_SIM_CRASH_H

#include "tests/sim/sim.h"

/* Has everything be kept from now on, if the profile has crashes. */
void crash_begin(struct sim *sim, uint64_t seed);
void crash_end(struct sim *sim);

/*
 * Takes the actions of a pass and keeps what it has changed. True: the scheduler has died after
 * that, with some of them not carried out; crash_restart() has to follow.
 */
bool crash_take_actions(struct sim *sim);

/* Another core takes over, in the same state as the model. */
void crash_restart(struct sim *sim);

/* Between two steps: perhaps the scheduler dies, perhaps the supervisor too. */
void crash_step(struct sim *sim);

/* From sim.c. */
void sim_take_action(struct sim *sim, const struct action *action);

#endif
