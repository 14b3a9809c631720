/*
 * Durations and sizes as people write them: 30, 1.5s, 500ms, 5m, 2h, 1d; 1000, 64KiB, 1MiB, 1GiB.
 */
#ifndef PARPROC_WORKSPACE_UNITS_H
#define PARPROC_WORKSPACE_UNITS_H

#include <stdint.h>

/* The longest duration: 100 years. It can be added to a time of this millennium. */
#define UNITS_MAX_DURATION_NS (INT64_C(36500) * 86400 * 1000000000)

/*
 * A number, whole or with a fraction, and ms, s (also without a unit), m, h or d, with nothing
 * before, between or after. 0, or -1: text is none, or is more than UNITS_MAX_DURATION_NS.
 */
int units_parse_duration(const char *text, int64_t *duration_ns);

/* Seconds as a number; the same limits. */
int units_convert_seconds(double seconds, int64_t *duration_ns);

/* A whole number and B (also without a unit), KiB, MiB, GiB or TiB. 0, or -1: none, or over
 * INT64_MAX. */
int units_parse_size(const char *text, int64_t *size_bytes);

/* The shortest form that the parsers read as the same again. The caller frees it. */
char *units_print_duration(int64_t duration_ns);
char *units_print_size(int64_t size_bytes);

#endif
