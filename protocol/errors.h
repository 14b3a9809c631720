/*
 * The errors that an answer can carry: JSON-RPC's own and the application's. The number is for
 * JSON-RPC, the name (in data.error) is what programs should compare: it never changes.
 */
#ifndef PARPROC_PROTOCOL_ERRORS_H
#define PARPROC_PROTOCOL_ERRORS_H

#include <stddef.h>

enum protocol_error {
	/* JSON-RPC 2.0 */
	PROTOCOL_PARSE_ERROR,
	PROTOCOL_INVALID_REQUEST,
	PROTOCOL_UNKNOWN_METHOD,
	PROTOCOL_BAD_PARAMS,
	PROTOCOL_INTERNAL,
	/* Application, -32000 downwards in this order: new ones at the end only. */
	PROTOCOL_UNKNOWN_NAME,
	PROTOCOL_AMBIGUOUS_NAME,
	PROTOCOL_BAD_NAME,
	PROTOCOL_BAD_ARGUMENT,
	PROTOCOL_NOT_A_CHOICE,
	PROTOCOL_CYCLE,
	PROTOCOL_WAVE_ORDER,
	PROTOCOL_TOO_LATE,
	PROTOCOL_EXISTS,
	PROTOCOL_NOT_FOUND,
	PROTOCOL_MISSING_DEP,
	PROTOCOL_LIMIT,
	PROTOCOL_NOT_ALLOWED,
	PROTOCOL_BAD_WORKSPACE,
	PROTOCOL_BAD_DEFINITION,
	PROTOCOL_DEADLOCK,
	PROTOCOL_TIMEOUT,
	PROTOCOL_SHUTTING_DOWN,
	PROTOCOL_PROTOCOL_MISMATCH,
	PROTOCOL_STORAGE,
	PROTOCOL_ERROR_COUNT,
};

/* The stable name, as "unknown_name". Anything that is no protocol_error counts as "internal". */
const char *protocol_error_name(enum protocol_error error);

/* The number in an answer's error.code. */
int protocol_error_code(enum protocol_error error);

/* A sentence for people: what it means in general, and the default of an error's message. */
const char *protocol_error_meaning(enum protocol_error error);

/* The error of a name, or PROTOCOL_ERROR_COUNT: none of that name (a newer peer's). */
enum protocol_error protocol_error_find(const char *name);

#endif
