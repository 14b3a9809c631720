/*
 * Why the core refuses a request: a code, a sentence, and what a client needs to explain it.
 * A request that ends with a fault has changed nothing.
 */
#ifndef PARPROC_CORE_FAULT_H
#define PARPROC_CORE_FAULT_H

#include <stdint.h>

#include "daemon/core/strings.h"

enum fault_code {
	FAULT_NONE,
	FAULT_UNKNOWN_NAME,   /* names: suggestions, the nearest first */
	FAULT_AMBIGUOUS_NAME, /* names: the protos that match */
	FAULT_BAD_NAME,       /* malformed */
	FAULT_BAD_ARGUMENT,
	FAULT_NOT_A_CHOICE, /* names: the choices */
	FAULT_CYCLE,        /* names: the cycle, its first name again at the end */
	FAULT_WAVE_ORDER,   /* names: dependent, dependency */
	FAULT_TOO_LATE,     /* names: declarer, target */
	FAULT_EXISTS,
	FAULT_NOT_FOUND,   /* no such run */
	FAULT_MISSING_DEP, /* names: dependent, missing */
	FAULT_LIMIT,
	FAULT_NOT_ALLOWED,
	FAULT_DEADLOCK, /* a nested wait that can never end; names: the circle */
	FAULT_BAD_DEFINITION,
	FAULT_NEEDS_CHOICES, /* not an error: choices of commands have to be asked for first */
};

struct fault {
	enum fault_code code;
	char *message;
	struct strings names;
	struct strings facts; /* more for programs: a key and its value in turn */
	int32_t waves[2];     /* FAULT_WAVE_ORDER: those of names */
};

/* Fills in fault, whatever it held before. Always returns -1, so that it can end a function. */
int fault_set(struct fault *fault, enum fault_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "WHERE: " before the message that is there, and changes the code. Returns -1. */
int fault_wrap(struct fault *fault, enum fault_code code, const char *where, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a fact. Returns -1. */
int fault_note(struct fault *fault, const char *key, const char *value);

/* What copy held before is not freed. */
void fault_copy(const struct fault *fault, struct fault *copy);

void fault_clear(struct fault *fault);

#endif
