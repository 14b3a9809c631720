/*
 * The simulator's own generator of numbers (xoshiro256**, seeded by splitmix64): the same seed
 * gives the same simulation on every machine and with every compiler. Therefore no two draws stand
 * in the arguments of one call or in one initializer: C does not say which of them is first.
 */
#ifndef PARPROC_TESTS_SIM_RANDOM_H
#define PARPROC_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state[4];
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);

/* 0 to limit - 1; limit is 1 or more. */
unsigned random_below(struct random *random, unsigned limit);

/* True in that many of a hundred cases. */
bool random_chance(struct random *random, unsigned percent);

#endif
