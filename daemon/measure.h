/*
 * What JSON values cost in memory, which may be fifty times their text: what is kept for peers is
 * limited by this.
 */
#ifndef PARPROC_DAEMON_MEASURE_H
#define PARPROC_DAEMON_MEASURE_H

#include <jansson.h>
#include <stddef.h>

/* The bytes that a value holds with all that is in it, about, and rather too many. NULL: 0. */
size_t measure_json(const json_t *value);

#endif
