/*
 * Memory for a program that has nothing better to do without it than to end.
 */
#ifndef PARPROC_CLIENT_MEMORY_H
#define PARPROC_CLIENT_MEMORY_H

#include <stddef.h>

/* Zeroed memory, a copy of a text, an array that grew. They end the program rather than fail. */
void *memory_alloc(size_t size);
char *memory_copy(const char *text);
void *memory_grow(void *array, size_t n_items, size_t item_size);

/* Says that there is no memory and ends the program with exit status 2. */
_Noreturn void memory_refused(void);

#endif
