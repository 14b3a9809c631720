/*
 * Memory for a program that has nothing better to do without it than to end.
 */
#ifndef PARPROC_CLIENT_MEMORY_H
#define PARPROC_CLIENT_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory, a copy of a text, an array that grew. They end the program rather than fail. */
void *memory_alloc(size_t size);
char *memory_copy(const char *text);
void *memory_grow(void *array, size_t n_items, size_t item_size);

/* A new text, as printf(3) would print it. */
__attribute__((format(printf, 1, 2))) char *memory_print(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *memory_print_args(const char *format, va_list args);

/* Says that there is no memory and ends the program with exit status 2. */
_Noreturn void memory_refused(void);

#endif
