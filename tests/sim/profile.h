/*
 * What a simulation uses: each feature can be switched off, so that a failure can be narrowed down.
 */
#ifndef PARPROC_TESTS_SIM_PROFILE_H
#define PARPROC_TESTS_SIM_PROFILE_H

#include <stdbool.h>

enum feature {
	FEATURE_PROTOS,
	FEATURE_WAVES,
	FEATURE_LOCKS,
	FEATURE_POOLS,
	FEATURE_PRIORITY,
	FEATURE_TIMEOUTS,
	FEATURE_FAILURES,
	FEATURE_CANCEL,
	FEATURE_SHARING,  /* several runs at once want the same procs */
	FEATURE_PARAMS,   /* and with other params */
	FEATURE_RUNS,     /* named and numbered runs, open, close, clear */
	FEATURE_OPTIONS,  /* changed on the way */
	FEATURE_REGISTRY, /* define, replace and undefine on the way */
	FEATURE_MISSING,
	FEATURE_COMMANDS, /* deps that a command answers */
	FEATURE_RDEPS,
	FEATURE_CONDITIONAL, /* when_scheduled, when_target_scheduled */
	FEATURE_NESTED,
	FEATURE_CYCLES, /* and other faults of requests */
	FEATURE_NOW,
	FEATURE_RETRIES,
	FEATURE_EXECUTORS,    /* two, with limits of their own */
	FEATURE_STANDBY,      /* and processes that are short enough for that */
	FEATURE_CRASHES,      /* of the scheduler, and of the supervisor, now and then */
	FEATURE_MANY_CRASHES, /* the same at most steps */
	N_FEATURES
};

struct profile {
	bool has[N_FEATURES];
};

/* "basic", "full", "crash" (full with many crashes), or one of these followed by changes:
 * "full,-nested,-rdeps". Answers 0, or -1. */
int profile_parse(struct profile *profile, const char *text);

const char *profile_feature_name(enum feature feature);

#endif
