/*
 * The line that stands in a log for what is not there. The daemon writes it where it has cut a log,
 * clients print it where a log that still grows has a hole.
 */
#ifndef PARPROC_PROTOCOL_LOG_MARKER_H
#define PARPROC_PROTOCOL_LOG_MARKER_H

#include <inttypes.h>

/* For printf(3), with a uint64_t; a line feed comes behind it. */
#define LOG_MARKER "[%" PRIu64 " bytes were cut here]"

#endif
