/*
 * The methods of the protocol as a table that documents itself: names, parameters, what each one
 * touches. The daemon checks requests against it before a handler sees them, and openrpc.json says
 * the same (tests/unit/test_openrpc.c holds them together). Knows nothing of handlers.
 */
#ifndef PARPROC_PROTOCOL_METHODS_H
#define PARPROC_PROTOCOL_METHODS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/errors.h"

/* Types a value may have, as bits. Integers and numbers of parameters are never negative. */
enum param_type {
	PARAM_STRING = 1 << 0,
	PARAM_INTEGER = 1 << 1,
	PARAM_NUMBER = 1 << 2, /* integers too */
	PARAM_BOOLEAN = 1 << 3,
	PARAM_ARRAY = 1 << 4,
	PARAM_OBJECT = 1 << 5,
	PARAM_NULL = 1 << 6,
};

#define PARAM_ANY 0x7f

struct method_param {
	const char *name;
	unsigned types; /* enum param_type; what it may be */
	bool is_required;
	unsigned
	    item_types; /* what elements of an array, values of an object may be; 0: anything */
	const char *const
	    *choices; /* of a string or an array's strings, NULL-terminated; or NULL */
	const char *summary;
};

enum method_flag {
	METHOD_CHANGES = 1 << 0, /* changes something: takes request_id */
	METHOD_LOOKS = 1 << 1,   /* only looks: never reloads, starts or changes anything */
	METHOD_WAITS = 1 << 2,   /* answered when something has happened, maybe much later */
	METHOD_ALWAYS = 1 << 3,  /* served also while the daemon is ending */
	METHOD_SCHEDULES =
	    1 << 4, /* what it starts may have to come before what is there already */
};

struct method {
	const char *name;
	const char *summary;
	unsigned flags;
	const struct method_param *params; /* ended by one without a name */
};

/* All methods, sorted by name. */
extern const struct method protocol_methods[];
extern const size_t protocol_method_count;

/* The method of that name, or NULL. */
const struct method *protocol_method_find(const char *name);

/* The parameter of that name, or NULL. */
const struct method_param *protocol_param_find(const struct method *method, const char *name);

/* The method with the nearest name, for "did you mean"; NULL: none is near. */
const char *protocol_method_nearest(const char *name);

/* Why params were refused. */
struct params_problem {
	enum protocol_error error; /* PROTOCOL_BAD_PARAMS, or INTERNAL for no memory */
	char text[256];            /* UTF-8 */
	json_t *data;              /* {member, suggestion?}; the caller releases it; may be NULL */
};

/* Checks a request's params (borrowed; NULL counts as {}) against the method's table: unknown
 * members, missing ones, wrong types. 0, or -1 with problem filled in. By position is refused:
 * all methods take their params by name (an empty array is as good as {}). */
int protocol_params_check(
    const struct method *method, const json_t *params, struct params_problem *problem);

#endif
