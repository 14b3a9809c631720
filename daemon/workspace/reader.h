/*
 * For all that reads JSON values of a workspace: where a value is, and how it is refused. A place
 * is a path from the top that lives on the stack of those who walk down; positions in the file are
 * looked up only when something is wrong.
 */
#ifndef PARPROC_WORKSPACE_READER_H
#define PARPROC_WORKSPACE_READER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/workspace/error.h"

struct yaml_node;

/* A step of a path; NULL is the top. */
struct place {
	const struct place *parent;
	const char *key; /* of a mapping; NULL: it is element number index of a list */
	size_t index;
};

struct reader {
	const char *file;                  /* its name in errors; NULL: a request */
	const struct yaml_node *positions; /* of the top; NULL: there are none */
	struct workspace_error *error;     /* where the first refusal goes */
};

/* Fills in reader->error, with the position of the value at place. Always returns -1. */
int reader_refuse(const struct reader *reader, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the position of the key. */
int reader_refuse_key(const struct reader *reader, const struct place *place, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* The same with a position that the caller knows. */
int reader_refuse_at(const struct reader *reader, const struct place *place, unsigned line,
    unsigned column, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same with the key's position and the fault's code and message; the fault is cleared. */
int reader_refuse_fault(
    const struct reader *reader, const struct place *place, struct fault *fault);

/* A duration, which the schema has as a number or a text. 0, or -1: it is refused. */
int reader_read_duration(const struct reader *reader, const struct place *place,
    const json_t *value, int64_t *duration_ns);

/* "procs.a.deps[2]"; NULL for the top. The caller frees it. */
char *place_print(const struct place *place);

#endif
