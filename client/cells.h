/*
 * How many cells of a terminal a character takes.
 */
#ifndef PARPROC_CLIENT_CELLS_H
#define PARPROC_CLIENT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0, 1 or 2; of one that is no control character. */
size_t cells_of(uint32_t character);

#endif
